"""Streams, scripts, ports, inputs and outputs, and in which order events come out."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines import Batch, PipelineError, compile_graph
from pipelines.language import compile_query


def outcomes(text: str, *values: Any, port: str = "in", dialect: str = "0.11") -> list[Any]:
    instance = compile_query(text, dialect=dialect).start()
    return [(out, value) for one in values for out, value, _ in instance.push(port, one)]


# Streams


def test_streams_vanish() -> None:
    text = """
    create stream a; create stream b;
    select event from in into a;
    select event from a into b;
    select event from b into out;
    """
    assert compile_query(text).graph().nodes == {}
    assert outcomes(text, 1) == [("out", 1)]


def test_what_goes_to_one_place_by_two_ways_comes_there_twice() -> None:
    text = """
    create stream a; create stream b;
    select event from in into a; select event from in into b;
    select event from a into out; select event from b into out;
    """
    assert outcomes(text, 1) == [("out", 1), ("out", 1)]


def test_streams_that_double_what_passes_do_not_double_the_graph() -> None:
    names = [f"s{number}" for number in range(12)]
    text = "".join(f"create stream {name};" for name in names)
    for before, after in zip(["in", *names], [*names, "out"], strict=True):
        text += 2 * f"select event from {before} into {after};\n"
    query = compile_query(text)
    assert len(query.graph().nodes) < 200
    assert len(query.start().push("in", 1)) == 2**13


def test_events_for_a_stream_that_nothing_reads_are_dropped_and_counted() -> None:
    text = "create stream s; select event from in into s;"
    pipeline = compile_graph(compile_query(text).graph(), name="q")
    pipeline.process(Batch([1, 2], ingest_ns=0))
    assert sum(pipeline.account()["dropped"]["s"].values()) == 2
    text = "create stream s; select event from in into s; select event + 1 from in into s;"
    assert outcomes(text, 1) == []


def test_a_long_row_of_streams_is_no_trouble() -> None:
    names = [f"s{number}" for number in range(1000)]
    text = "".join(f"create stream {name};" for name in names)
    text += "".join(
        f"select event from {a} into {b};" for a, b in zip(["in", *names], [*names, "out"], strict=True)
    )
    assert outcomes(text, 1) == [("out", 1)]


# Order


def test_events_come_out_in_the_order_in_which_they_were_made() -> None:
    text = """
    create stream s;
    select {"n": 1} from in into s;
    select {"n": 2} from in into out/b;
    select {"n": 3} from in into s;
    select event.n * 10 from s into out/a;
    select event.n from s into out/b;
    """
    assert outcomes(text, 0) == [("a", 10), ("b", 1), ("b", {"n": 2}), ("a", 30), ("b", 3)]


# Inputs and outputs


def test_inputs_and_outputs_are_those_that_selects_name() -> None:
    query = compile_query("select event from in/left into out/right; select event from in into err")
    assert query.inputs == ("left", "in")
    assert query.outputs == ("out", "err", "right")
    instance = query.start()
    assert instance.push("left", 1) == [("right", 1, {})]
    assert instance.push("in", 2) == [("err", 2, {})]
    with pytest.raises(PipelineError, match="has no input 'middle'"):
        instance.push("middle", 3)


def test_a_query_that_reads_nothing_says_so_and_drops_what_comes() -> None:
    query = compile_query("create stream s;")
    assert [warning.code for warning in query.warnings] == ["unused-input"]
    assert query.start().push("in", 1) == []


# Scripts


SCRIPTS = """
define script route with limit = 10 script
  match event of
    case %{ n > 100 } => emit event => "far"
    case %{ n > args.limit } => emit event => "err"
    case %{ n < 0 } => drop
    default => event
  end
end;
create script route;
select event from in into route;
"""


def test_ports_of_scripts_lead_where_selects_say() -> None:
    text = SCRIPTS + "select event from route into out; select event from route/far into out/far;"
    assert outcomes(text, {"n": 1}, {"n": 101}, {"n": -1}) == [("out", {"n": 1}), ("far", {"n": 101})]


def test_what_a_script_emits_to_err_leaves_as_it_is() -> None:
    assert outcomes(SCRIPTS, {"n": 50}) == [("err", {"n": 50})]
    text = SCRIPTS + "select event.n from route/err into out/wrong"
    assert outcomes(text, {"n": 50}) == [("wrong", 50)]


def test_events_for_a_port_that_nothing_reads_are_dropped_and_counted() -> None:
    pipeline = compile_graph(compile_query(SCRIPTS).graph(), name="q")
    pipeline.process(Batch([{"n": 101}, {"n": 1}, {"n": -1}], ingest_ns=0))
    assert pipeline.account()["dropped"] == {"route": {"far": 1, "out": 1, "dropped": 1}}


@pytest.mark.parametrize("dialect", ["0.9", "0.11"])
def test_computed_ports_lead_to_those_that_are_read(dialect: str) -> None:
    hole = "{event}" if dialect == "0.9" else "#{event}"
    text = f"""
    define script s script emit 1 => "{hole}" end;
    create script s;
    select event from in into s;
    select event from s/a into out/a;
    """
    assert outcomes(text, "a", "b", "a", dialect=dialect) == [("a", 1), ("a", 1)]


def test_a_script_that_fails_sends_the_event_as_it_was_by_then() -> None:
    text = """
    define script s script
      let event.seen = true;
      event.missing
    end;
    create script s;
    select event from in into s;
    select event from s into out;
    """
    [(port, error)] = outcomes(text, {"n": 1})
    assert (port, error["operator"], error["event"]) == ("err", "s", {"n": 1, "seen": True})
    assert error["position"]["line"] == 4


def test_each_script_has_a_state_of_its_own_and_arguments_of_its_own() -> None:
    text = """
    define script count with from_ = 10 script
      let state = match state of case null => args.from_ default => state + 1 end;
      {"was": event, "n": state, "args": args}
    end;
    create script a from count;
    create script b from count with from_ = 100, more = [1] end;
    select event from in into a;
    select event.n from a into b;
    select event from b into out;
    """
    query = compile_query(text)
    for _ in range(2):
        instance = query.start()
        for n in (0, 1):
            [(_, value, _)] = instance.push("in", {})
            assert value == {"was": 10 + n, "n": 100 + n, "args": {"from_": 100, "more": [1]}}


def test_a_script_that_is_created_without_arguments_in_its_definition_gets_them_anyway() -> None:
    text = """
    define script s script args.a end;
    create script s with a = 1 end;
    select event from in into s; select event from s into out
    """
    assert outcomes(text, 0, dialect="0.9") == [("out", 1)]


def test_a_script_has_constants_and_functions_of_its_own() -> None:
    text = """
    define script s script
      const two = 2;
      fn add(x) with x + two end;
      add(event)
    end;
    create script s;
    select event from in into s; select event from s into out
    """
    for dialect in ("0.9", "0.11"):
        assert outcomes(text, 5, dialect=dialect) == [("out", 7)]


def test_an_instance_changes_nothing_of_what_it_is_given() -> None:
    text = """
    define script s script let event.a = 1; let $m.x = 1; event end;
    create script s;
    select event from in into s; select event from s into out
    """
    value: dict[str, Any] = {}
    meta: dict[str, Any] = {"m": {}}
    instance = compile_query(text).start()
    assert instance.push("in", value, meta=meta) == [("out", {"a": 1}, {"m": {"x": 1}})]
    assert (value, meta) == ({}, {"m": {}})


def test_time_and_origin_reach_scripts_and_selects() -> None:
    text = """
    define script s script
      use tremor::system;
      use tremor::origin;
      [origin::as_uri_string(), system::ingest_ns()]
    end;
    create script s;
    select event from in into s; select event from s into out
    """
    assert compile_query(text).start().push("in", 1, ingest_ns=5, origin="tcp://host:1") == [
        ("out", ["tcp://host:1", 5], {})
    ]
