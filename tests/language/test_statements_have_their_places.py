"""What may stand where: emit, drop, recur, declarations, assignments; and what a program says of itself."""

import pytest

from pipelines.language import tree
from pipelines.language.routine import RoutineKind
from pipelines.language.tree import RootKind
from tests.language.analysing import analyse, errors, last, program


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("fn f() with\n  emit 1\nend; f()", (2, 3)),
        ("fn f() with drop end; f()", (1, 13)),
        ("fn f(x) with match x of case 1 => emit x default => 1 end end; f(1)", (1, 35)),
        ("fn f(x) of case (1) => drop default => 1 end; f(1)", (1, 24)),
        ("fn f() with const c = 1; 1 end; f()", (1, 13)),
        ("fn f() with fn g() with 1 end; 1 end; f()", (1, 13)),
        ("fn f() with mod m with const c = 1 end; 1 end; f()", (1, 13)),
        ("recur(1)", (1, 1)),
        ("let x = recur()", (1, 9)),
        ("fn f(x) with recur(x) + 1 end; f(1)", (1, 14)),
        ("fn f(x) with [recur(x)] end; f(1)", (1, 15)),
        ("fn f(x) with recur(x); 1 end; f(1)", (1, 14)),
        ("fn f(x) with let y = recur(x) end; f(1)", (1, 22)),
        ("fn f(x) with match recur(x) of default => 1 end end; f(1)", (1, 20)),
        ("fn f(x) with match x of case 1 when recur(x) => 1 default => 1 end end; f(1)", (1, 37)),
        ("fn f(x) with match x of case recur(x) => 1 default => 1 end end; f(1)", (1, 30)),
        ("fn f(x) with for x of case (k, v) => recur(x) end end; f(1)", (1, 38)),
        ("fn f(x) with let y = match x of default => recur(1) end; y end; f(1)", (1, 44)),
        ("fn f(x) with match x of default => let x = 2, recur(1) end; 1 end; f(1)", (1, 47)),
        ("fn f(x) with recur(recur(x)) end; f(1)", (1, 20)),
        ("fn f(x) with let event = x end; f(1)", (1, 14)),
        ("fn f(x) with let state.a = x end; f(1)", (1, 14)),
        ("fn f(x) with let $a = x end; f(1)", (1, 14)),
    ],
)
def test_a_statement_in_a_wrong_place_is_told_there(text: str, place: tuple[int, int]) -> None:
    assert errors(text) == [(*place, "misplaced")]


def test_recur_outside_of_functions_is_told_so() -> None:
    assert "functions" in analyse("recur(1)")[1].errors[0].message


@pytest.mark.parametrize(
    "text",
    [
        "fn f(x) with recur(x) end; f(1)",
        "fn f(x) with (recur(x)) end; f(1)",
        "fn f(x) with match x of case 1 => recur(2) default => let y = 1, recur(y) end end; f(1)",
        "fn f(x) with match x of case 1 => match x of default => recur(x) end default => 1 end end; f(1)",
        "fn f(x, y) of case (1, _) => recur(y, x) default => recur(x, y) end; f(1, 2)",
        "fn f(x, ...) with recur() end; f(1)",
        "fn f(x, ...) with recur(x) end; f(1)",
    ],
)
def test_recur_may_be_the_last_thing_that_a_function_does(text: str) -> None:
    found = last(text)
    assert isinstance(found, tree.Call)
    assert found.routine is not None
    assert found.routine.recurs


@pytest.mark.parametrize(
    "text",
    [
        "fn f(x) with recur() end; f(1)",
        "fn f(x) with recur(1, 2) end; f(1)",
        "fn f(x, ...) with recur(1, 2) end; f(1)",
        "fn f(x) of case (_) => recur() default => 1 end; f(1)",
    ],
)
def test_recur_takes_the_function_s_parameters(text: str) -> None:
    assert errors(text) == [(1, text.index("recur") + 1, "bad-arity")]


def test_a_function_may_be_called_with_any_number_of_arguments() -> None:
    assert errors("fn f(x) with x end; [f(), f(1), f(1, 2)]") == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("let $ = {}", (1, 1, "assign-metadata")),
        ("let $ = merge $a of {} end", (1, 1, "assign-metadata")),
        ("let $ = merge event of {} end", (1, 1, "assign-metadata")),
        ("const c = 1;\nlet c = 2", (2, 1, "constant")),
        ("const c = {};\nlet c.x = 2", (2, 1, "constant")),
        ("let args = 1", (1, 1, "constant")),
        ("let group.x = 1", (1, 1, "constant")),
        ("let window = 1", (1, 1, "constant")),
        ("let a::b = 1", (1, 5, "undefined-constant")),
    ],
)
def test_what_cannot_be_assigned_to_is_told_at_the_let(text: str, place: tuple[int, int, str]) -> None:
    assert errors(text) == [place]


@pytest.mark.parametrize(
    "text", ["let $ = merge $ of {} end", 'let $ = patch $ of insert "a" => 1 end', "let $a = 1"]
)
def test_metadata_can_be_changed_in_place(text: str) -> None:
    assert program(text).assigns_meta


@pytest.mark.parametrize(
    ("text", "event", "meta", "state"),
    [
        ("let a = [event, $, $b]; a", False, False, False),
        ("let event = 1", True, False, False),
        ("let event.a.b = 1", True, False, False),
        ("let $a = 1", False, True, False),
        ("let state = 1", False, False, True),
        ("let state.a = 1", False, False, True),
        ("state", False, False, True),
        ("[1, present state.a]", False, False, True),
        ("match event of case 1 => let event.a = 1 default => let b = match 1 of default => let $a = 1 end end",
         True, True, False),
        ("for event of case (k, v) => let event.a = 1 end", True, False, False),
        ("fn f() with state end; f()", False, False, False),
        ("let a = event; let a.b = 1", False, False, False),
    ],
)  # fmt: skip
def test_a_program_knows_what_it_assigns(text: str, event: bool, meta: bool, state: bool) -> None:
    found = program(text)
    assert (found.assigns_event, found.assigns_meta, found.uses_state) == (event, meta, state)


@pytest.mark.parametrize(
    ("text", "ports", "opened"),
    [
        ("event", set(), False),
        ("emit 1", set(), False),
        ("emit", set(), False),
        ('emit 1 => "a"', {"a"}, False),
        ('emit => "err"', {"err"}, False),
        ('emit event => "out"', set(), False),
        ('const p = "x"; emit 1 => "#{p}y"', {"xy"}, False),
        ('emit 1 => "#{event}"', set(), True),
        ('match event of case 1 => emit 1 => "a" case 2 => emit => "#{event.a}" default => emit => "b" end',
         {"a", "b"}, True),
    ],
)  # fmt: skip
def test_a_program_knows_its_ports(text: str, ports: set[str], opened: bool) -> None:
    found = program(text)
    assert (found.ports, found.open_ports) == (ports, opened)


def test_declarations_are_gone_from_a_program() -> None:
    found = program("const a = 1; fn f() with 1 end; mod m with const b = 1 end; let x = a; x")
    assert found.main.kind is RoutineKind.SCRIPT
    assert [type(statement) for statement in found.main.body] == [tree.Let, tree.Path]


def test_a_function_has_slots_of_its_own_with_its_parameters_first() -> None:
    call = last("let z = 1; fn f(a, b) with let c = b; for c of case (k, v) => k end end; f(z)")
    assert isinstance(call, tree.Call)
    routine = call.routine
    assert routine is not None
    assert (routine.kind, routine.locals, routine.shadows) == (
        RoutineKind.FUNCTION,
        ["a", "b", "c"],
        ["k", "v"],
    )


def test_the_cases_of_a_function_see_its_parameters_and_constants() -> None:
    call = last("const c = 1; fn f(a, b) of case (c, x) when x == b => a default => b end; f(1, 2)")
    assert isinstance(call, tree.Call)
    assert call.routine is not None
    cases = call.routine.cases
    assert cases is not None
    assert isinstance(cases[-1].pattern, tree.Default)
    pattern = cases[0].pattern
    assert isinstance(pattern, tree.TuplePattern)
    elements = [one.expression for one in pattern.elements if isinstance(one, tree.ExpressionPattern)]
    assert isinstance(elements[0], tree.Literal)
    assert isinstance(elements[1], tree.Path)
    assert call.routine.locals == ["a", "b", "x"]
    assert elements[1].root.kind is RootKind.LOCAL


def test_extractors_are_compiled_and_bad_ones_told_from_their_name_on() -> None:
    match = last("match event of case %{ a ~= re|x| } => 1 default => 2 end")
    assert isinstance(match, tree.Match)
    pattern = match.clauses[0].pattern
    assert isinstance(pattern, tree.RecordPattern)
    field = pattern.fields[0]
    assert isinstance(field, tree.PatternField)
    assert isinstance(field.pattern, tree.ExtractorPattern)
    assert field.pattern.extractor is not None
    bad = "match event of\n case %{ a ~= re|(|, b ~= nothing|| } => 1\n case ~ re|[| => 1 default => 2 end"
    assert errors(bad) == [
        (2, 15, "bad-extractor"), (2, 27, "bad-extractor"), (3, 9, "bad-extractor"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "opening", ["match event of default => ", "for event of case (k, v) => ", "[", "- ", "event["]
)
def test_nesting_as_deep_as_the_parser_allows_is_no_problem(opening: str) -> None:
    count = 49 if opening == "event[" else 98
    closing = {"[": "]", "event[": "]", "- ": ""}.get(opening, " end")
    assert errors(opening * count + "event" + closing * count) == []
