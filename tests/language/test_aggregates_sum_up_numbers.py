"""count, sum, mean, min, max, var, stdev: compared with Python's own, in one window and merged from several."""

import math
import statistics
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pipelines.language.aggregates  # noqa: F401 - fills the table
from pipelines.language.aggregates.aggregate import AGGREGATES
from pipelines.language.faults import BadType, Fault
from pipelines.language.limits import Limits

NUMBERS = st.lists(st.one_of(st.integers(-(10**6), 10**6), st.floats(-1e6, 1e6)), max_size=30)
PARTS = st.lists(NUMBERS, max_size=5)
STATISTICS = ["sum", "mean", "min", "max", "var", "stdev"]


def over(name: str, numbers: Sequence[float]) -> float | None:
    aggregate = AGGREGATES["stats", name].make(Limits())
    for number in numbers:
        aggregate.add(*[number][: AGGREGATES["stats", name].most])
    value = aggregate.value()
    assert value is None or isinstance(value, float | int)
    return value


def merged(name: str, parts: Sequence[Sequence[float]]) -> float | None:
    kind = AGGREGATES["stats", name]
    wide = kind.make(Limits())
    for part in parts:
        narrow = kind.make(Limits())
        for number in part:
            narrow.add(*[number][: kind.most])
        before = narrow.value()
        wide.merge(narrow)
        assert str(narrow.value()) == str(before)
    value = wide.value()
    assert value is None or isinstance(value, float | int)
    return value


def naive(name: str, numbers: Sequence[float]) -> float:
    if name in ("var", "stdev"):
        function = statistics.variance if name == "var" else statistics.stdev
        return float(function(map(float, numbers))) if len(numbers) > 1 else math.nan
    return float({"sum": math.fsum, "mean": statistics.fmean, "min": min, "max": max}[name](numbers))


@pytest.mark.parametrize("name", STATISTICS)
@given(NUMBERS.filter(bool))
def test_a_window_tells_what_python_does(name: str, numbers: list[float]) -> None:
    assert over(name, numbers) == pytest.approx(naive(name, numbers), rel=1e-6, abs=1e-3, nan_ok=True)


@pytest.mark.parametrize("name", ["count", *STATISTICS])
@given(PARTS)
def test_merged_windows_tell_what_one_window_of_all_events_does(name: str, parts: list[list[float]]) -> None:
    together = over(name, [number for part in parts for number in part])
    value = merged(name, parts)
    assert value is together is None or value == pytest.approx(together, rel=1e-6, abs=1e-3, nan_ok=True)


@given(st.lists(st.none(), max_size=20))
def test_events_are_counted(events: list[None]) -> None:
    assert over("count", [0] * len(events)) == len(events)


@pytest.mark.parametrize(
    ("name", "value"),
    [("count", 0), ("sum", 0.0), ("mean", None), ("min", 0.0), ("max", 0.0), ("var", 0.0), ("stdev", 0.0)],
)
def test_a_window_without_events_has_a_value_as_well(name: str, value: float | None) -> None:
    assert over(name, []) == value
    assert merged(name, [[], []]) == value


def test_a_variance_survives_numbers_that_are_far_from_zero_but_near_each_other() -> None:
    assert over("var", [1e9 + 1, 1e9 + 2, 1e9 + 3]) == 1.0
    assert merged("var", [[1e9 + 1], [1e9 + 2, 1e9 + 3]]) == 1.0


def test_the_smallest_number_survives_a_merge_with_windows_that_saw_none() -> None:
    assert merged("min", [[], [3], [], [2], []]) == 2.0
    assert merged("max", [[], [-3], [], [-2], []]) == -2.0


def test_not_a_number_is_neither_the_smallest_nor_the_largest() -> None:
    assert over("min", [math.nan, 2, math.nan, 3]) == 2.0
    assert over("max", [math.nan, 2, math.nan, 3]) == 3.0


def test_deviations_are_never_negative_however_many_equal_numbers_there_are() -> None:
    assert over("stdev", [0.1] * 7) == 0.0
    for number in range(1, 50):
        equal = AGGREGATES["stats", "stdev"].make(Limits())
        equal.add(number / 7)
        for _ in range(40):
            thrice = AGGREGATES["stats", "stdev"].make(Limits())
            for _ in range(3):
                thrice.merge(equal)
            equal = thrice
        wide = AGGREGATES["stats", "stdev"].make(Limits())
        wide.add(0)
        wide.merge(equal)
        assert 0.0 <= wide.value() < 1e-6


@pytest.mark.parametrize("name", STATISTICS)
@pytest.mark.parametrize("value", [None, True, "1", [1], {"a": 1}, b"1"])
def test_what_is_no_number_is_refused_and_changes_nothing(name: str, value: object) -> None:
    aggregate = AGGREGATES["stats", name].make(Limits())
    aggregate.add(1)
    before = str(aggregate.value())
    with pytest.raises(BadType, match=f"aggr::stats::{name}: expected a number"):
        aggregate.add(value)
    assert str(aggregate.value()) == before


def test_an_integer_beyond_all_floats_is_refused() -> None:
    with pytest.raises(Fault, match="too large"):
        over("sum", [10**400])
