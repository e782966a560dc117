"""What is said about a text that does not parse: where, what was expected, and what may have been meant."""

import pytest

from tests.language.parsing import first_error, place, read_query, read_script


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("match a of\n  case 1 when drop\n  default => 2\nend", 2, 15),
        ("select", 1, 1),
        ("a <> b", 1, 3),
        ("a -- b", 1, 3),
        ("a:::b()", 1, 2),
        ("let a = ;", 1, 9),
        ("let a = 1\nlet b = 2", 2, 1),
        ("f(1", 1, 3),
        ("event\n.event", 2, 2),
    ],
)
def test_the_caret_stands_at_the_start_of_the_token_that_is_wrong(text: str, line: int, column: int) -> None:
    error = first_error(text)
    assert place(error) == (line, column)
    assert error.code == "syntax"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a + ;", "expected an expression, but found `;`"),
        ("a b", "expected an operator, `;` or the end of the text, but found `b`"),
        ("match a case 1 => 2 end", "expected an operator or `of`, but found `case`"),
        ("f(1 2)", "expected an operator, `,` or `)`, but found `2`"),
        ('let "a" = 1', "expected a path, such as `event.name` or `$name`, but found a string"),
        ("const a =", "expected an expression, but found the end of the text"),
        ("fn f() with 1 default", "expected an operator, `;` or `end`, but found `default`"),
        (f"a {'b' * 50}", f"expected an operator, `;` or the end of the text, but found `{'b' * 30}…`"),
    ],
)
def test_the_message_names_what_was_expected_and_what_stands_there(text: str, message: str) -> None:
    assert first_error(text).message == message


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("match a off case 1 => 2 end", "did you mean `of`?"),
        ("match a of case 1 => 2 dfault => 3 end", "did you mean `default`?"),
        ("lett a = 1", "did you mean `let` where it says `lett`?"),
        ("a -- b", "did you mean `-`?"),
        ("a <> b", "did you mean `!=`?"),
        ("a && b", "did you mean `and`?"),
        ("a <== b", "did you mean `<=`?"),
        ("// a comment\nevent", "comments begin with `#`"),
        ("event // a comment", "comments begin with `#`"),
        ("a = b", "`=` stands only after `let` and `const`; to compare, write `==`"),
        ("if a then b", "there is no `if`"),
        ("match a of case 1 => 2, default => 3 end", "the `,` before it is one too many"),
        (
            "event.event",
            '`event` is a word of the language: as a name, put it between backticks, or write ["event"]',
        ),
        ("let `a`.case = 1", "backticks"),
        ("fn end() with 1 end", "backticks"),
        ("const a = -b", "put it in parentheses: `( … )`"),
        ("const a = 1 + 2", "put it in parentheses: `( … )`"),
        ("not -a", "put it in parentheses: `( … )`"),
        ("{a: 1}", 'a name is no string: write "a"'),
        ("f(1).a", "give the value a name with `let`"),
        ("a |b|", "`|` is no operator"),
        ("[let a = 1]", "`let` is a statement: it cannot stand within an expression"),
        ("let a = 1\nlet b = 2", "a `;` is missing before it"),
        ("match a of\ncase 1 => 2", "the `match` in line 1 has no `end` yet"),
        ("f(1,\n2\n", "the `(` in line 1 has no `)` yet"),
        ("## doc\nlet a = 1", "a `##` comment documents what follows it"),
        ("let a = 'b'", "strings stand between double quotes"),
    ],
)
def test_the_hint_says_what_may_have_been_meant(text: str, hint: str) -> None:
    assert hint in first_error(text).hint


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("select event form in into out", "did you mean `from`?"),
        ("creat stream a", "did you mean `create`?"),
        ("define window w with size = 1 end", "say which kind of window"),
        ("const a = 1;", "in a query, constants and functions stand in modules"),
        ("select event from case into out", "backticks"),
    ],
)
def test_the_hints_know_queries_too(text: str, hint: str) -> None:
    assert hint in read_query(text)[1][0].hint


def test_nothing_is_suggested_that_is_not_near() -> None:
    assert first_error("a b").hint == ""
    assert first_error("match a xyzzy case 1 => 2 end").hint == ""


def _lines(text: str) -> list[int]:
    return [error.line for error in read_script(text)[1]]


def test_each_statement_that_is_wrong_is_told() -> None:
    assert _lines("let a = ;\nlet b = 2;\nlet = 3;\nf(;\nlet d = 4;\nlet e = 5 6\n") == [1, 3, 4, 6]


def test_a_missing_semicolon_does_not_hide_the_next_statement() -> None:
    assert _lines("let a = 1\nlet b = 2;\nlet = 3") == [2, 3]


def test_each_clause_that_is_wrong_is_told() -> None:
    text = "match a of\n  case 1 => +\n  case 2 => 2\n  case %{ b } => 3\n  default => )\nend;\nlet = 1"
    assert _lines(text) == [3, 4, 5, 7]


def test_errors_within_a_function_leave_the_others_to_be_found() -> None:
    text = "fn f(a) with\n  let b = ;\n  let c = 1;\n  match c of case 1 => ) end;\n  c\nend;\nlet = 1"
    assert _lines(text) == [2, 4, 7]


def test_errors_within_an_embedded_script_leave_the_others_to_be_found() -> None:
    text = "define script s with a = 1 script\n  let b = ;\n  b\nend;\ncreate strem s;\nselect event from in into out"
    assert [error.line for error in read_query(text)[1]] == [2, 5]


@pytest.mark.parametrize(
    "text",
    [
        "fn f() with match a of case 1 => 2; a end;\nlet b = 1",
        "fn f() with\n  (1 + ;\nend;\na",
        "match a of\n  case 1 => match b of case 2 => 3\n  default => 4\nend",
        "let a = [1, 2;\nlet b = 2",
        "mod m with let a = 1; const b = 2 end;\nb",
        "let a = 1 +\nlet b = 2;\nb",
    ],
)
def test_one_mistake_is_told_once(text: str) -> None:
    assert len(read_script(text)[1]) == 1


def test_a_wrong_letter_is_not_told_again_by_the_parser() -> None:
    for text in (
        'let a = "b;\nlet c = 1',
        "match a of\n  case %{ b ~= re|x } => 1\n  default => 2\nend",
        "let `a = 1;\nb",
    ):
        assert len(read_script(text)[1]) == 1


def test_a_block_that_is_empty_because_of_a_wrong_letter_is_not_told() -> None:
    assert len(read_script('fn f() with\n  "a\nend;\nb')[1]) == 1


def test_only_so_many_errors_are_told() -> None:
    assert len(read_script("let = 1;\n" * 1000)[1]) == 50
