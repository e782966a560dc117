"""The nodes of a query: what `create` made, and which ports it has."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from pipelines.graph import GRAPH, Endpoint
from pipelines.language.closest import closest
from pipelines.language.diagnostic import Problems
from pipelines.language.source import Span
from pipelines.language.tree import Port
from pipelines.operator import PORT_NAME, Operator

__all__ = ["RESERVED", "Node", "Nodes"]

RESERVED = ("in", "out", "err")
"""The ends of the pipeline; no node is called so."""


@dataclass(slots=True)
class Node:
    """One node: a ``stream``, ``script`` or ``operator``.

    ``make`` makes its operator, given the output ports that selects read from; a stream has none. ``inputs`` and
    ``outputs`` are its ports, ``open`` says that it may have any other output as well. ``broken``: something was wrong
    with it, which was told. ``python``: what a script became, and ``growth`` how many times as large its results can
    be. ``read``: the output ports that selects read from.
    """

    kind: str
    span: Span
    make: Callable[[Collection[str]], Operator] | None = None
    inputs: tuple[str, ...] = ("in",)
    outputs: tuple[str, ...] = ("out",)
    open: bool = False
    broken: bool = False
    python: Callable[[], str] | None = None
    growth: float = 1.0
    read: dict[str, None] = field(default_factory=dict)


class Nodes:
    """All nodes by name, and the inputs and outputs of the pipeline that selects name."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self.by_name: dict[str, Node] = {}
        self.inputs: dict[str, None] = {}
        self.outputs: dict[str, None] = dict.fromkeys(("out", "err"))

    def add(self, name: str, node: Node) -> None:
        """Add one; an error is noted if there is one of that name already."""
        before = self.by_name.get(name)
        if name in RESERVED:
            self._problems.error(
                f"a {node.kind} cannot be called `{name}`",
                node.span,
                "`in`, `out` and `err` are the ends of the pipeline",
                "defined-twice",
            )
        elif before is not None:
            self._problems.error(
                f"there are two nodes of the name `{name}`",
                node.span,
                f"the first one, a {before.kind}, is in line {before.span.line}; give this one another name",
                "defined-twice",
            )
        else:
            self.by_name[name] = node

    def source(self, port: Port) -> Endpoint | None:
        """What ``from`` names; ``None``, with an error or a warning noted, if nothing comes from there."""
        if port.name == "in":
            name = self._outer_port(port, "in")
            if name is None:
                return None
            self.inputs[name] = None
            return Endpoint(GRAPH, name)
        node = self._find(port, "`from`")
        if node is None or node.broken:
            return None
        name = port.port or "out"
        known = [port for port in node.outputs if PORT_NAME.fullmatch(port)]
        if name not in (*known, "err") or (node.kind == "stream" and name == "err"):
            if node.kind != "script":
                self._no_port(port, node, "output", known)
                return None
            if not node.open:
                near = closest(name, known)
                self._problems.warning(
                    f"the script `{port.name}` never emits to `{name}`",
                    port.span,
                    f"did you mean `{near}`?" if near else "",
                    "unused-port",
                )
                return None
        node.read[name] = None
        return Endpoint(port.name, name)

    def sink(self, port: Port) -> Endpoint | None:
        """What ``into`` names; ``None`` with an error noted if nothing can go there."""
        if port.name == "out":
            name = self._outer_port(port, "out")
            if name is None:
                return None
            self.outputs[name] = None
            return Endpoint(GRAPH, name)
        if port.name == "err" and port.port is None:
            return Endpoint(GRAPH, "err")
        node = self._find(port, "`into`")
        if node is None or node.broken:
            return None
        name = port.port or (node.inputs[0] if node.inputs else "in")
        if name in node.inputs:
            return Endpoint(port.name, name)
        self._no_port(port, node, "input", node.inputs)
        return None

    def _outer_port(self, port: Port, default: str) -> str | None:
        name = port.port or default
        if PORT_NAME.fullmatch(name):
            return name
        hint = "use letters, digits, hyphens and underscores"
        self._problems.error(f"`{name}` cannot be the name of a port", port.span, hint, "undefined-port")
        return None

    def _find(self, port: Port, word: str) -> Node | None:
        node = self.by_name.get(port.name)
        if node is not None:
            return node
        if port.name in RESERVED:
            ways = "nothing comes from an output" if word == "`from`" else "nothing can be sent to an input"
            known = "it can be read `from` a stream, a script or an operator" if word == "`from`" else ""
            self._problems.error(f"{ways} of the pipeline", port.span, known, "undefined-stream")
            return None
        ends: Mapping[str, object] = {**self.by_name, ("in" if word == "`from`" else "out"): None}
        near = closest(port.name, ends)
        hint = (
            f"did you mean `{near}`?" if near else f"add `create stream {port.name};`, or name another node"
        )
        self._problems.error(
            f"there is no stream, script or operator `{port.name}`", port.span, hint, "undefined-stream"
        )
        return None

    def _no_port(self, port: Port, node: Node, direction: str, known: Sequence[str]) -> None:
        near = closest(port.port or "", known)
        hint = f"did you mean `{near}`?" if near else f"its {direction}s: {', '.join(known) or 'none'}"
        self._problems.error(
            f"the {node.kind} `{port.name}` has no {direction} `{port.port}`",
            port.span,
            hint,
            "undefined-port",
        )
