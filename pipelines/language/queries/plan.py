"""`Plan`: the steps and edges of a query, from which any number of graphs are made."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field

from pipelines.graph import GRAPH, Endpoint, Graph
from pipelines.language.source import Span
from pipelines.operator import Inline, Kind, Operator, Scope
from pipelines.syntax import constant

__all__ = ["Plan", "Step"]


@dataclass(frozen=True, slots=True)
class Step:
    """An operator of the graph. ``make`` makes one with a state of its own; ``span`` is where it was written;
    ``python`` tells what Python its text became, if it has one. What leaves is at most ``growth`` times as large as
    what comes in.
    """

    id: str
    make: Callable[[], Operator]
    span: Span
    python: Callable[[], str] | None = None
    growth: float = 1.0


@dataclass(slots=True)
class Plan:
    """What a query comes to. Edges are in the order in which events are to go along them."""

    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=lambda: ["out", "err"])
    steps: list[Step] = field(default_factory=list)
    edges: list[tuple[Endpoint, Endpoint]] = field(default_factory=list)

    def graph(self) -> Graph:
        """A new graph of new operators."""
        graph = Graph(self.inputs, self.outputs)
        for index, step in enumerate(self.steps):
            graph.add(step.id, step.make(), ("steps", index))
        for source, target in self.edges:
            graph.connect(source, target)
        return graph

    def labelled_graph(self) -> Graph:
        """The same, but everything leaves by ``out`` in the order in which it was made, as a pair of port and value."""
        graph = Graph(self.inputs, ["out"])
        for step in self.steps:
            graph.add(step.id, step.make())
        for port in self.outputs:
            graph.add(_label(port), _Label(port))
        leads = {source for source, _ in self.edges}
        errors = [Endpoint(step.id, "err") for step in self.steps]
        edges = [*self.edges, *((end, Endpoint(GRAPH, "err")) for end in errors if end not in leads)]
        for source, target in edges:
            if target.node == GRAPH:
                target = Endpoint(_label(target.port), "in")
            graph.connect(source, target)
        for port in self.outputs:
            graph.connect(Endpoint(_label(port), "out"), Endpoint(GRAPH, "out"))
        return graph


def _label(port: str) -> str:
    # No step is called so: their ids hold a line's number, or are names of the query, which are not empty.
    return f"/{port}"


class _Label(Operator):
    """Writes the port next to the value."""

    name = "label"
    summary = "Writes the port next to the value."
    kind = Kind.INLINE
    may_fail = False

    def __init__(self, port: str) -> None:
        super().__init__(None)
        self._port = port

    def inline(self, scope: Scope) -> Inline:
        """One tuple."""
        return Inline(value=ast.Tuple([constant(self._port), scope.value()], ast.Load()))
