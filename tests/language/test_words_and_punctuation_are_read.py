"""Identifiers, keywords, operators, comments."""

import pytest

from pipelines.language.tokens import KEYWORDS, Kind
from tests.language.lexing import errors, read, tokens, words


def kinds(text: str, dialect: str = "0.11") -> list[Kind]:
    return [token.kind for token in tokens(text, dialect)]


def test_a_word_may_hold_letters_digits_underscores_and_minuses() -> None:
    assert words("a-b c_1 größe 日本 x1-y e\u0301") == ["a-b", "c_1", "größe", "日本", "x1-y", "e\u0301"]
    assert set(kinds("a-b c_1 größe 日本 x1-y e\u0301")) == {Kind.IDENT}


def test_an_underscore_begins_no_word() -> None:
    assert words("_ _a") == ["_", "_", "a"]


@pytest.mark.parametrize("word", sorted(KEYWORDS))
def test_a_keyword_is_a_name_between_backticks_only(word: str) -> None:
    assert kinds(f"{word} `{word}` {word}x") == [Kind.KEYWORD, Kind.IDENT, Kind.IDENT]
    assert words(f"`{word}`") == [word]


def test_a_quoted_name_may_hold_anything_but_a_newline() -> None:
    assert words(r"`a b\n#|` x") == [r"a b\n#|", "x"]
    assert errors("let `42 = 1;\nlet b = 2") == [("this name has no closing `", "`42 = 1;")]


@pytest.mark.parametrize("dialect", ["0.9", "0.11"])
def test_all_operators_are_known(dialect: str) -> None:
    text = ", $ . _ ; + * \\ ( ) { } [ ] / ^ & % %{ %[ %( ~ ~= = == => : :: - < <= > >= << >> >>> !="
    assert words(text, dialect) == text.split()
    assert set(kinds(text, dialect)) == {Kind.PUNCTUATION}


def test_operators_need_no_blanks_around_them() -> None:
    assert words("a<b>=1==c::d~=e%{f") == [
        "a",
        "<",
        "b",
        ">=",
        "1",
        "==",
        "c",
        "::",
        "d",
        "~=",
        "e",
        "%{",
        "f",
    ]
    assert words("...") == [".", ".", "."]


@pytest.mark.parametrize(
    "text", ["--", "---", ":::", "<>", ">=>", "<<<", "@", "?", "'", "\0", "\N{ZERO WIDTH SPACE}"]
)
@pytest.mark.parametrize("dialect", ["0.9", "0.11"])
def test_what_is_no_operator_is_a_bad_token(text: str, dialect: str) -> None:
    assert [(token.kind, token.text) for token in tokens(f"a {text} b", dialect)][1] == (Kind.BAD, text)


def test_a_lone_exclamation_mark_belongs_to_the_newer_dialect() -> None:
    assert kinds("! a", "0.11")[0] is Kind.PUNCTUATION
    assert kinds("! a", "0.9")[0] is Kind.BAD


def test_an_empty_binary_is_two_tokens() -> None:
    assert words("<<>>", "0.11") == ["<<", ">>"]
    assert kinds("<<>>", "0.9") == [Kind.BAD]


def test_comments_belong_to_the_token_after_them() -> None:
    first, second, end = read("# one \n#two\na # three\n# four\nb\n# five")[0]
    assert [comment.text for comment in first.comments] == [" one", "two"]
    assert [(comment.text, comment.span.line) for comment in second.comments] == [(" three", 3), (" four", 4)]
    assert [comment.text for comment in end.comments] == [" five"]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a", 0),
        ("\n\na", 2),
        ("; a", 0),
        (";\na", 0),
        (";\n\na", 1),
        (";\n \n\t\n# c\n\n\na", 2),
        ("; # c\n\n\na", 0),
    ],
)
def test_empty_lines_before_a_token_or_its_comments_are_counted(text: str, lines: int) -> None:
    assert tokens(text)[-1].blank_lines == lines


def test_comments_for_people_are_tokens() -> None:
    module, deeper, doc, name = tokens("### a module \n#### more\n## a function\nf")
    assert (module.kind, module.text, module.value) == (Kind.MODULE_COMMENT, "### a module", " a module")
    assert (deeper.kind, deeper.value) == (Kind.MODULE_COMMENT, "# more")
    assert (doc.kind, doc.value, doc.span.text) == (Kind.DOC_COMMENT, " a function", "## a function")
    assert name.comments == ()


def test_a_directive_needs_a_blank_and_what_only_looks_like_one_is_a_comment() -> None:
    assert [token.text for token in tokens('#!config dialect = "0.9"')] == [
        "#!config",
        "dialect",
        "=",
        '"0.9"',
    ]
    assert tokens("#!config dialect")[0].kind is Kind.CONFIG
    assert tokens("#!/bin/tremor\n#!configure\n") == []


def test_windows_line_ends_are_blanks() -> None:
    assert words("a\r\nb\r\n") == ["a", "b"]
    assert read("# c\r\na")[0][0].comments[0].text == " c"


def test_the_end_stands_where_the_last_token_does() -> None:
    *_, last, end = read("a b # c\n\n")[0]
    assert (end.kind, end.span) == (Kind.END, last.span)
    (alone,) = read("")[0]
    assert (alone.span.start, alone.span.end) == (0, 0)
