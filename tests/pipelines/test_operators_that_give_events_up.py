"""An operator that holds events can give them up, and can send errors of its own: the account knows of both."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any

import pytest

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


class Sorting(Operator):
    """Its code says where an event goes in one of several ways: what is odd goes by ``odd``, and four nowhere."""

    name = "sorting"
    summary = "."
    kind = Kind.ROUTE
    outputs = ("out", "odd")

    def __init__(self, way: str) -> None:
        super().__init__(None)
        self._way = way

    def inline_route(self, scope: Scope, port: str) -> tuple[ast.stmt, ...]:
        ways = {
            "each branch at its end": "if V == 4: P = None\nelif V % 2: P = 'odd'\nelse: P = 'out'",
            "first one way, then another": "P = 'out'\nif V % 2: P = 'odd'\nif V == 4: P = None",
            "a branch that keeps the first": "P = 'out'\nif V % 2: P = 'odd'\nelif V == 4: P = None",
            "more code after it": "P = None if V == 4 else 'odd' if V % 2 else 'out'\nV",
            "in a branch within": "if V < 4:\n    if V % 2: P = 'odd'\n    else: P = 'out'\nelse: P = None",
        }
        value = ast.unparse(scope.value())
        return tuple(ast.parse(ways[self._way].replace("V", value).replace("P", port)).body)


@pytest.mark.parametrize("keeps_odd", [True, False])
@pytest.mark.parametrize(
    "way",
    ["each branch at its end", "first one way, then another", "a branch that keeps the first", "more code after it",
     "in a branch within"],
)  # fmt: skip
def test_an_event_leaves_a_router_once_however_its_code_is_written(way: str, keeps_odd: bool) -> None:
    graph = graph_of(Sorting(way), ("out", "odd"))
    if keeps_odd:
        graph.connect(Endpoint("it", "odd"), Endpoint(GRAPH, "odd"))
    pipeline = compile_graph(graph, name="main")
    results = {port: batch.values for port, batch in pipeline.process(Batch([1, 2, 3, 4], ingest_ns=0))}
    assert results == {"out": [2], "odd": [1, 3]} if keeps_odd else results == {"out": [2]}
    assert sum(pipeline.account()["dropped"]["it"].values()) == (1 if keeps_odd else 3)


def graph_of(operator: Operator, outputs: tuple[str, ...] = ("out",)) -> Graph:
    graph = Graph(outputs=outputs)
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
