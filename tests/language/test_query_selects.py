"""Selects without windows: where, target, group by, having, and what becomes of them in the compiled function."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines import Batch, compile_graph
from pipelines.compiler import generated_source
from pipelines.language import CompileError, compile_query

DIALECTS = pytest.mark.parametrize("dialect", ["0.9", "0.11"])


def outcomes(text: str, *values: Any, dialect: str = "0.11", **others: Any) -> list[Any]:
    instance = compile_query(text, dialect=dialect).start()
    return [(port, value) for one in values for port, value, _ in instance.push("in", one, **others)]


def results(text: str, *values: Any, dialect: str = "0.11", **others: Any) -> list[Any]:
    found = outcomes(text, *values, dialect=dialect, **others)
    assert all(port != "err" for port, _ in found), found
    return [value for _, value in found]


@DIALECTS
def test_an_event_passes_with_its_metadata(dialect: str) -> None:
    instance = compile_query("select event from in into out", dialect=dialect).start()
    assert instance.push("in", {"a": 1}, meta={"m": [2]}) == [("out", {"a": 1}, {"m": [2]})]
    assert instance.push("in", 7) == [("out", 7, {})]


def test_passing_events_costs_no_operator_and_keeps_their_bytes() -> None:
    graph = compile_query("select event from in into out").graph()
    assert graph.nodes == {}
    graph = compile_query("select event from in where event.a > 1 into out having event.b").graph()
    pipeline = compile_graph(graph, name="q")
    batch = Batch([{"a": 2, "b": True}, {"a": 1}], ingest_ns=0, raws=[b"first", b"second"], raw_codec="json")
    [(port, left)] = pipeline.process(batch)
    assert (port, left.raws, left.raw_codec) == ("out", [b"first"], "json")


@DIALECTS
def test_where_looks_at_the_event_and_its_metadata(dialect: str) -> None:
    text = "select event from in where event.a > 1 and present $m into out"
    instance = compile_query(text, dialect=dialect).start()
    assert instance.push("in", {"a": 2}, meta={"m": 1}) == [("out", {"a": 2}, {"m": 1})]
    assert instance.push("in", {"a": 2}) == []
    assert instance.push("in", {"a": 1}, meta={"m": 1}) == []


def test_an_event_without_metadata_has_an_empty_record_of_them() -> None:
    assert results("select event from in where $ == {} into out", 1) == [1]


def test_where_takes_events_with_and_without_metadata_in_one_batch() -> None:
    pipeline = compile_graph(compile_query("select event from in where $ == {} into out").graph(), name="q")
    metas: list[dict[str, Any] | None] = [None, {"m": 1}, {}]
    [(port, left)] = pipeline.process(Batch([1, 2, 3], ingest_ns=0, metas=metas))
    assert (port, left.values) == ("out", [1, 3])


def test_where_and_having_that_are_no_boolean_cost_their_event() -> None:
    instance = compile_query("select event from in where event into out having event").start()
    [(port, error, _)] = instance.push("in", 5)
    assert (port, error["operator"], error["event"]) == ("err", "where@1", 5)
    assert error["position"]["line"] == 1
    assert instance.push("in", True) == [("out", True, {})]
    assert instance.push("in", False) == []


def test_a_condition_that_is_dropped_by_is_counted() -> None:
    text = "select event from in where event > 1 into out having event < 3"
    pipeline = compile_graph(compile_query(text).graph(), name="q")
    pipeline.process(Batch([1, 2, 3], ingest_ns=0))
    account = pipeline.account()
    assert account["dropped"] == {"where@1": {"where": 1}, "having@1": {"having": 1}}
    assert account["out"] == {"out": 1, "err": 0}


@DIALECTS
def test_a_target_makes_a_new_value_and_keeps_the_metadata(dialect: str) -> None:
    instance = compile_query(
        "select {'x': event.a, 'm': $m} from in into out".replace("'", '"'), dialect=dialect
    )
    assert instance.start().push("in", {"a": [1]}, meta={"m": 2}) == [("out", {"x": [1], "m": 2}, {"m": 2})]


def test_having_sees_the_new_value_and_no_metadata() -> None:
    text = "select event.a from in into out having event > 1 and $ == null"
    assert results(text, {"a": 1}, {"a": 2}, meta={"m": 1}) == [2]


def test_without_group_by_the_group_is_null_and_so_is_the_window() -> None:
    text = 'select {"g": group, "w": window} from in into out having group[1] == "[null]"'
    assert results(text, 1) == [{"g": [None, "[null]"], "w": None}]


def test_a_target_that_fails_costs_its_event() -> None:
    [(port, error)] = outcomes("select event.b from in into out", {"a": 1})
    assert port == "err"
    assert (error["operator"], error["event"]) == ("select@1", {"a": 1})
    assert error["position"] == {"file": "query", "line": 1, "column": error["position"]["column"]}


def test_functions_of_modules_can_be_called() -> None:
    text = """
    mod m with
      fn twice(x) with x * 2 end;
      const three = 3
    end;
    select m::twice(event) + m::three from in into out
    """
    assert results(text, 5) == [13]


def test_a_constant_is_not_seen_in_the_old_dialect() -> None:
    text = "mod m with const x = 3 end; select m::x from in into out"
    with pytest.raises(CompileError):
        compile_query(text, dialect="0.9")
    assert results(text, 5) == [3]


# Groups


def grouped(clause: str, *values: Any) -> list[Any]:
    return results(f"select group from in group by {clause} into out", *values)


def test_a_group_is_its_value_and_its_text() -> None:
    assert grouped("event.a", {"a": "x"}) == [["x", '["x"]']]
    assert grouped("set(event.a, event.b)", {"a": {"z": 1, "y": 2}, "b": 1.0}) == [
        [{"z": 1, "y": 2}, 1.0, '[{"y":2,"z":1},1.0]']
    ]


def test_each_makes_a_group_of_each_element() -> None:
    assert grouped("each(event.a)", {"a": [1, 2]}) == [[1, "[1]"], [2, "[2]"]]
    assert grouped("set(event.b, each(event.a))", {"a": [1, 2], "b": 0}) == [[0, 1, "[0,1]"], [0, 2, "[0,2]"]]
    assert grouped("set(each(event.a), each(event.a))", {"a": [1, 2]}) == [
        [1, 1, "[1,1]"],
        [1, 2, "[1,2]"],
        [2, 1, "[2,1]"],
        [2, 2, "[2,2]"],
    ]


def test_each_of_nothing_is_no_group_at_all() -> None:
    assert grouped("each(event)", []) == [[None, "[null]"]]


def test_each_wants_an_array() -> None:
    [(port, error)] = outcomes("select 1 from in group by each(event) into out", 5)
    assert port == "err"
    assert error["position"]["line"] == 1


def test_having_is_asked_for_each_group() -> None:
    text = "select group[0] from in group by each(event) into out having event > 1 and group[0] > 2"
    assert results(text, [1, 2, 3, 4]) == [3, 4]


def test_results_of_several_groups_share_nothing() -> None:
    text = 'select {"e": event, "g": group[0]} from in group by each(event.a) into out'
    first, second = results(text, {"a": [1, 2], "x": {"y": 0}})
    assert (first["e"], first["g"], second["g"]) == (second["e"], 1, 2)
    assert first["e"]["x"] is not second["e"]["x"]


# The compiled function


def test_a_script_a_select_and_a_bucket_become_one_function() -> None:
    text = """
    define script classify script let $class = event.kind; let $rate = 1; event end;
    define grouper::bucket operator limit;
    create script classify;
    create operator limit;
    select event from in where event.ok into classify;
    select {"it": event} from classify into limit;
    select event from limit into out;
    select event from limit/overflow into out/late;
    """
    query = compile_query(text)
    source = generated_source(query.graph(), metas=True)
    assert source.count("def ") == 1
    assert source.count("for ") == 1
    instance = query.start()
    found = [instance.push("in", {"kind": "a", "ok": ok}) for ok in (True, False, True)]
    assert [[(port, value) for port, value, _ in one] for one in found] == [
        [("out", {"it": {"kind": "a", "ok": True}})],
        [],
        [("late", {"it": {"kind": "a", "ok": True}})],
    ]


def test_branches_do_not_see_what_others_do_to_an_event() -> None:
    text = """
    define script change script let event.a.b = 2; let event.c = 3; event end;
    create script change;
    select event.a from in into out/part;
    select event from in into change;
    select event from change into out;
    select event from in into out/same;
    select {"a": event.a} from in into change;
    """
    assert outcomes(text, {"a": {"b": 1}}) == [
        ("part", {"b": 1}),
        ("out", {"a": {"b": 2}, "c": 3}),
        ("same", {"a": {"b": 1}}),
        ("out", {"a": {"b": 2}, "c": 3}),
    ]
