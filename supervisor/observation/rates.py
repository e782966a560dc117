"""What happened between two looks at a deployment, per second. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ramps.latency import percentile_seconds
from supervisor.observation.snapshot import ComponentSnapshot, Snapshot

__all__ = ["ComponentRates", "rates_between"]


@dataclass(frozen=True, slots=True)
class ComponentRates:
    """One component between two looks. Rates per second; ``fill`` and ``utilisation`` from 0 to 1."""

    name: str
    kind: str
    executor: int
    state: str
    events_in: float
    events_out: float
    bytes: float
    """Read by an onramp, or written by an offramp."""
    dropped: float
    errors: float
    p50_seconds: float | None
    """Age of the events that an offramp wrote meanwhile; ``None`` where it wrote none."""
    p99_seconds: float | None
    fill: float
    """How full its mailbox is now."""
    utilisation: float
    """Processor time that it used, by time passed."""
    restarts: int
    """Since the start, not per second."""
    blocked_on: str


def rates_between(before: Snapshot, now: Snapshot) -> list[ComponentRates]:
    """For each component of the later look. One that was not there in the earlier one, or whose executor has been
    started again since, begins at nought.
    """
    seconds = max((now.at_ns - before.at_ns) / 1e9, 1e-3)
    earlier = {(part.name, part.executor): part for part in before.components}
    return [_rates(earlier.get((part.name, part.executor)), part, seconds) for part in now.components]


def _rates(before: ComponentSnapshot | None, now: ComponentSnapshot, seconds: float) -> ComponentRates:
    if before is not None and before.received > now.received:
        before = None

    def difference(name: str) -> float:
        return float(max(0, getattr(now, name) - (getattr(before, name) if before else 0)) / seconds)

    latencies = _difference(now.latencies, before.latencies if before else ())
    return ComponentRates(
        name=now.name,
        kind=now.kind,
        executor=now.executor,
        state=now.state,
        events_in=difference("received"),
        events_out=difference("events_out"),
        bytes=difference("read_bytes") + difference("written_bytes"),
        dropped=difference("events_dropped"),
        errors=difference("errors"),
        p50_seconds=percentile_seconds(latencies, 50),
        p99_seconds=percentile_seconds(latencies, 99),
        fill=now.waiting / now.max_waiting if now.max_waiting else 0.0,
        utilisation=min(1.0, difference("cpu_seconds")),
        restarts=now.restarts,
        blocked_on=now.blocked_on,
    )


def _difference(now: Iterable[int], before: tuple[int, ...]) -> list[int]:
    now = list(now)
    return [max(0, after - earlier) for after, earlier in zip(now, before or [0] * len(now), strict=True)]
