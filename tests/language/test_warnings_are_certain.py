"""Warnings: in the order of the text, each once, and none where all is well."""

import pytest

from tests.language.analysing import analyse, warnings


@pytest.mark.parametrize(
    ("text", "places"),
    [
        # A caret about a whole match stands below its last line, in the column where the match begins.
        ("let x =\n match event of\n  case 1 => 2\n end", [(4, 2, "no-default")]),
        ("[match event of case 1 => 2 end]", [(1, 2, "no-default")]),
        ("match event of case _ when event == 1 => 2 end", [(1, 1, "no-default")]),
        ("match event of default => 1 default => 2 end", [(1, 1, "several-defaults")]),
        ("match event of default => 1 case 1 => 2 end", [(1, 29, "unreachable")]),
        ("match event of case _ => 1 case 1 => 2 default => 3 end", [(1, 28, "unreachable")]),
        ("match event of case %{ present a, a == 1 } => 1 default => 2 end", [(1, 21, "redundant-present")]),
        ("match event of case %{ a ~= re|x|, absent a } => 1 default => 2 end", [(1, 21, "impossible-pattern")]),
        ("match event of case %{ present a, absent a } => 1 default => 2 end", [(1, 21, "impossible-pattern")]),
        ("match event of case %{ a ~= %{ present b, b > 1 } } => 1 default => 2 end", [(1, 29, "redundant-present")]),
        ("drop; 1", [(1, 7, "unreachable")]),
        ("match event of case 1 => emit 1, let a = 2 default => 1 end", [(1, 34, "unreachable")]),
        ("event.a;\n1", [(1, 1, "unused-value")]),
        ("fn f(x) with x; 1 end; f(1)", [(1, 14, "unused-value")]),
        ("[match event of default => 1, 2 end]", [(1, 28, "unused-value")]),
        ("missing", [(1, 1, "never-assigned")]),
        ("let missing.a = 1", [(1, 5, "never-assigned")]),
        ("fn f(x) with y end; f(1)", [(1, 14, "never-assigned")]),
        ("fn f(x) with event.a end; f(1)", [(1, 14, "null-event")]),
        ("fn f(x) with [$, state] end; f(1)", [(1, 15, "null-event"), (1, 18, "null-event")]),
        ("const a = 1; fn f(a) with a end; f(a)", [(1, 14, "hidden")]),
        ("const a = 1; for event of case (k, a) => a end", [(1, 27, "hidden")]),
        ("const a = 1; match a of case a = %{} => 1 default => 2 end", [(1, 30, "hidden")]),
        ("const a = 1; event", [(1, 1, "unused")]),
        ("const a = 1; fn f() with a end; event", [(1, 14, "unused")]),
    ],
)  # fmt: skip
def test_what_is_surely_not_meant_is_told(text: str, places: list[tuple[int, int, str]]) -> None:
    assert warnings(text) == places


@pytest.mark.parametrize(
    "text",
    [
        "match event of case 1 => 2 default => 3 end",
        "match event of case 1 => 2 case x = _ => 3 end",
        "match event of case _ when event == 1 => 1 default => 3 end",
        "match event of case %{ present a, absent b, c == 1, c < 3 } => 1 default => 2 end",
        "match event of case %{ present a, b ~= %{ a == 1 } } => 1 default => 2 end",
        "match event of case 1 => let a = 1 default => null end; present a",
        "match event of case 1 => let a = 1 default => null end; a",
        "let a = 1; match event of case 1 => drop default => emit 2 end",
        "for event of case (k, v) => let event.a = 1 end; event",
        "absent a",
        "const a = 1; a",
        "const a = 1",
        "const a = 1; fn f() with a end",
        "mod m with const a = 1; fn f() with 1 end end; event",
        "const a = 1; const b = [a]; b",
        "fn f() with 1 end; fn g() with f() end; g()",
        'const p = "a"; emit event => "#{p}"',
        "const a = 1; match event of case %{ x > a } => 1 default => 2 end",
    ],
)
def test_what_is_well_brings_no_warning(text: str) -> None:
    assert warnings(text) == []


def test_warnings_stand_in_the_order_of_the_text() -> None:
    text = "const unused = 1;\nfn f(x) with event end;\nmatch f(1) of case missing => 1 end"
    assert warnings(text) == [
        (1, 1, "unused"), (2, 14, "null-event"), (3, 1, "no-default"), (3, 20, "never-assigned"),
    ]  # fmt: skip


def test_a_name_that_is_nearly_another_is_suggested() -> None:
    _, problems = analyse("let address = 1; adress")
    assert "`address`" in problems.warnings[0].hint


@pytest.mark.parametrize(
    ("call", "told"), [("f()", 1), ("f(1)", 0), ("f(1, 2)", 1), ("g(1, 2)", 0), ("g()", 1)]
)
def test_arguments_that_are_missing_or_too_many_are_told(call: str, told: int) -> None:
    found = warnings(f"fn f(x) with x end; fn g(x, ...) with [x, args] end; [f(1), g(1), {call}]")
    assert [code for _, _, code in found] == ["wrong-arity"] * told


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("match event of case code => code default => 1 end", "`case code = _`"),
        ("let a = 1; a-1", "`a - 1`"),
    ],
)
def test_the_hint_says_what_was_surely_meant(text: str, hint: str) -> None:
    _, problems = analyse(text)
    assert hint in problems.warnings[0].hint


def test_a_warning_about_a_match_covers_all_of_it_for_editors() -> None:
    _, problems = analyse("match event of\n case 1 => 2\nend")
    found = problems.warnings[0].as_json()
    assert (found["line"], found["column"], found["end_line"], found["end_column"]) == (1, 1, 3, 4)
    assert (problems.warnings[0].line, problems.warnings[0].column) == (3, 1)
