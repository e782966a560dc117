"""The functions that queries get of the code generator."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.language import Limits, ScriptError
from pipelines.language.aggregates.aggregate import Aggregate
from pipelines.language.analysis import Scope, analyse_select, analyse_window_script
from pipelines.language.codegen import CompiledSelection, compile_expression, compile_selection
from pipelines.language.diagnostic import Problems
from pipelines.language.dialect import find_dialect
from pipelines.language.lexer import tokenize
from pipelines.language.parser import parse_query
from pipelines.language.routine import Selection
from pipelines.language.source import Source
from pipelines.language.tree import DefineWindow, Select


def parsed(text: str, problems: Problems) -> list[Any]:
    dialect = find_dialect("0.11")
    query = parse_query(tokenize(Source("query", text), dialect, problems), dialect, problems)
    problems.raise_errors()
    return list(query.statements)


def selection(text: str) -> Selection:
    problems = Problems()
    (statement,) = [one for one in parsed(text, problems) if isinstance(one, Select)]
    made = analyse_select(statement, Scope(), find_dialect("0.11"), problems)
    problems.raise_errors()
    return made


def compiled(text: str, **limits: int) -> CompiledSelection:
    return compile_selection(selection(text), find_dialect("0.11"), Limits(**limits))


def test_a_target_makes_a_new_value() -> None:
    made = compiled('select {"a": event.a, "all": event, "m": $m} from in into out')
    event = {"a": {"b": 1}}
    result = made.target(event, {"m": 2})
    assert result == {"a": {"b": 1}, "all": event, "m": 2}
    assert result["all"] is not event
    assert (made.where, made.having, made.accumulate, made.groups) == (None, None, None, None)


def test_where_and_having_are_booleans() -> None:
    made = compiled("select event.n from in where event.n > 1 into out having event < 5")
    assert made.where is not None
    assert made.having is not None
    assert [made.where({"n": number}) for number in (1, 2)] == [False, True]
    assert [made.having(number) for number in (4, 5)] == [True, False]
    other = compiled("select event from in where event.n into out").where
    assert other is not None
    with pytest.raises(ScriptError, match="boolean, not integer") as caught:
        other({"n": 1})
    assert caught.value.diagnostic.span is not None
    assert caught.value.diagnostic.span.text == "event.n"


def test_aggregates_take_in_events_and_are_read_by_the_target() -> None:
    text = (
        "select [aggr::stats::sum(event.n), aggr::stats::count(), aggr::win::last(event)] from in[w] into out"
    )
    uses = selection(text).aggregates
    made = compiled(text)
    states: list[Aggregate] = [use.kind.make(Limits()) for use in uses]
    assert made.accumulate is not None
    for number in (1, 2):
        made.accumulate({"n": number}, {}, aggregates=states)
    last = {"n": 2}
    assert made.target(None, aggregates=states) == [3.0, 2, last]
    first, second = (made.target(None, aggregates=states)[2] for _ in range(2))
    assert first is not second


def test_what_an_aggregate_refuses_is_told_at_its_call() -> None:
    text = "select [aggr::stats::count(),\n aggr::stats::sum(event.n)] from in[w] into out"
    made = compiled(text)
    states = [use.kind.make(Limits()) for use in selection(text).aggregates]
    assert made.accumulate is not None
    with pytest.raises(ScriptError) as caught:
        made.accumulate({"n": "text"}, {}, aggregates=states)
    assert caught.value.diagnostic.line == 2
    with pytest.raises(ScriptError, match="no key `n`"):
        made.accumulate({}, {}, aggregates=states)


@pytest.mark.parametrize(
    ("by", "groups"),
    [
        ("event.a", [[1]]),
        ("set(event.a, event.b)", [[1, "x"]]),
        ("each(event.l)", [[1], [2]]),
        ("set(event.a, each(event.l), each(event.l))", [[1, 1, 1], [1, 1, 2], [1, 2, 1], [1, 2, 2]]),
        ("set(each(event.l), event.b)", [[1, "x"], [2, "x"]]),
        ("each([])", []),
    ],
)
def test_groups(by: str, groups: list[list[Any]]) -> None:
    made = compiled(f"select event from in group by {by} into out")
    assert made.groups is not None
    result = made.groups({"a": 1, "b": "x", "l": [1, 2]})
    assert sorted(result) == groups


def test_an_event_does_not_belong_to_too_many_groups() -> None:
    groups = compiled(
        "select event from in group by set(each(event), each(event)) into out", groups=10
    ).groups
    assert groups is not None
    assert len(groups([1, 2, 3])) == 9
    with pytest.raises(ScriptError, match="more than 10 groups"):
        groups([1, 2, 3, 4])
    with pytest.raises(ScriptError, match="`each` needs an array") as caught:
        groups(5)
    assert caught.value.diagnostic.column > 1


def test_group_and_window_are_given() -> None:
    made = compiled("select [group[0], window] from in[w] group by event.a into out")
    group = [{"a": 1}, "key"]
    result = made.target(None, group=group, window="w")
    assert result == [{"a": 1}, "w"]
    assert result[0] is not group[0]


def test_the_script_of_a_window_is_an_expression() -> None:
    problems = Problems()
    text = "define tumbling window w with size = 5 script event.n + 1 end; select event from in[w] into out"
    (window,) = [one for one in parsed(text, problems) if isinstance(one, DefineWindow)]
    assert window.script is not None
    routine = analyse_window_script(window.script, Scope(), find_dialect("0.11"), problems)
    function = compile_expression(routine, find_dialect("0.11"), Limits())
    assert function({"n": 1}) == 2
    with pytest.raises(ScriptError, match="no key `n`"):
        function({})
