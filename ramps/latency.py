"""`Latencies`: how old events were when the outside had them, in fixed buckets that add up over processes."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

__all__ = ["BOUNDS_SECONDS", "Latencies", "percentile_seconds"]

BOUNDS_SECONDS = tuple(0.0001 * (1 << step) for step in range(21))
"""The upper bounds of all buckets but the last, which has none: 0.1 ms, doubling up to 105 s."""

_BOUNDS_NS = [round(bound * 1e9) for bound in BOUNDS_SECONDS]


class Latencies:
    """Counts by bucket. Recording a batch is one search among 21 numbers, so it may be done for each."""

    __slots__ = ("counts", "total_ns")

    def __init__(self) -> None:
        self.counts = [0] * (len(_BOUNDS_NS) + 1)
        """Events in each bucket."""
        self.total_ns = 0
        """The sum of all ages, nanoseconds."""

    def record(self, age_ns: int, events: int) -> None:
        """Count events of one age. One below nought (a clock that was set back) counts as nought."""
        if age_ns < 0:
            age_ns = 0
        self.counts[bisect_left(_BOUNDS_NS, age_ns)] += events
        self.total_ns += age_ns * events


def percentile_seconds(counts: Sequence[int], percent: float) -> float | None:
    """The age that ``percent`` (0 to 100) of the counted events did not exceed, interpolated within its bucket; the
    largest bound for what is beyond it. ``None`` without events.
    """
    count = sum(counts)
    if not count:
        return None
    wanted = count * percent / 100
    seen = 0
    for bucket, number in enumerate(counts):
        if number and seen + number >= wanted:
            if bucket == len(BOUNDS_SECONDS):
                return BOUNDS_SECONDS[-1]
            low = BOUNDS_SECONDS[bucket - 1] if bucket else 0.0
            return low + (BOUNDS_SECONDS[bucket] - low) * max(0.0, wanted - seen) / number
        seen += number
    return BOUNDS_SECONDS[-1]
