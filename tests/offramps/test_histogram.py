from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ramps.histogram import Histogram


def test_an_empty_histogram_knows_nothing() -> None:
    histogram = Histogram()
    assert (histogram.count, histogram.mean(), histogram.percentile(50), histogram.maximum) == (
        0,
        0.0,
        0,
        None,
    )


def test_small_values_are_exact() -> None:
    histogram = Histogram(2)
    for value in range(1, 101):
        histogram.record(value)
    assert [histogram.percentile(percent) for percent in (1, 50, 99, 100)] == [1, 50, 99, 100]
    assert histogram.mean() == 50.5


def test_a_value_can_be_counted_many_times_at_once() -> None:
    histogram = Histogram()
    histogram.record(5, 99)
    histogram.record(1_000_000)
    assert histogram.count == 100
    assert histogram.percentile(99) == 5
    assert histogram.percentile(100) == 1_000_000


def test_a_value_below_nought_counts_as_nought() -> None:
    histogram = Histogram()
    histogram.record(-5)
    assert (histogram.minimum, histogram.percentile(50)) == (0, 0)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 10**12), min_size=1), st.floats(0, 100), st.integers(1, 4))
def test_a_percentile_is_within_the_relative_error_of_the_exact_one(
    values: list[int], percent: float, figures: int
) -> None:
    histogram = Histogram(figures)
    for value in values:
        histogram.record(value)
    exact = sorted(values)[max(1, math.ceil(len(values) * percent / 100)) - 1]
    assert exact * (1 - 10**-figures) <= histogram.percentile(percent) <= exact
    assert histogram.mean() == pytest.approx(sum(values) / len(values))


def test_the_number_of_buckets_is_bounded() -> None:
    histogram = Histogram(2)
    for exponent in range(60):
        for step in range(1000):
            histogram.record((1 << exponent) + step * (1 << exponent) // 1000)
    assert len(histogram.counts) < 60 * 2**8
