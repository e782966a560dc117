"""``count``, ``sum``, ``mean``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from pipelines.language.aggregates.aggregate import AggregateKind, register
from pipelines.language.aggregates.number import to_float


@dataclass(slots=True)
class Count:
    """How many events there were."""

    count: int = 0

    def add(self) -> None:
        """Count one."""
        self.count += 1

    def merge(self, narrower: Count) -> None:
        """Count those of the narrower window."""
        self.count += narrower.count

    def value(self) -> int:
        """The number."""
        return self.count


@dataclass(slots=True)
class Sum:
    """The sum of numbers, 0.0 of none."""

    sum: float = 0.0

    def add(self, number: Any) -> None:
        """Raises `BadType` for what is no number."""
        self.sum += to_float("sum", number)

    def merge(self, narrower: Sum) -> None:
        """Add the narrower window's sum."""
        self.sum += narrower.sum

    def value(self) -> float:
        """Always a float."""
        return self.sum


@dataclass(slots=True)
class Mean:
    """The arithmetic mean of numbers."""

    count: int = 0
    sum: float = 0.0

    def add(self, number: Any) -> None:
        """Raises `BadType` for what is no number."""
        self.sum += to_float("mean", number)
        self.count += 1

    def merge(self, narrower: Mean) -> None:
        """As if all of its numbers had come here."""
        self.sum += narrower.sum
        self.count += narrower.count

    def value(self) -> float | None:
        """``None`` of no numbers."""
        return self.sum / self.count if self.count else None


register(
    AggregateKind(
        "stats",
        "count",
        0,
        0,
        lambda limits: Count(),
        "How many events there were.",
        ("aggr::stats::count()", "4"),
        lambda: None,
    )
)
register(
    AggregateKind(
        "stats",
        "sum",
        1,
        1,
        lambda limits: Sum(),
        "The sum of numbers, a float.",
        ("aggr::stats::sum(event)", "10.0"),
        partial(to_float, "sum"),
    )
)
register(
    AggregateKind(
        "stats",
        "mean",
        1,
        1,
        lambda limits: Mean(),
        "The mean of numbers; null of none.",
        ("aggr::stats::mean(event)", "2.5"),
        partial(to_float, "mean"),
    )
)
