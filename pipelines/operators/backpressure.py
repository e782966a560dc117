"""`backpressure`: sends events elsewhere while downstream is slow or failing."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from pipelines.contraflow import Insight, InsightKind
from pipelines.operator import Kind, Operator, operators
from pipelines.options import Duration, Options
from pipelines.quality_of_service import is_good

__all__ = ["Backpressure"]

_STEPS: list[Any] = ["50ms", "100ms", "250ms", "500ms", "1s", "5s", "10s"]


class BackpressureOptions(Options):
    """When to back off, and for how long."""

    timeout: Duration = Field(
        gt=0, description="A write that takes longer counts as bad, as one that fails does."
    )
    steps: list[Duration] = Field(
        default=_STEPS,
        min_length=1,
        max_length=64,
        description="How long to back off after the first bad write, after the next one, and so on.",
    )
    probes: int = Field(
        default=1,
        ge=1,
        description="Events that are let through after each such time, to see how things are.",
    )


@operators.register
class Backpressure(Operator):
    """While downstream does well, events leave by ``out``.

    After a bad write they leave by ``overflow``, except for ``probes`` of them each time that the current step has
    passed: if those go well all is as before, if not the next, longer step begins. Only what is answered after a probe
    was sent counts, so that the answers to what was under way before do not climb all steps at once. Closed and opened
    connections are answers too, and go no further up.
    """

    name = "backpressure"
    summary = "Sends events elsewhere while downstream is slow or failing."
    example = """
[pipelines.protect]
operators = [{ type = "backpressure", timeout = "100ms", steps = ["50ms", "250ms", "1s"] }]
"""

    options: BackpressureOptions
    Options = BackpressureOptions
    kind = Kind.ROUTE
    outputs = ("out", "overflow")
    changes_values = False
    wants_contraflow = True
    may_fail = False

    def __init__(self, options: BackpressureOptions | None = None) -> None:
        super().__init__(options)
        self._steps_ns = [round(step * 1e9) for step in self.options.steps]
        self._step = -1
        self._next_probe_ns = 0
        self._probes_left = 0
        self._probed = False

    def route(self, value: Any, meta: dict[str, Any] | None, ingest_ns: int) -> str:
        """Out, while all is well or as a probe."""
        if self._step < 0:
            return "out"
        now_ns = self.clock_ns()
        if now_ns >= self._next_probe_ns:
            self._next_probe_ns = now_ns + self._steps_ns[self._step]
            self._probes_left = self.options.probes
        if not self._probes_left:
            return "overflow"
        self._probes_left -= 1
        self._probed = True
        return "out"

    def on_insight(self, insight: Insight, ports: frozenset[str], now_ns: int) -> Insight | None:
        """Back off further, or no more."""
        if "out" not in ports:
            return insight
        if insight.kind is InsightKind.OPEN or (self._probed and is_good(insight, self.options.timeout)):
            self._step = -1
        elif (self._probed or self._step < 0) and not is_good(insight, self.options.timeout):
            self._step = min(self._step + 1, len(self._steps_ns) - 1)
            self._next_probe_ns = now_ns + self._steps_ns[self._step]
            self._probes_left = 0
            self._probed = False
        return None if insight.kind in (InsightKind.CLOSE, InsightKind.OPEN) else insight
