"""An operator that holds events can give them up, and can send errors of its own: the account knows of both."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any

from pipelines import GRAPH, Batch, Emit, Endpoint, Graph, Inline, Kind, Operator, Scope, compile_graph
from pipelines.failure import error_event
from pipelines.syntax import attribute


class Odd(Operator):
    """Gives up what is odd, and cannot bear four."""

    name = "odd"
    summary = "."
    kind = Kind.HOLD
    emits_errors = True

    def __init__(self) -> None:
        super().__init__(None)
        self.discarded = {"odd": 0}

    def hold(self, value: Any, meta: dict[str, Any] | None, batch: Batch) -> Iterable[Emit]:
        if value == 4:
            return [Emit(error_event(self.component, "it", ValueError("four"), value), "err")]
        if value % 2 == 0:
            return [Emit(value)]
        self.discarded["odd"] += 1
        return []


class WhenceAndWhen(Operator):
    name = "whence"
    summary = "."
    kind = Kind.INLINE

    def inline(self, scope: Scope) -> Inline:
        fields: list[ast.expr] = [attribute(scope.batch(), name) for name in ("origin", "ingest_ns")]
        return Inline(value=ast.List(fields, ast.Load()))


def graph_of(operator: Operator) -> Graph:
    graph = Graph()
    graph.add("it", operator)
    graph.connect(Endpoint(GRAPH, "in"), Endpoint("it", "in"))
    graph.connect(Endpoint("it", "out"), Endpoint(GRAPH, "out"))
    return graph


def test_what_an_operator_gives_up_counts_as_dropped() -> None:
    pipeline = compile_graph(graph_of(Odd()), name="main")
    results = dict(pipeline.process(Batch([1, 2, 3, 4], ingest_ns=0)))
    assert results["out"].values == [2]
    account = pipeline.account()
    assert account["dropped"] == {"it": {"odd": 2}}
    assert account["in"] == sum(account["out"].values()) + 2


def test_an_error_of_the_operators_own_names_its_pipeline() -> None:
    pipeline = compile_graph(graph_of(Odd()), name="main")
    [(port, batch)] = pipeline.process(Batch([4], ingest_ns=0))
    assert port == "err"
    assert (batch.values[0]["component"], batch.values[0]["error"]) == ("pipeline:main", "ValueError: four")


def test_inlined_code_sees_the_batch() -> None:
    pipeline = compile_graph(graph_of(WhenceAndWhen()), name="main")
    [(_, batch)] = pipeline.process(Batch([0], ingest_ns=5, origin="here"))
    assert batch.values == [["here", 5]]
