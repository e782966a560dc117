"""`Histogram`: counts of whole numbers, exact to a number of significant figures, over any range."""

from __future__ import annotations

import math

__all__ = ["Histogram"]


class Histogram:
    """A high dynamic range histogram (G. Tene's scheme: binary exponents, each cut into equal parts).

    ``significant_figures`` bounds the relative error: with 2, a value is known to within 1 %. A dict instead of the
    usual array: only values that occur take room (at most some thousand entries for 64-bit values and 2 figures),
    which makes it short enough that a dependency, with its extension module, is not worth it.
    """

    __slots__ = ("_bits", "count", "counts", "maximum", "minimum", "total")

    def __init__(self, significant_figures: int = 2) -> None:
        self._bits = math.ceil(math.log2(10**significant_figures)) + 1
        self.counts: dict[int, int] = {}
        """How many values fell between a key, which is the lowest value of its bucket, and the next."""
        self.count = 0
        self.total = 0
        self.minimum: int | None = None
        self.maximum: int | None = None

    def record(self, value: int, times: int = 1) -> None:
        """Count a value; what is below nought counts as nought (clocks that were set back)."""
        value = max(value, 0)
        shift = max(0, value.bit_length() - self._bits)
        key = value >> shift << shift
        self.counts[key] = self.counts.get(key, 0) + times
        self.count += times
        self.total += value * times
        if self.minimum is None or value < self.minimum:
            self.minimum = value
        if self.maximum is None or value > self.maximum:
            self.maximum = value

    def mean(self) -> float:
        """The exact mean of all values, 0 without any."""
        return self.total / self.count if self.count else 0.0

    def percentile(self, percent: float) -> int:
        """The smallest recorded value that is not exceeded by ``percent`` (0 to 100) of them, 0 without any.

        Like all buckets it is rounded down by less than the relative error; 100 gives the exact maximum.
        """
        if percent >= 100:
            return self.maximum or 0
        wanted = max(1, math.ceil(self.count * percent / 100))
        seen = 0
        for key in sorted(self.counts):
            seen += self.counts[key]
            if seen >= wanted:
                return key
        return 0
