"""``hdr``: how integers are distributed, with two significant digits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import ceil, sqrt
from typing import Any

from pipelines.language.aggregates.aggregate import AggregateKind, register
from pipelines.language.aggregates.percentiles import (
    DEFAULT_PERCENTILES,
    Percentiles,
    parse_percentiles,
    to_magnitude,
)
from pipelines.language.values import UNSIGNED_MAX

_PRECISION_BITS = 8
"""Numbers of so many bits have a bucket of their own, which is enough for two decimal digits."""


@dataclass(slots=True)
class HdrHistogram:
    """Counts in buckets whose width grows with the number, after Gil Tene's HdrHistogram (http://hdrhistogram.org).

    A bucket holds the numbers that agree in their eight most significant bits, so that there are 256 + 56 * 128 at
    most for all 64-bit numbers. ``buckets``: counts by the smallest number of the bucket.
    """

    percentiles: Percentiles | None = None
    buckets: dict[int, int] = field(default_factory=dict)

    def add(self, number: Any, percentiles: Any = None) -> None:
        """Count a number without its fraction; what is negative or no number is left out. The percentiles of the first
        call that has some are used. Raises `Fault` for percentiles that are none.
        """
        if percentiles is not None and self.percentiles is None:
            self.percentiles = parse_percentiles("hdr", percentiles)
        magnitude = to_magnitude(number)
        if magnitude is not None:
            whole = min(int(magnitude), UNSIGNED_MAX)
            exponent = max(0, whole.bit_length() - _PRECISION_BITS)
            lowest = whole >> exponent << exponent
            self.buckets[lowest] = self.buckets.get(lowest, 0) + 1

    def merge(self, narrower: HdrHistogram) -> None:
        """As if all of its numbers had come here."""
        if self.percentiles is None:
            self.percentiles = narrower.percentiles
        for lowest, count in narrower.buckets.items():
            self.buckets[lowest] = self.buckets.get(lowest, 0) + count

    def value(self) -> dict[str, Any]:
        """Count, smallest, largest, mean, deviations and percentiles; all 0 of no numbers.

        A bucket counts as its middle for the mean and the deviations (of all numbers, not of a sample), and as its
        largest number otherwise.
        """
        total = sum(self.buckets.values())
        mean = (
            sum(_middle(lowest) * count for lowest, count in self.buckets.items()) / total if total else 0.0
        )
        squares = sum((_middle(lowest) - mean) ** 2 * count for lowest, count in self.buckets.items())
        deviation = sqrt(squares / total) if total else 0.0
        return {
            "count": total,
            "min": min(self.buckets, default=0),
            "max": _highest(max(self.buckets, default=0)),
            "mean": mean,
            "stdev": deviation,
            "var": deviation * deviation,
            "percentiles": dict(self._shares(total)),
        }

    def _shares(self, total: int) -> Iterator[tuple[str, int]]:
        ordered = sorted(self.buckets)
        for text, share in DEFAULT_PERCENTILES if self.percentiles is None else self.percentiles:
            wanted = max(1, ceil(share * total))
            seen = 0
            for lowest in ordered:
                seen += self.buckets[lowest]
                if seen >= wanted:
                    yield text, _highest(lowest)
                    break
            else:
                yield text, 0


def _width(lowest: int) -> int:
    return 1 << max(0, lowest.bit_length() - _PRECISION_BITS)


def _highest(lowest: int) -> int:
    return lowest + _width(lowest) - 1


def _middle(lowest: int) -> int:
    return lowest + _width(lowest) // 2


register(
    AggregateKind(
        "stats",
        "hdr",
        1,
        2,
        lambda limits: HdrHistogram(),
        "Count, smallest, largest, mean, deviations and percentiles of positive integers, to two digits.",
        (
            'aggr::stats::hdr(event, ["0.5"])',
            '{"count": 4, "min": 1, "max": 4, "mean": 2.5, "stdev": 1.118033988749895, "var": 1.2500000000000002, '
            '"percentiles": {"0.5": 2}}',
        ),
    )
)
