"""`batch`: joins events into one."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from pipelines.batch import Batch as EventBatch
from pipelines.emit import Emit
from pipelines.operator import Kind, Operator, operators
from pipelines.options import Duration, Options
from pipelines.ticket import HeldTickets

__all__ = ["Batch"]


class BatchOptions(Options):
    """When an event leaves."""

    count: int = Field(ge=1, le=1_000_000, description="Events in one.")
    timeout: Duration | None = Field(
        None, description="Do not wait for more than this long, though fewer are there."
    )


@operators.register
class Batch(Operator):
    """One event leaves for each ``count`` that came in; what has waited for ``timeout`` leaves with fewer.

    The event leaves when count events are there, when the first of them has waited for timeout, and
    at the end of the stream; never an empty one. It has the time and the origin of the last event
    in it, and no metadata.
    """

    name = "batch"
    summary = "Joins events into one, whose value is the list of theirs."
    example = """
[pipelines.bulk]
operators = [{ type = "batch", count = 100, timeout = "1s" }]
"""

    options: BatchOptions
    Options = BatchOptions
    kind = Kind.HOLD
    holds_tickets = True

    def __init__(self, options: BatchOptions | None = None) -> None:
        super().__init__(options)
        timeout = self.options.timeout
        self._timeout_ns = None if timeout is None else round(timeout * 1e9)
        self.wants_ticks = timeout is not None
        self._values: list[Any] = []
        self._first_ns = 0
        self._last: EventBatch | None = None
        self._tickets = HeldTickets()

    def hold(self, value: Any, meta: dict[str, Any] | None, batch: EventBatch) -> tuple[Emit, ...]:
        """Take one more; the list, if that makes it full or it has waited long enough."""
        if not self._values:
            self._first_ns = batch.ingest_ns
        self._values.append(value)
        self._last = batch
        if len(self._values) >= self.options.count or self._is_due(batch.ingest_ns):
            self._tickets.hand_to(batch)
            return (Emit(self._take()),)
        self._tickets.add(batch)
        self.held = len(self._values)
        return ()

    def release(self, now_ns: int) -> list[tuple[str, EventBatch]]:
        """The list, if it has waited long enough."""
        return self.finish() if self._is_due(now_ns) else []

    def finish(self) -> list[tuple[str, EventBatch]]:
        """The list, if anything is in it."""
        if not self._values or self._last is None:
            return []
        last = self._last
        size = last.size * len(self._values) // max(1, len(last.values))
        # Before the values: what they are of must have failed when they are lost on the way.
        ticket = self._tickets.take()
        given_out = EventBatch(
            [self._take()],
            ingest_ns=last.ingest_ns,
            origin=last.origin,
            size=size,
            route=last.route,
            ticket=ticket,
        )
        return [("out", given_out)]

    def _is_due(self, now_ns: int) -> bool:
        return bool(
            self._values and self._timeout_ns is not None and now_ns - self._first_ns >= self._timeout_ns
        )

    def _take(self) -> list[Any]:
        values = self._values
        self.merged += len(values) - 1
        self._values, self._last, self.held = [], None, 0
        return values
