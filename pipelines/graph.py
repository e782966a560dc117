"""`Graph`: operators, and the edges between their ports. Checked as a whole, so that all mistakes show at once."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pipelines.errors import ConfigurationError
from pipelines.operator import Kind, Operator

__all__ = ["GRAPH", "Endpoint", "Graph", "Node", "chain"]

GRAPH = ""
"""The node id that stands for the pipeline itself: its inputs are sources of edges, its outputs are targets."""

Path = tuple[str | int, ...]


class Endpoint(NamedTuple):
    """One end of an edge: an operator's id (or `GRAPH`) and a port."""

    node: str
    port: str

    def __str__(self) -> str:
        return f"{self.node}/{self.port}" if self.node else self.port


@dataclass(frozen=True, slots=True)
class Node:
    """An operator in a graph. ``path`` leads to it in the user's text."""

    id: str
    operator: Operator
    path: Path = ()


@dataclass(frozen=True, slots=True)
class _Edge:
    source: Endpoint
    target: Endpoint
    path: Path


class Graph:
    """Operators by id, joined by edges from output ports to input ports.

    ``inputs`` and ``outputs`` are the ports of the pipeline; ``err`` is always among the outputs, and takes what
    leaves by an operator's ``err`` port that has no edge of its own, so that no failure goes unseen. Nothing is
    refused while the graph is built: `check` tells everything at once.
    """

    def __init__(self, inputs: Iterable[str] = ("in",), outputs: Iterable[str] = ("out",)) -> None:
        self.inputs = tuple(dict.fromkeys(inputs))
        self.outputs = tuple(dict.fromkeys((*outputs, "err")))
        self.nodes: dict[str, Node] = {}
        self._edges: list[_Edge] = []
        self._targets: dict[Endpoint, list[Endpoint]] = {}
        self._duplicates: list[Node] = []

    def add(self, node_id: str, operator: Operator, path: Path = ()) -> None:
        """Add an operator under an id of its own."""
        node = Node(node_id, operator, path)
        if node_id in self.nodes or not node_id:
            self._duplicates.append(node)
        else:
            self.nodes[node_id] = node

    def connect(self, source: Endpoint, target: Endpoint, path: Path = ()) -> None:
        """Send what leaves by ``source`` to ``target``. Saying it twice sends it once."""
        targets = self._targets.setdefault(source, [])
        if target not in targets:
            targets.append(target)
            self._edges.append(_Edge(source, target, path))

    def targets(self, source: Endpoint) -> list[Endpoint]:
        """Where an output port (or an input of the pipeline) leads, in the order of `connect`."""
        targets = self._targets.get(source, [])
        if not targets and source.node and source.port == "err":
            return [Endpoint(GRAPH, "err")]
        return targets

    def successors(self, node_id: str) -> list[str]:
        """The operators that an operator's ports lead to; ``GRAPH`` for what its inputs lead to."""
        if node_id == GRAPH:
            ports: tuple[str, ...] = self.inputs
        else:
            ports = (*self.nodes[node_id].operator.outputs, "err")
        found = [target.node for port in ports for target in self.targets(Endpoint(node_id, port))]
        return [node for node in dict.fromkeys(found) if node in self.nodes]

    def fan_in(self) -> Counter[str]:
        """How many edges lead to each operator."""
        return Counter(edge.target.node for edge in self._edges)

    def reachable(self) -> set[str]:
        """The operators that events can come to."""
        found: set[str] = set()
        pending = self.successors(GRAPH)
        while pending:
            node = pending.pop()
            if node not in found:
                found.add(node)
                pending.extend(self.successors(node))
        return found

    def in_order(self) -> list[Node]:
        """The reachable operators of a graph without cycles, each before those that it leads to."""
        found: dict[str, None] = {}
        entered: set[str] = set()
        pending = [(node, False) for node in reversed(self.successors(GRAPH))]
        while pending:
            node, left = pending.pop()
            if left:
                found[node] = None
            elif node not in entered:
                entered.add(node)
                pending.append((node, True))
                pending.extend((after, False) for after in self.successors(node))
        return [self.nodes[node] for node in reversed(found)]

    def check(self) -> list[ConfigurationError]:
        """Every reason why this graph cannot be compiled; an empty list if it can."""
        problems = [
            ConfigurationError(
                f"two operators are called {node.id!r}" if node.id else "an operator has an empty id",
                node.path,
                "give each operator an id of its own",
            )
            for node in self._duplicates
        ]
        for edge in self._edges:
            problems.extend(self._check_end(edge, edge.source, is_source=True))
            problems.extend(self._check_end(edge, edge.target, is_source=False))
        problems.extend(self._check_inputs())
        problems.extend(self._check_cycles())
        problems.extend(self._check_alone())
        return problems

    def warnings(self) -> list[ConfigurationError]:
        """What is surely not meant, but can run: operators that no event comes to."""
        reachable = self.reachable()
        return [
            ConfigurationError(
                f"no event ever comes to the operator {node.id!r}",
                node.path,
                "connect its input, or remove it",
            )
            for node in self.nodes.values()
            if node.id not in reachable
        ]

    def _check_end(self, edge: _Edge, end: Endpoint, *, is_source: bool) -> list[ConfigurationError]:
        where = f"the edge {edge.source} -> {edge.target}"
        if end.node == GRAPH:
            known, owner = (self.inputs, "the pipeline") if is_source else (self.outputs, "the pipeline")
        elif end.node in self.nodes:
            operator = self.nodes[end.node].operator
            known = (*operator.outputs, "err") if is_source else operator.inputs
            owner = f"the operator {end.node!r}"
        else:
            hint = _closest(end.node, self.nodes) or f"known: {', '.join(self.nodes) or 'none'}"
            return [ConfigurationError(f"{where}: there is no operator {end.node!r}", edge.path, hint)]
        if end.port in known:
            return []
        # Seen from outside, an input of the pipeline is what an edge inside it starts from.
        direction = "output" if is_source != (end.node == GRAPH) else "input"
        hint = _closest(end.port, known) or f"its {direction}s: {', '.join(known)}"
        return [ConfigurationError(f"{where}: {owner} has no {direction} port {end.port!r}", edge.path, hint)]

    def _check_inputs(self) -> list[ConfigurationError]:
        problems = [
            ConfigurationError(
                f"the pipeline's input {port!r} leads nowhere", (), "connect it, or do not declare it"
            )
            for port in self.inputs
            if not self.targets(Endpoint(GRAPH, port))
        ]
        reached = {edge.target for edge in self._edges}
        for node_id in sorted(self.reachable()):
            node = self.nodes[node_id]
            if len(node.operator.inputs) > 1 and node.operator.kind is not Kind.BATCH:
                message = f"the operator {node_id!r} has several inputs, which only one that takes whole batches can"
                problems.append(ConfigurationError(message, node.path, "give it one input"))
            problems.extend(
                ConfigurationError(
                    f"nothing leads to the input {port!r} of the operator {node_id!r}",
                    node.path,
                    "connect it",
                )
                for port in node.operator.inputs
                if Endpoint(node_id, port) not in reached
            )
        return problems

    def _check_alone(self) -> list[ConfigurationError]:
        # What came before it could get lost there. What comes after it could crash the pipeline, and would again with
        # whatever was stored: only a batch in a mailbox is given up when it has done so a few times.
        neighbours = {
            (one, other)
            for edge in self._edges
            for one, other in ((edge.source.node, edge.target.node), (edge.target.node, edge.source.node))
        }
        return [
            ConfigurationError(
                f"the operator {one!r} has to stand alone in its pipeline, and here is {other!r} as well",
                self.nodes[one].path,
                "put what comes before or after it into a pipeline of its own",
            )
            for one, other in sorted(neighbours)
            if other != GRAPH and one in self.nodes and self.nodes[one].operator.takes_over
        ]

    def takes_over(self) -> bool:
        """Whether each event that comes in meets an operator first that takes it over (`Operator.takes_over`)."""
        first = [target for port in self.inputs for target in self.targets(Endpoint(GRAPH, port))]
        return bool(first) and all(
            target.node in self.nodes and self.nodes[target.node].operator.takes_over for target in first
        )

    def _check_cycles(self) -> list[ConfigurationError]:
        problems = []
        done: set[str] = set()
        for start in self.nodes:
            walk: list[tuple[str, list[str]]] = [(start, self.successors(start))] if start not in done else []
            on_walk = {start}
            while walk:
                node, after = walk[-1]
                if not after:
                    walk.pop()
                    on_walk.discard(node)
                    done.add(node)
                    continue
                following = after.pop(0)
                if following in on_walk:
                    ids = [step for step, _ in walk]
                    cycle = [*ids[ids.index(following) :], following]
                    message = f"operators lead back to themselves: {' -> '.join(cycle)}"
                    hint = "take one of these edges away"
                    problems.append(ConfigurationError(message, self.nodes[following].path, hint))
                elif following not in done:
                    walk.append((following, self.successors(following)))
                    on_walk.add(following)
        return problems


def _closest(word: str, known: Iterable[str]) -> str:
    matches = difflib.get_close_matches(word, list(known), n=1)
    return f"did you mean {matches[0]!r}?" if matches else ""


def chain(operators: Sequence[Operator], *, path: Path = ("operators",)) -> Graph:
    """The graph of operators in a row: ``in``, the first, … the last, ``out``.

    Each is called by its name (``filter``, and ``filter-2`` where it stands for the second time). Their other ports
    (``overflow``, ``alerts``) become ports of the pipeline; those of the last one may do without an ``out``. Raises
    `ConfigurationError` if one that others follow has no ``out``.
    """
    extra = [port for operator in operators for port in operator.outputs if port != "out"]
    ends_with_out = not operators or "out" in operators[-1].outputs
    graph = Graph(outputs=[*(["out"] if ends_with_out else []), *extra])
    seen: dict[str, int] = {}
    source = Endpoint(GRAPH, "in")
    for index, operator in enumerate(operators):
        seen[operator.name] = count = seen.get(operator.name, 0) + 1
        node_id = operator.name if count == 1 else f"{operator.name}-{count}"
        here = (*path, index)
        graph.add(node_id, operator, here)
        if operator.inputs != ("in",):
            message = f"the operator {node_id!r} does not fit in a chain: its inputs are {', '.join(operator.inputs)}"
            raise ConfigurationError(message, here, "build a graph instead")
        graph.connect(source, Endpoint(node_id, "in"), here)
        for port in operator.outputs:
            if port != "out":
                graph.connect(Endpoint(node_id, port), Endpoint(GRAPH, port), here)
        if "out" not in operator.outputs and index + 1 < len(operators):
            message = f"the operator {node_id!r} has no port 'out', so no other can follow it"
            raise ConfigurationError(
                message, here, f"its ports: {', '.join(operator.outputs)}; make it the last one"
            )
        source = Endpoint(node_id, "out")
    if ends_with_out:
        graph.connect(source, Endpoint(GRAPH, "out"), path)
    return graph
