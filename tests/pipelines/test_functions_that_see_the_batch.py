"""What a compiled script asks of the engine: the batch of its event, events for `err` of its own making, its errors
shown with their place.
"""

from __future__ import annotations

from typing import Any

import pytest

from pipelines import (
    GRAPH,
    Batch,
    Drop,
    Emit,
    Endpoint,
    Graph,
    Kind,
    Operator,
    Pipeline,
    chain,
    compile_graph,
)
from pipelines.compiler import generated_source
from pipelines.errors import EventError
from pipelines.language.diagnostic import Diagnostic, ScriptError
from pipelines.language.source import Source, Span


class Seeing(Operator):
    """An operator around any function of a value, its metadata and its batch."""

    name = "seeing"
    reads_batch = True
    emits_errors = True
    writes_meta = True

    def __init__(self, function: Any, kind: Kind = Kind.EVENT) -> None:
        super().__init__(None)
        self.kind = kind
        self._function = function

    def event_function(self) -> Any:
        return self._function


def pipeline_of(function: Any, *others: Operator, kind: Kind = Kind.EVENT) -> Pipeline:
    return compile_graph(chain([Seeing(function, kind), *others]), name="main")


def leaving(pipeline: Pipeline, batch: Batch) -> dict[str, list[Any]]:
    return {port: part.values for port, part in pipeline.process(batch)}


@pytest.mark.parametrize("kind", [Kind.EVENT, Kind.MANY])
@pytest.mark.parametrize("metas", [None, [{"m": 1}, None]])
def test_a_function_is_told_when_and_where_its_event_came_in(kind: Kind, metas: Any) -> None:
    def stamp(value: Any, meta: dict[str, Any], batch: Batch) -> Any:
        stamped = [value, dict(meta), batch.ingest_ns, batch.origin]
        return [stamped] if kind is Kind.MANY else stamped

    left = leaving(pipeline_of(stamp, kind=kind), Batch([1, 2], ingest_ns=7, origin="here", metas=metas))

    assert left == {"out": [[1, metas[0] if metas else {}, 7, "here"], [2, {}, 7, "here"]]}


def test_a_function_that_several_edges_lead_to_is_told_as_well() -> None:
    graph = Graph()
    graph.add("seeing", Seeing(lambda value, meta, batch: [value, batch.ingest_ns]))
    for name in ("one", "two"):
        graph.add(name, Seeing(lambda value, meta, batch: value))
        graph.connect(Endpoint(GRAPH, "in"), Endpoint(name, "in"))
        graph.connect(Endpoint(name, "out"), Endpoint("seeing", "in"))
    graph.connect(Endpoint("seeing", "out"), Endpoint(GRAPH, "out"))

    assert leaving(compile_graph(graph, name="main"), Batch(["a"], ingest_ns=3)) == {"out": [["a", 3]] * 2}


def test_an_event_that_is_sent_to_err_leaves_by_err_as_it_is() -> None:
    def sort_out(value: int, meta: dict[str, Any], batch: Batch) -> Any:
        if value == 2:
            return Drop
        return Emit(value, port="err") if value > 2 else value

    pipeline = pipeline_of(sort_out)

    assert leaving(pipeline, Batch([1, 2, 3, 4], ingest_ns=0)) == {"out": [1], "err": [3, 4]}
    account = pipeline.account()
    assert (account["out"], account["dropped"]) == (
        {"out": 1, "err": 2},
        {"seeing": {"dropped": 1}},
    )


def test_what_stands_behind_err_gets_events_that_were_sent_there_and_those_that_failed() -> None:
    def fail(value: int, meta: dict[str, Any], batch: Batch) -> Any:
        if value == 2:
            raise EventError("no twos")
        return Emit(value, port="err")

    seen = []
    graph = Graph()
    graph.add("seeing", Seeing(fail))
    graph.add("behind", Seeing(lambda value, meta, batch: [seen.append(value), value][1]))
    graph.connect(Endpoint(GRAPH, "in"), Endpoint("seeing", "in"))
    graph.connect(Endpoint("seeing", "out"), Endpoint(GRAPH, "out"))
    graph.connect(Endpoint("seeing", "err"), Endpoint("behind", "in"))
    graph.connect(Endpoint("behind", "out"), Endpoint(GRAPH, "out"))

    left = leaving(compile_graph(graph, name="main"), Batch([1, 2, 3], ingest_ns=0))

    assert left["out"] == seen
    assert [item if isinstance(item, int) else item["error"] for item in seen] == [1, "no twos", 3]


def test_another_operator_may_not_send_events_to_err() -> None:
    class Plain(Seeing):
        emits_errors = False

    pipeline = compile_graph(chain([Plain(lambda value, meta, batch: Emit(value, port="err"))]), name="main")

    [failed] = leaving(pipeline, Batch([1], ingest_ns=0))["err"]
    assert "the port 'err', which is not declared" in failed["error"]


def test_the_error_of_a_script_shows_the_event_as_it_was_by_then_and_the_place_in_the_script() -> None:
    source = Source("enrich.tremor", "let event.a = 1;\nevent.b + 1")
    diagnostic = Diagnostic("there is no field `b`", Span(source, 17, 24))

    def fail(value: Any, meta: dict[str, Any], batch: Batch) -> Any:
        raise ScriptError(diagnostic, event={**value, "a": 1}, meta=meta)

    [failed] = leaving(pipeline_of(fail), Batch([{"x": 1}], ingest_ns=0))["err"]

    assert failed == {
        "error": "there is no field `b` (enrich.tremor:2:1)",
        "component": "pipeline:main",
        "operator": "seeing",
        "event": {"x": 1, "a": 1},
        "traceback": "",
        "position": {"file": "enrich.tremor", "line": 2, "column": 1},
    }


def test_a_script_error_without_a_place_has_no_position() -> None:
    def fail(value: Any, meta: dict[str, Any], batch: Batch) -> Any:
        raise ScriptError(Diagnostic("too deep", None))

    [failed] = leaving(pipeline_of(fail), Batch([5], ingest_ns=0))["err"]

    assert "position" not in failed
    assert (failed["error"], failed["event"]) == ("too deep", 5)


def test_the_attributes_of_other_exceptions_are_not_taken_for_events() -> None:
    class Odd(Exception):
        event = "not an event"
        diagnostic = "not a diagnostic"

    def fail(value: Any, meta: dict[str, Any], batch: Batch) -> Any:
        raise Odd

    [failed] = leaving(pipeline_of(fail), Batch([5], ingest_ns=0))["err"]

    assert failed["event"] == 5
    assert "position" not in failed


def test_the_code_of_operators_behind_each_other_s_err_grows_with_their_number_only() -> None:
    def length(count: int) -> int:
        graph = Graph()
        source = Endpoint(GRAPH, "in")
        for number in range(count):
            graph.add(f"o{number}", Seeing(lambda value, meta, batch: value))
            graph.connect(source, Endpoint(f"o{number}", "in"))
            graph.connect(Endpoint(f"o{number}", "out"), Endpoint(GRAPH, "out"))
            source = Endpoint(f"o{number}", "err")
        return len(generated_source(graph))

    assert length(8) < 2.5 * length(4)
