"""A script as a step of a pipeline: what it leaves alone stays as it was, and nothing gets lost."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines import GRAPH, Batch, Endpoint, Graph, Operator, Pipeline, compile_graph
from pipelines.language import compile_script
from pipelines.language.script_operator import UNLINKED, ScriptOperator


def pipeline_of(*texts: str, ports: tuple[str, ...] = (), args: dict[str, Any] | None = None) -> Pipeline:
    """Scripts in a row; the ports of the last one are the pipeline's."""
    steps = [ScriptOperator(compile_script(text), args, ports) for text in texts]
    outputs = [port for port in steps[-1].outputs if port != UNLINKED]
    graph = Graph(outputs=outputs)
    source = Endpoint(GRAPH, "in")
    for number, step in enumerate(steps):
        graph.add(f"script-{number}", step)
        graph.connect(source, Endpoint(f"script-{number}", "in"))
        source = Endpoint(f"script-{number}", "out")
    for port in outputs:
        graph.connect(source._replace(port=port), Endpoint(GRAPH, port))
    return compile_graph(graph, name="main")


def leaving(pipeline: Pipeline, *values: Any, **others: Any) -> dict[str, list[Any]]:
    batch = Batch(list(values), ingest_ns=others.pop("ingest_ns", 0), **others)
    return {port: part.values for port, part in pipeline.process(batch)}


def test_scripts_in_a_row_are_one_function() -> None:
    pipeline = pipeline_of("let event.a = 1; event", "let event.b = event.a + 1; event")

    assert leaving(pipeline, {}, {"a": 5}) == {"out": [{"a": 1, "b": 2}] * 2}


def test_a_script_knows_when_its_event_came_in_and_has_its_args() -> None:
    pipeline = pipeline_of("use tremor::system;\n[system::ingest_ns(), args.a]", args={"a": 1})

    assert leaving(pipeline, None, ingest_ns=7) == {"out": [[7, 1]]}


def test_metadata_is_read_and_written() -> None:
    [(_, left)] = pipeline_of("let $b = $a + 1; event").process(Batch([1], ingest_ns=0, metas=[{"a": 1}]))

    assert (left.values, left.metas) == ([1], [{"a": 1, "b": 2}])


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("event", [b"one", b"two"]),
        ("match event.n of case 1 => event default => {} end", [b"one", None]),
        ("let $a = 1; event", [b"one", b"two"]),
        ("let event.a = 1; event", None),
        ('match event.n of case 1 => emit event => "low" default => drop end', [b"one"]),
    ],
)
def test_the_bytes_of_events_that_are_left_alone_stay(text: str, kept: list[bytes | None] | None) -> None:
    batch = Batch([{"n": 1}, {"n": 2}], ingest_ns=0, raws=[b"one", b"two"], raw_codec="json")

    [(_, left)] = pipeline_of(text).process(batch)

    assert left.raws == kept


def test_what_goes_nowhere_is_dropped_and_counted() -> None:
    pipeline = pipeline_of(
        'match event of case 0 => drop default => emit event => "#{event}" end', ports=("1", "err")
    )

    assert leaving(pipeline, 0, 1, 2, 3) == {"1": [1]}
    assert pipeline.account()["dropped"] == {"script-0": {"dropped": 1, "unlinked port": 2}}


def test_a_script_may_send_to_err_itself() -> None:
    assert leaving(pipeline_of('emit event => "err"'), 1) == {"err": [1]}
    assert leaving(pipeline_of('emit event => "#{event}"'), "err") == {"err": ["err"]}


def test_an_error_costs_its_event_only_and_shows_what_it_had_become() -> None:
    left = leaving(pipeline_of("let event.b = 1;\nevent.a"), {"a": 1}, {}, {"a": 3})

    assert left["out"] == [1, 3]
    [failed] = left["err"]
    assert failed["event"] == {"b": 1}
    assert failed["position"] == {"file": "script", "line": 2, "column": 7}
    assert failed["operator"] == "script-0"


def test_an_event_that_two_scripts_get_is_not_shared_by_them() -> None:
    graph = Graph(outputs=("left", "right"))
    for name, text in (("left", "let event.a.left = 1; event"), ("right", "let event.a.right = 1; event")):
        operator: Operator = ScriptOperator(compile_script(text))
        graph.add(name, operator)
        graph.connect(Endpoint(GRAPH, "in"), Endpoint(name, "in"))
        graph.connect(Endpoint(name, "out"), Endpoint(GRAPH, name))

    assert leaving(compile_graph(graph, name="main"), {"a": {}}) == {
        "left": [{"a": {"left": 1}}],
        "right": [{"a": {"right": 1}}],
    }


def test_events_do_not_share_what_the_script_keeps() -> None:
    pipeline = pipeline_of(
        "let state = match state of case null => {} default => state end; "
        '{"kept": state, "given": args.a, "both": [state, args.a]}',
        "let event.kept.x = 1; let event.given.x = 1; event",
        args={"a": {}},
    )
    left = {"kept": {"x": 1}, "given": {"x": 1}, "both": [{}, {}]}

    assert leaving(pipeline, 1, 2) == {"out": [left, left]}
    assert leaving(pipeline, 3) == {"out": [left]}


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 5)), st.data())
def test_how_the_stream_is_cut_makes_no_difference(values: list[int], data: st.DataObject) -> None:
    text = """
let state = match state of case null => event default => state + event end;
match event of
  case 0 => drop
  case 1 => emit state => "one"
  case 2 => event.nothing
  default => [event, state]
end"""
    whole, cut = pipeline_of(text), pipeline_of(text)
    found: dict[str, list[Any]] = {}
    rest = list(values)
    while rest:
        count = data.draw(st.integers(1, len(rest)))
        for port, part in leaving(cut, *rest[:count]).items():
            found.setdefault(port, []).extend(part)
        rest = rest[count:]

    assert found == leaving(whole, *values)
    assert cut.account() == whole.account()
