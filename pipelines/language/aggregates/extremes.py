"""``min`` and ``max``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from pipelines.language.aggregates.aggregate import AggregateKind, register
from pipelines.language.aggregates.number import to_float


@dataclass(slots=True)
class Minimum:
    """The smallest number. What is not a number (NaN) is smaller than none."""

    least: float | None = None

    def add(self, number: Any) -> None:
        """Raises `BadType` for what is no number."""
        self._take(to_float("min", number))

    def merge(self, narrower: Minimum) -> None:
        """As if all of its numbers had come here."""
        if narrower.least is not None:
            self._take(narrower.least)

    def value(self) -> float:
        """0.0 of no numbers."""
        return 0.0 if self.least is None else self.least

    def _take(self, number: float) -> None:
        # The second comparison is true for NaN only, which any number replaces.
        if self.least is None or number < self.least or self.least != self.least:
            self.least = number


@dataclass(slots=True)
class Maximum:
    """The largest number. What is not a number (NaN) is larger than none."""

    most: float | None = None

    def add(self, number: Any) -> None:
        """Raises `BadType` for what is no number."""
        self._take(to_float("max", number))

    def merge(self, narrower: Maximum) -> None:
        """As if all of its numbers had come here."""
        if narrower.most is not None:
            self._take(narrower.most)

    def value(self) -> float:
        """0.0 of no numbers."""
        return 0.0 if self.most is None else self.most

    def _take(self, number: float) -> None:
        if self.most is None or number > self.most or self.most != self.most:
            self.most = number


register(
    AggregateKind(
        "stats",
        "min",
        1,
        1,
        lambda limits: Minimum(),
        "The smallest of numbers, a float; 0.0 of none.",
        ("aggr::stats::min(event)", "1.0"),
        partial(to_float, "min"),
    )
)
register(
    AggregateKind(
        "stats",
        "max",
        1,
        1,
        lambda limits: Maximum(),
        "The largest of numbers, a float; 0.0 of none.",
        ("aggr::stats::max(event)", "4.0"),
        partial(to_float, "max"),
    )
)
