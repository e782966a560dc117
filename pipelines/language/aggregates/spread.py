"""``var`` and ``stdev``: how far numbers lie apart."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from math import nan, sqrt
from typing import Any

from pipelines.language.aggregates.aggregate import AggregateKind, register
from pipelines.language.aggregates.number import to_float


@dataclass(slots=True)
class Variance:
    """The variance of a sample, from sums of the differences to the first number.

    With x' = x - first it is (sum(x'^2) - sum(x')^2 / n) / (n - 1), the "shifted data" algorithm of Chan, Golub and
    LeVeque, "Algorithms for Computing the Sample Variance" (1983): a shift that is near the mean keeps the two sums
    small, so that little is lost by their difference.
    """

    name: str
    count: int = 0
    first: float = 0.0
    sum: float = 0.0
    squares: float = 0.0

    def add(self, number: Any) -> None:
        """Raises `BadType` for what is no number."""
        number = to_float(self.name, number)
        if not self.count:
            self.first = number
        difference = number - self.first
        self.count += 1
        self.sum += difference
        self.squares += difference * difference

    def merge(self, narrower: Variance) -> None:
        """As if all of its numbers had come here: its sums, shifted by the distance d of the two first numbers.

        sum(x' + d) = sum(x') + n d, and sum((x' + d)^2) = sum(x'^2) + 2 d sum(x') + n d^2.
        """
        if not self.count:
            self.first = narrower.first
        shift = narrower.first - self.first
        self.count += narrower.count
        self.sum += narrower.sum + narrower.count * shift
        self.squares += narrower.squares + 2 * shift * narrower.sum + narrower.count * shift * shift

    def value(self) -> float:
        """0.0 of no numbers, not a number of one."""
        if self.count < 2:
            return nan if self.count else 0.0
        variance = (self.squares - self.sum * self.sum / self.count) / (self.count - 1)
        return 0.0 if variance < 0.0 else variance


@dataclass(slots=True)
class Deviation(Variance):
    """The standard deviation of a sample, the square root of its variance."""

    def value(self) -> float:
        """0.0 of no numbers, not a number of one."""
        return sqrt(Variance.value(self))


register(
    AggregateKind(
        "stats",
        "var",
        1,
        1,
        lambda limits: Variance("var"),
        "The variance of numbers as a sample: divided by their count less one.",
        ("aggr::stats::var(event)", "1.6666666666666667"),
        partial(to_float, "var"),
    )
)
register(
    AggregateKind(
        "stats",
        "stdev",
        1,
        1,
        lambda limits: Deviation("stdev"),
        "The standard deviation of numbers as a sample.",
        ("aggr::stats::stdev(event)", "1.2909944487358056"),
        partial(to_float, "stdev"),
    )
)
