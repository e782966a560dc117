"""Selects, parameters and window scripts: what may stand in them, and what becomes of aggregates."""

from pathlib import Path

import pytest

from pipelines.language import tree
from pipelines.language.analysis import (
    analyse_parameters,
    analyse_window_script,
)
from pipelines.language.diagnostic import Problems
from pipelines.language.dialect import DIALECTS
from pipelines.language.lexer import tokenize
from pipelines.language.parser import parse_query
from pipelines.language.routine import RoutineKind
from pipelines.language.source import Source
from tests.language.analysing import place, query, query_errors, select

NEW = DIALECTS["0.11"]


@pytest.mark.parametrize("dialect", ["0.9", "0.11"])
@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("select\n a + b\nfrom in into out", [(2, 2)]),
        ('select {"x": event.a,\n "y": b} from in into out', [(1, 8)]),
        ("select event from in\nwhere a > 3 into out", [(2, 7)]),
        ("select event from in group by set(event.a, b) into out", [(1, 31)]),
        ("select event from in group by each(b) into out", [(1, 31)]),
        ("select event from in group by b into out", [(1, 31)]),
        ("select event from in into out having not b", [(1, 38)]),
        ("select event from in where group[0] == 1 into out", [(1, 28)]),
        ("select event from in group by window into out", [(1, 31)]),
        ("select event from in where args.x into out", [(1, 28)]),
        ("select a from in where b group by c into out having d", [(1, 8), (1, 24), (1, 35), (1, 53)]),
        ("select for event of case (k, v) => aggr::win::first(v) end from in into out", [(1, 8)]),
    ],
)
def test_locals_are_refused_at_their_clause(text: str, places: list[tuple[int, int]], dialect: str) -> None:
    assert query_errors(text, dialect) == [(*found, "local-in-query") for found in places]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("select name from in into out", "did you mean `event.name`?"),
        ("select event from in where group into out", "in the target and in `having` only"),
    ],
)
def test_what_was_meant_by_a_local_is_suggested(text: str, expected: str) -> None:
    (error,) = query(text)[2].errors
    assert expected in error.hint


def test_shadows_are_no_locals() -> None:
    found = select("select for event of case (k, v) => [k, v] end from in into out")
    assert found.target.shadows == ["k", "v"]
    assert found.target.locals == []


def test_the_parts_are_expressions() -> None:
    found = select("select [1 + 1, state, args] from in where event.a group by event.b into out having true")
    assert found.grouping is not None
    parts = [found.target, found.where, found.having, found.grouping.routine]
    assert all(
        part is not None and part.kind is RoutineKind.EXPRESSION and len(part.body) == 1 for part in parts
    )
    (target,) = found.target.body
    assert isinstance(target, tree.Literal)
    assert target.value == [2, None, None]


def test_group_and_window_are_known_in_target_and_having() -> None:
    found = select("select group[0] from in[w] group by event into out having window == 1")
    assert (found.uses_group, found.uses_window) == (True, True)
    found = select("select event from in into out")
    assert (found.uses_group, found.uses_window) == (False, False)
    found = select("select aggr::win::first(group) from in[w] into out")
    assert found.uses_group


def test_a_select_knows_whether_it_passes_the_event() -> None:
    assert select("select event from in into out").passes_event
    assert not select("select event.a from in into out").passes_event
    assert not select("select [event] from in into out").passes_event


def test_the_structure_of_group_by_is_kept() -> None:
    grouping = select(
        "select group from in group by set(event.a, each(event.b), set(event.c)) into out"
    ).grouping
    assert grouping is not None
    assert grouping.routine is None
    assert [(part.each, part.routine is not None, len(part.parts)) for part in grouping.parts] == [
        (False, True, 0), (True, True, 0), (False, False, 1),
    ]  # fmt: skip


def test_aggregates_are_numbered_over_target_and_having() -> None:
    found = select(
        "select [aggr::stats::count(), aggr::stats::sum(event.a + 1)] from in[w] into out "
        "having aggr::stats::max(event.b) > 1"
    )
    assert [(use.kind.name, len(use.arguments)) for use in found.aggregates] == [
        ("count", 0),
        ("sum", 1),
        ("max", 1),
    ]
    assert found.having is not None
    (comparison,) = found.having.body
    assert isinstance(comparison, tree.Binary)
    assert isinstance(comparison.left, tree.Call)
    assert comparison.left.slot == 2
    assert isinstance(found.aggregates[1].arguments[0].body[0], tree.Binary)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("select aggr::stats::sum(aggr::stats::count()) from in[w] into out", (25, "misplaced")),
        ("select event from in where aggr::stats::count() > 1 into out", (28, "misplaced")),
        ("select event from in group by aggr::stats::count() into out", (31, "misplaced")),
        ("select aggr::stats::count(1) from in into out", (8, "bad-arity")),
        ("select aggr::stats::sum() from in into out", (8, "bad-arity")),
        ("select aggr::stats::summ(1) from in into out", (8, "undefined-function")),
    ],
)
def test_aggregates_in_a_wrong_place_or_form_are_told(text: str, place: tuple[int, str]) -> None:
    assert query_errors(text) == [(1, *place)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("select aggr::win::collect_flattened(event) from in[w] into out", "collects-all"),
        ("select aggr::win::collect_nested(event) from in[w] into out", "collects-all"),
        ("select aggr::stats::count() from in into out", "no-window"),
    ],
)
def test_aggregates_are_warned_of(text: str, code: str) -> None:
    _, _, problems = query(text)
    assert [place(warning) for warning in problems.warnings] == [(1, 8, code)]
    _, _, problems = query("select aggr::stats::count() from in[w] into out")
    assert problems.warnings == []


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("select event from in[w] into out", [8]),
        ("select [event.a, $b, aggr::win::last(event.c)] from in[w] into out", [9, 18]),
        (
            "select aggr::win::last(event.a) from in[w] where $b group by event.c into out having event > 1",
            [],
        ),
        ("select event.a from in group by event.b into out", []),
    ],
)
def test_the_event_belongs_into_aggregates_where_there_are_windows(text: str, places: list[int]) -> None:
    assert query_errors(text) == [(1, column, "event-outside-aggregate") for column in places]
    assert query_errors(text, "0.9") == []


def test_constants_are_seen_in_dialect_0_11_only_and_functions_in_both() -> None:
    text = "mod m with const c = 1; fn f(x) with x + c end end;\nselect [m::c, m::f(event)] from in into out"
    assert query_errors(text) == []
    assert query_errors(text, "0.9") == [(2, 9, "undefined-constant")]
    assert "dialect 0.11" in query(text, "0.9")[2].errors[0].hint
    assert query_errors(text.replace("m::c, ", ""), "0.9") == []


def test_definitions_are_found_by_their_path_with_the_scope_of_their_module() -> None:
    text = """
        mod m with
          const n = 2;
          define tumbling window wide with size = n script event.size end;
          define generic::batch operator b with count = n end;
          define script s script event end
        end;
        define tumbling window w with size = 1 end;
        select aggr::stats::count() from in[w, m::wide] into out
    """
    _, scope, problems = query(text)
    assert problems.errors == []
    inner, outer = scope.window(("m", "wide")), scope.window(("w",))
    assert inner is not None
    assert outer is not None
    assert isinstance(inner.node, tree.DefineWindow)
    assert isinstance(outer.node, tree.DefineWindow)
    parameters = analyse_parameters(inner.node.parameters, inner.scope, NEW, problems)
    assert (parameters.values, parameters.spans["size"].text) == ({"size": 2}, "n")
    assert inner.node.script is not None
    script = analyse_window_script(inner.node.script, inner.scope, NEW, problems)
    assert (script.kind, problems.errors) == (RoutineKind.EXPRESSION, [])
    assert scope.operator(("m", "b")) is not None
    assert scope.script(("m", "s")) is not None
    assert [scope.window(("b",)), scope.script(("n", "s")), scope.operator(("w",))] == [None, None, None]
    assert "`m::wide`" in scope.did_you_mean(("m", "side"), "windows", problems)
    assert "module `m`" in scope.did_you_mean(("mm", "wide"), "windows", problems)


def test_a_module_with_definitions_may_be_used_twice(tmp_path: Path) -> None:
    (tmp_path / "mine.trickle").write_text("define tumbling window w with size = 1 end")
    text = "use mine;\nuse mine;\nselect aggr::stats::count() from in[mine::w] into out"
    assert query(text, module_path=[tmp_path])[2].errors == []


def test_definitions_cannot_be_there_twice() -> None:
    text = "define tumbling window w with size = 1 end;\ndefine tumbling window w with size = 2 end;\n"
    assert query_errors(text + "select event from in into out") == [(2, 1, "defined-twice")]


@pytest.mark.parametrize(
    ("script", "code"),
    [("event.a + $b", ""), ("a", "local-in-query"), ("aggr::stats::count()", "misplaced"), ("state", "")],
)
def test_the_script_of_a_window_sees_the_event_only(script: str, code: str) -> None:
    _, scope, problems = query(
        f"define tumbling window w with size = 1 script {script} end; select 1 from in into out"
    )
    found = scope.window(("w",))
    assert found is not None
    assert isinstance(found.node, tree.DefineWindow)
    assert found.node.script is not None
    analyse_window_script(found.node.script, found.scope, NEW, problems)
    assert [place(error) for error in problems.errors] == ([(1, 47, code)] if code else [])


def test_parameters_must_be_constant_and_there_once() -> None:
    problems = Problems()
    text = "define script s with a = [1, 2 + 1],\n b = event.x, a = 2, c = x script event end"
    parsed = parse_query(tokenize(Source("test", text), NEW, problems), NEW, problems)
    define = parsed.statements[0]
    assert isinstance(define, tree.DefineScript)
    _, scope, _ = query("select event from in into out")
    found = analyse_parameters(define.parameters, scope, NEW, problems)
    assert found.values["a"] == [1, 3]
    assert [place(error) for error in problems.errors] == [
        (2, 6, "not-constant"), (2, 15, "defined-twice"), (2, 26, "not-constant"),
    ]  # fmt: skip
