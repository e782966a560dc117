"""How something wrong is shown in a terminal, and told to an editor."""

import json

from hypothesis import given
from hypothesis import strategies as st

from pipelines.language.diagnostic import CompileError, Diagnostic, Problems, Severity
from pipelines.language.source import Source, Span


def at(text: str, part: str, message: str = "wrong", hint: str = "", **place: int) -> Diagnostic:
    start = text.index(part)
    return Diagnostic(
        message, Span(Source("a.tremor", text, **place), start, start + len(part)), hint, "some-code"
    )


def test_a_place_is_shown_with_its_line_and_carets_below_it() -> None:
    assert at("let a = 1;\nlet b = c + 1;\n", "c", hint="define it").render() == (
        "error: wrong\n --> a.tremor:2:9\n  |\n2 | let b = c + 1;\n  |         ^\nhelp: define it\n"
    )


def test_every_character_of_the_place_gets_a_caret() -> None:
    assert "\n  |     ^^^^^\n" in at("let event = 1", "event").render()


def test_a_warning_says_that_it_is_one_and_without_a_place_only_words_are_shown() -> None:
    assert Diagnostic("odd", None, severity=Severity.WARNING).render() == "warning: odd\n"


def test_a_place_of_several_lines_shows_the_first_and_the_last_of_them() -> None:
    text = "match event of\n  case 1 => 2\n  default => 3\nend"
    assert at(text, text).render().splitlines()[2:] == [
        "  |",
        "1 | match event of",
        "  | ^^^^^^^^^^^^^^",
        "  ...",
        "4 | end",
        "  | ^^^",
    ]


def test_the_text_may_be_a_part_of_a_file() -> None:
    shown = at("event +\nx", "+", first_line=11, indent=4).render()
    assert " --> a.tremor:11:11\n" in shown
    assert "11 | event +\n   |       ^\n" in shown
    assert " --> a.tremor:12:1\n" in at("event +\nx", "x", first_line=11, indent=4).render()


def test_a_long_line_is_cut_around_the_carets() -> None:
    text = "x" * 5000 + "HERE" + "y" * 5000
    rows = at(text, "HERE").render().splitlines()
    assert len(rows[3]) < 120
    assert rows[3].index("HERE") == rows[4].index("^^^^")
    assert rows[3].count("…") == 2


def test_carets_stand_right_below_tabs_wide_and_combining_characters() -> None:
    assert at("\tx", "x").render().splitlines()[3:5] == ["1 |     x", "  |     ^"]
    assert at("日本 x", "x").render().splitlines()[4] == "  |      ^"
    assert at("日本 x", "日本").render().splitlines()[4] == "  | ^^^^"
    assert at("e\u0301 x", "x").render().splitlines()[4] == "  |   ^"


def test_nothing_in_a_text_can_reach_the_terminal() -> None:
    shown = at("a \x1b[2J\u202e b", "b", message="no \x1b[31m", hint="not \x07").render()
    assert not any(character in shown for character in "\x1b\u202e\x07")
    assert r"a \x1b[2J\u202e b" in shown


def test_a_place_at_the_very_end_has_a_caret_behind_the_last_character() -> None:
    source = Source("a", "ab\n")
    assert Diagnostic("wrong", Span(source, 2, 2)).render().splitlines()[3:] == ["1 | ab", "  |   ^"]


def test_an_editor_gets_both_ends_of_the_place() -> None:
    told = at("let a =\n  bcd", "bcd", hint="do").as_json()
    assert told == {
        "severity": "error", "code": "some-code", "message": "wrong", "hint": "do", "file": "a.tremor",
        "line": 2, "column": 3, "end_line": 2, "end_column": 6,
    }  # fmt: skip
    assert Diagnostic("odd", None).as_json()["line"] == 0


def test_an_exception_shows_all_that_is_wrong() -> None:
    error = CompileError([at("a b", "a", "first"), at("a b", "b", "second")])
    assert str(error) == "first (a.tremor:1:1)"
    assert error.render().count("error: ") == 2


def test_the_same_warning_at_the_same_place_is_noted_once() -> None:
    problems = Problems()
    span = Span(Source("a", "x"), 0, 1)
    problems.warning("odd", span)
    problems.warning("odd", span)
    assert len(problems.warnings) == 1
    problems.raise_errors()


@given(st.text(), st.integers(0, 200), st.integers(0, 50))
def test_any_place_of_any_text_can_be_shown_and_told(text: str, start: int, length: int) -> None:
    start = min(start, len(text))
    diagnostic = Diagnostic("wrong", Span(Source("a", text), start, min(start + length, len(text))))
    shown = diagnostic.render()
    assert "^" in shown
    assert all(character.isprintable() or character == "\n" for character in shown)
    json.dumps(diagnostic.as_json())
