"""``dds``: how floats are distributed, with an error of one percent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import ceil, exp, log, log1p, nan
from sys import float_info
from typing import Any

from pipelines.language.aggregates.aggregate import AggregateKind, register
from pipelines.language.aggregates.percentiles import (
    DEFAULT_PERCENTILES,
    Percentiles,
    parse_percentiles,
    to_magnitude,
)

_ERROR = 0.01
_GROWTH = 2 * _ERROR / (1 - _ERROR)
_GAMMA = 1 + _GROWTH
_LOG_GAMMA = log1p(_GROWTH)
_SMALLEST = 1e-9
_OFFSET = 1 - int(log(_SMALLEST) / _LOG_GAMMA)
_MAX_BINS = 2048
_EXACT_TENTHS = float(2**50)


@dataclass(slots=True)
class DDSketch:
    """Counts in bins whose bounds grow by the factor gamma = (1 + a) / (1 - a), a = 0.01.

    After Masson, Rim and Lee, "DDSketch: A Fast and Fully-Mergeable Quantile Sketch with Relative-Error Guarantees"
    (VLDB 2019), https://arxiv.org/abs/1908.10693: x is in the bin ceil(log(x) / log(gamma)), and the bin k stands for
    2 gamma^k / (gamma + 1). At most 2048 bins are kept, those of the largest numbers; the lowest holds all below it.
    ``bins``: counts by bin, counted so that those up to 1e-9 are in bin 0.
    """

    percentiles: Percentiles | None = None
    count: int = 0
    sum: float = 0.0
    least: float = 0.0
    most: float = float_info.max
    bins: dict[int, int] = field(default_factory=dict)
    top: int = 0

    def add(self, number: Any, percentiles: Any = None) -> None:
        """Count a number; what is negative or no number is left out. The percentiles of the first call that has some
        are used. Raises `Fault` for percentiles that are none.
        """
        if percentiles is not None and self.percentiles is None:
            self.percentiles = parse_percentiles("dds", percentiles)
        magnitude = to_magnitude(number)
        if magnitude is not None:
            value = float(magnitude)
            self._take(1, value, value, value)
            self._count(ceil(log(value) / _LOG_GAMMA) + _OFFSET if value > _SMALLEST else 0, 1)

    def merge(self, narrower: DDSketch) -> None:
        """As if all of its numbers had come here."""
        if self.percentiles is None:
            self.percentiles = narrower.percentiles
        if narrower.count:
            self._take(narrower.count, narrower.sum, narrower.least, narrower.most)
            for key, count in narrower.bins.items():
                self._count(key, count)

    def value(self) -> dict[str, Any]:
        """Count, smallest, largest, mean and percentiles, these rounded up to tenths."""
        return {
            "count": self.count,
            "min": self.least,
            "max": self.most,
            "mean": self.sum / self.count if self.count else nan,
            "percentiles": dict(self._shares()),
        }

    def _take(self, count: int, total: float, least: float, most: float) -> None:
        self.least = min(self.least, least) if self.count else least
        self.most = max(self.most, most) if self.count else most
        self.count += count
        self.sum += total

    def _count(self, key: int, count: int) -> None:
        if key > self.top:
            self.top = key
            lowest = key - _MAX_BINS + 1
            below = [other for other in self.bins if other < lowest]
            if below:
                self.bins[lowest] = self.bins.get(lowest, 0) + sum(self.bins.pop(other) for other in below)
        key = max(key, self.top - _MAX_BINS + 1)
        self.bins[key] = self.bins.get(key, 0) + count

    def _shares(self) -> Iterator[tuple[str, float]]:
        ordered = sorted(self.bins)
        for text, share in DEFAULT_PERCENTILES if self.percentiles is None else self.percentiles:
            yield text, _round_up(self._quantile(share, ordered)) if self.count else 0.0

    def _quantile(self, share: float, ordered: list[int]) -> float:
        if share in (0.0, 1.0):
            return self.most if share else self.least
        rank = int(share * (self.count - 1) + 1)
        seen = 0
        key = 0
        for key in ordered:
            seen += self.bins[key]
            if seen >= rank:
                break
        if key == 0:
            return 0.0
        power = min((key - _OFFSET) * _LOG_GAMMA, 709.0)
        return min(max(2 * exp(power) / (1 + _GAMMA), self.least), self.most)


def _round_up(value: float) -> float:
    return ceil(value * 10) / 10 if value < _EXACT_TENTHS else value


register(
    AggregateKind(
        "stats",
        "dds",
        1,
        2,
        lambda limits: DDSketch(),
        "Count, smallest, largest, mean and percentiles of positive numbers, to one percent.",
        (
            'aggr::stats::dds(event, ["0.5"])',
            '{"count": 4, "min": 1.0, "max": 4.0, "mean": 2.5, "percentiles": {"0.5": 2.0}}',
        ),
    )
)
