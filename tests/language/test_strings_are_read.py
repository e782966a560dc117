"""Strings, heredocs, the expressions in them, and extractors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.language.strings_lexer import MAX_NESTING
from pipelines.language.tokens import Embedded, Kind
from tests.language.lexing import errors, read, tokens, value, words

BOTH = pytest.mark.parametrize("dialect", ["0.9", "0.11"])


@BOTH
def test_escapes_stand_for_characters(dialect: str) -> None:
    assert value(r'"\"\\\/\b\f\n\r\t\u00e9\{\}"', dialect) == ['"\\/\b\f\n\r\té{}']
    assert value(r'''"\''"''', dialect) == ["''"]


@BOTH
def test_an_empty_string_has_no_pieces(dialect: str) -> None:
    assert value('""', dialect) == []
    assert words('"" + ""', dialect) == ['""', "+", '""']


def test_the_hash_can_be_escaped_in_the_newer_dialect() -> None:
    assert value(r'"\#{x}"') == ["#{x}"]
    assert errors(r'"\#"', "0.9") == [(r"a string has no escape \#", r"\#")]


@BOTH
@pytest.mark.parametrize(
    ("text", "message", "where"),
    [(r'"a\qb"', r"a string has no escape \q", r"\q"), (r'"\u12"', r"this is no character: \u", r"\u"),
     (r'"\ud800"', r"this is no character: \u", r"\ud800")],
)  # fmt: skip
def test_an_unknown_escape_is_told_where_it_stands(dialect: str, text: str, message: str, where: str) -> None:
    assert errors(text, dialect) == [(message, where)]


@BOTH
def test_a_string_ends_in_its_line(dialect: str) -> None:
    assert errors('let a = "b;\nlet c = "d;\n', dialect) == [
        ('this string has no closing "', '"b;'), ('this string has no closing "', '"d;'),
    ]  # fmt: skip


def test_the_older_dialect_embeds_expressions_in_braces() -> None:
    assert value('"a {b + 1} c"', "0.9") == ["a ", ["b", "+", "1"], " c"]
    assert value('"{a}{b}"', "0.9") == [["a"], ["b"]]
    assert value('"{ {"x": {}} }{%{}}"', "0.9") == [["{", '"x"', ":", "{", "}", "}"], ["%{", "}"]]


def test_the_newer_dialect_embeds_expressions_in_braces_with_a_hash() -> None:
    assert value('"a #{b + 1} {c} # } {{"') == ["a ", ["b", "+", "1"], " {c} # } {{"]
    assert value('"##{a}"') == ["#", ["a"]]


def test_doubled_braces_are_braces_where_the_older_dialect_has_an_expression() -> None:
    assert value('"{{a}} {{{b}}} {c}"', "0.9") == ["{a} {", ["b"], "} ", ["c"]]
    assert value(r'"\{event\} = {event}"', "0.9") == ["{event} = ", ["event"]]


def test_without_an_expression_they_stay_since_they_may_be_a_format() -> None:
    assert value('"{{}} {} }"', "0.9") == ["{{}} {} }"]


@pytest.mark.parametrize(("text", "where"), [('"{a} }"', "}"), ('"{a} {}"', "{}")])
def test_a_brace_without_a_partner_is_told(text: str, where: str) -> None:
    assert [place for _, place in errors(text, "0.9")] == [where]


def test_strings_may_stand_within_each_others_expressions() -> None:
    assert words('"#{ "#{ "x" }" }" y') == ['"#{ "#{ "x" }" }"', "y"]


def test_they_may_do_so_only_so_deep() -> None:
    assert errors('"#{' * MAX_NESTING + "1" + '}"' * MAX_NESTING) == []
    deep = MAX_NESTING + 1
    assert errors('"#{' * deep + "1" + '}"' * deep) == [
        (f"strings are nested deeper than {MAX_NESTING} levels", "#{")
    ]
    assert len(errors('"#{' * 100_000)) == 1


@pytest.mark.parametrize(
    ("text", "dialect"), [('"a {b" + c;\nlet d', "0.9"), ('"a #{b" + c;\nlet d', "0.11")]
)
def test_an_expression_that_is_not_closed_is_told_once(text: str, dialect: str) -> None:
    found, problems = read(text, dialect)
    (error,) = problems.errors
    assert (error.message, error.column) == ("the expression that begins here has no closing }", 4)
    assert [token.text for token in found[-3:-1]] == ["let", "d"]


def test_an_embedded_expression_knows_its_place() -> None:
    (token,) = tokens('"a#{ b }c"')
    assert isinstance(token.value, tuple)
    embedded = token.value[1]
    assert isinstance(embedded, Embedded)
    assert (embedded.span.text, embedded.tokens[0].span.text) == ("#{ b }", "b")
    assert (embedded.tokens[-1].kind, embedded.tokens[-1].span.text) == (Kind.END, "b")


@BOTH
def test_a_heredoc_begins_in_the_line_after_its_quotes(dialect: str) -> None:
    assert value('"""\n  a "quoted"\\n\n  b"""', dialect) == ['  a "quoted"\n\n  b']
    assert value('"""\r\na"""', dialect) == ["a"]
    assert value('"""\n"""', dialect) == []


def test_a_heredoc_embeds_expressions_as_strings_do() -> None:
    assert value('"""\n"a" {b}\n{\nc # comment\n}"""', "0.9") == ['"a" ', ["b"], "\n", ["c"]]
    assert value('"""\n"a" #{b}\n"""') == ['"a" ', ["b"], "\n"]


@BOTH
def test_a_heredoc_that_is_not_closed_or_opened_wrongly_is_told_at_its_opening(dialect: str) -> None:
    assert (
        errors('a """', dialect)
        == errors('a """\nb', dialect)
        == [('this heredoc has no closing """', '"""')]
    )
    assert errors('"""x\n', dialect) == [('there is something behind the opening """ of a heredoc', '"""')]


@BOTH
def test_an_extractor_stands_between_bars(dialect: str) -> None:
    assert words("re|a b|x", dialect) == ["re", "|a b|", "x"]
    assert value(r"|\\d\|{x} #|", dialect) == r"\d|{x} #"
    assert value("||", dialect) == ""


def test_lines_of_an_extractor_are_joined_without_their_common_indent() -> None:
    assert value("|\\\n    a\\\n      b\\\r\n    c|") == "a  bc"
    assert value("|a\\\n  b|") == "a  b"


@BOTH
def test_an_extractor_that_is_not_closed_in_its_line_is_told_at_its_opening(dialect: str) -> None:
    assert errors("x ~= re|ab\ny", dialect) == [("this extractor has no closing |", "|ab")]
    assert errors("x ~= re|ab\\", dialect) == [("this extractor has no closing |", "|ab\\")]
    assert errors(r"re|a\d|", dialect) == [(r"an extractor has no escape \d", r"\d")]


ESCAPED = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "{": "\\{", "}": "\\}", "#": "\\#"}


@given(st.text())
def test_any_text_can_be_written_as_a_string(text: str) -> None:
    written = "".join(ESCAPED.get(character, character) for character in text)
    assert value(f'"{written}"') == ([text] if text else [])


@given(st.text(st.characters(exclude_characters="\r\n", codec="utf-8")))
def test_any_line_can_be_written_as_an_extractor(text: str) -> None:
    if text[:1].isspace():
        text = "x" + text
    written = text.replace("\\", "\\\\").replace("|", "\\|")
    assert value(f"|{written}|") == text
