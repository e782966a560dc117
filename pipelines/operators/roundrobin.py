"""`roundrobin`: deals events out to several outputs in turn."""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_validator

from pipelines.contraflow import Insight, InsightKind
from pipelines.operator import PORT_NAME, Kind, Operator, operators
from pipelines.options import Options

__all__ = ["RoundRobin"]


class RoundRobinOptions(Options):
    """Where to."""

    outputs: list[str] = Field(
        default=["out"],
        min_length=1,
        max_length=64,
        description="Names of the output ports, in the order of turns.",
    )

    @field_validator("outputs")
    @classmethod
    def _distinct(cls, outputs: list[str]) -> list[str]:
        if len(set(outputs)) != len(outputs) or {"err", "overflow"} & set(outputs):
            raise ValueError("the ports must have different names, none of them err or overflow")
        wrong = next((name for name in outputs if not PORT_NAME.fullmatch(name)), None)
        if wrong is not None:
            raise ValueError(
                f"no link can name the port {wrong!r}; use letters, digits, hyphens and underscores"
            )
        return outputs


@operators.register
class RoundRobin(Operator):
    """Events leave by the outputs in turn, leaving out those whose offramp has lost its connection.

    When none is left, they leave by ``overflow``, and what is upstream is told to stop (``close``) until the first
    one is back (``open``).
    """

    name = "roundrobin"
    summary = "Deals events out to several outputs in turn, leaving out closed ones."
    example = """
[pipelines.spread]
operators = [{ type = "roundrobin", outputs = ["a", "b", "c"] }]
"""

    options: RoundRobinOptions
    Options = RoundRobinOptions
    kind = Kind.ROUTE
    changes_values = False
    wants_contraflow = True
    may_fail = False

    def __init__(self, options: RoundRobinOptions | None = None) -> None:
        super().__init__(options)
        self.outputs = (*self.options.outputs, "overflow")
        self._open = list(self.options.outputs)
        self._turn = 0

    def route(self, value: Any, meta: dict[str, Any] | None, ingest_ns: int) -> str:
        """The next open output."""
        if not self._open:
            return "overflow"
        turn = self._turn if self._turn < len(self._open) else 0
        self._turn = turn + 1
        return self._open[turn]

    def on_insight(self, insight: Insight, ports: frozenset[str], now_ns: int) -> Insight | None:
        """Close or open the output; pass it on only when that was the last or the first one.

        News of whoever takes the overflow say nothing about the outputs, and end here.
        """
        if insight.kind not in (InsightKind.CLOSE, InsightKind.OPEN):
            return insight
        was_open = bool(self._open)
        now_open = set(self._open) - ports if insight.kind is InsightKind.CLOSE else set(self._open) | ports
        self._open = [port for port in self.options.outputs if port in now_open]
        return insight if was_open != bool(self._open) else None
