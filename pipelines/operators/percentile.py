"""`percentile`: sends only as large a part of the events on as downstream bears."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from pipelines.contraflow import Insight
from pipelines.operator import Kind, Operator, operators
from pipelines.options import Duration, Options
from pipelines.quality_of_service import is_good

__all__ = ["Percentile"]


class PercentileOptions(Options):
    """How the part grows and shrinks."""

    timeout: Duration = Field(
        gt=0, description="A write that takes longer counts as bad, as one that fails does."
    )
    step_down: float = Field(
        default=0.05, gt=0, le=1, description="How much less is let through after a bad write."
    )
    step_up: float = Field(
        default=0.001, gt=0, le=1, description="How much more is let through after a good write."
    )
    floor: float = Field(
        default=0.01,
        ge=0,
        le=1,
        description="The part that is always let through, so that recovery can be seen.",
    )


@operators.register
class Percentile(Operator):
    """The part begins at all events, shrinks with each bad write and grows with each good one; the rest overflow.

    The events that leave by ``out`` are spread evenly: with a part of 0.75, three in four, not three hundred in a row.
    """

    name = "percentile"
    summary = "Sends only as large a part of the events on as downstream bears."
    example = """
[pipelines.shed]
operators = [{ type = "percentile", timeout = "100ms" }]
"""

    options: PercentileOptions
    Options = PercentileOptions
    kind = Kind.ROUTE
    outputs = ("out", "overflow")
    changes_values = False
    wants_contraflow = True
    may_fail = False

    def __init__(self, options: PercentileOptions | None = None) -> None:
        super().__init__(options)
        self._part = 1.0
        self._credit = 0.0

    def route(self, value: Any, meta: dict[str, Any] | None, ingest_ns: int) -> str:
        """Out, for this part of the events."""
        self._credit += self._part
        if self._credit < 1.0:
            return "overflow"
        self._credit -= 1.0
        return "out"

    def on_insight(self, insight: Insight, ports: frozenset[str], now_ns: int) -> Insight | None:
        """More, or less. The insight goes on up as it is."""
        if "out" in ports:
            good = is_good(insight, self.options.timeout)
            step = self.options.step_up if good else -self.options.step_down
            self._part = min(1.0, max(self.options.floor, self._part + step))
        return insight
