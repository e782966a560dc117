"""hdr and dds: percentiles within the error that each promises, and the same after merging."""

import math
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pipelines.language.aggregates  # noqa: F401 - fills the table
from pipelines.language.aggregates.aggregate import AGGREGATES, Aggregate
from pipelines.language.faults import Fault
from pipelines.language.limits import Limits
from pipelines.language.values import UNSIGNED_MAX

INTEGERS = st.lists(st.one_of(st.integers(0, 1000), st.integers(0, UNSIGNED_MAX)), min_size=1, max_size=60)
FLOATS = st.lists(st.floats(1e-3, 1e12), min_size=1, max_size=60)
BOTH = pytest.mark.parametrize("name", ["hdr", "dds"])


def filled(name: str, numbers: Sequence[object], *percentiles: object) -> Aggregate:
    aggregate = AGGREGATES["stats", name].make(Limits())
    for number in numbers:
        aggregate.add(number, *percentiles)
    return aggregate


def ranked(numbers: Sequence[float], rank: int) -> float:
    return sorted(numbers)[rank - 1]


@given(INTEGERS)
def test_an_hdr_histogram_is_right_to_one_part_in_128(numbers: list[int]) -> None:
    told = filled("hdr", numbers).value()
    assert told["count"] == len(numbers)
    assert told["min"] <= min(numbers) <= told["min"] * (1 + 1 / 128)
    assert max(numbers) <= told["max"] <= max(numbers) * (1 + 1 / 128)
    assert told["mean"] == pytest.approx(sum(numbers) / len(numbers), rel=1 / 128)
    for text, value in told["percentiles"].items():
        wanted = ranked(numbers, max(1, math.ceil(float(text) * len(numbers))))
        assert wanted <= value <= wanted * (1 + 1 / 128)


@given(st.lists(st.integers(0, 255), min_size=1))
def test_an_hdr_histogram_is_exact_for_small_integers(numbers: list[int]) -> None:
    told = filled("hdr", numbers).value()
    mean = sum(numbers) / len(numbers)
    assert (told["min"], told["max"], told["mean"]) == (min(numbers), max(numbers), mean)
    assert told["var"] == pytest.approx(sum((number - mean) ** 2 for number in numbers) / len(numbers))


@given(FLOATS)
def test_a_sketch_is_right_to_one_percent(numbers: list[float]) -> None:
    told = filled("dds", numbers).value()
    assert (told["count"], told["min"], told["max"]) == (len(numbers), min(numbers), max(numbers))
    assert told["mean"] == pytest.approx(sum(numbers) / len(numbers))
    for text, value in told["percentiles"].items():
        wanted = ranked(numbers, int(float(text) * (len(numbers) - 1) + 1))
        assert wanted * 0.9899 <= value <= wanted * 1.0101 + 0.1


@BOTH
@given(st.lists(INTEGERS, min_size=1, max_size=4))
def test_merged_windows_tell_what_one_window_of_all_events_does(name: str, parts: list[list[int]]) -> None:
    wide = AGGREGATES["stats", name].make(Limits())
    for part in parts:
        wide.merge(filled(name, part))
    told = wide.value()
    together = filled(name, [number for part in parts for number in part]).value()
    assert told.pop("mean") == pytest.approx(together.pop("mean"))
    assert told == together


@BOTH
def test_no_event_is_lost_however_many_there_are(name: str) -> None:
    aggregate = filled(name, range(20_000))
    assert aggregate.value() == aggregate.value()
    assert aggregate.value()["count"] == 20_000
    assert aggregate.value()["percentiles"]["0.5"] == pytest.approx(10_000, rel=0.02)


@BOTH
@pytest.mark.parametrize("value", [None, True, "1", [1], -1, -0.5, math.nan, math.inf, 10**400])
def test_what_is_negative_or_no_number_is_left_out(name: str, value: object) -> None:
    assert filled(name, [1, value, 3]).value() == filled(name, [1, 3]).value()


def test_without_numbers_an_hdr_histogram_is_all_zeros() -> None:
    assert filled("hdr", [], []).value() == {
        "count": 0, "min": 0, "max": 0, "mean": 0.0, "stdev": 0.0, "var": 0.0,
        "percentiles": dict.fromkeys(["0.5", "0.9", "0.95", "0.99", "0.999", "0.9999", "0.99999"], 0),
    }  # fmt: skip


def test_without_numbers_a_sketch_has_no_mean() -> None:
    told = filled("dds", []).value()
    assert math.isnan(told["mean"])
    assert (told["count"], told["min"], told["max"]) == (0, 0.0, 1.7976931348623157e308)
    assert set(told["percentiles"].values()) == {0.0}


def test_the_first_hundred_integers_have_the_percentiles_that_they_must_have() -> None:
    told = filled("hdr", range(1, 101)).value()
    assert told["stdev"] == 28.86607004772212
    assert told["percentiles"]["0.9"] == 90
    told = filled("dds", range(1, 101)).value()
    assert [told["percentiles"][share] for share in ("0.5", "0.9", "0.95", "0.99")] == [
        50.0,
        89.2,
        94.7,
        98.6,
    ]


@BOTH
def test_a_script_can_ask_for_percentiles_and_the_first_ones_stay(name: str) -> None:
    aggregate = filled(name, [1, 2, 3], ["0.5", "1", "0"])
    aggregate.add(4, ["0.1"])
    assert list(aggregate.value()["percentiles"]) == ["0.5", "1", "0"]
    wide = AGGREGATES["stats", name].make(Limits())
    wide.merge(aggregate)
    assert wide.value() == aggregate.value()


@BOTH
@pytest.mark.parametrize(
    "wrong",
    ["0.5", {"0.5": 1}, [0.5], [None], ["x"], ["1.1"], ["-0.5"], ["nan"], [" 0.5"], ["1_0"], ["0" * 200], ["1"] * 2000],
)  # fmt: skip
def test_percentiles_that_are_none_are_refused_and_nothing_is_counted(name: str, wrong: Any) -> None:
    aggregate = AGGREGATES["stats", name].make(Limits())
    with pytest.raises(Fault, match=f"aggr::stats::{name}: "):
        aggregate.add(1, wrong)
    assert aggregate.value()["count"] == 0


@BOTH
def test_memory_is_bounded_whatever_the_numbers_are(name: str) -> None:
    aggregate = filled(
        name, [mantissa * 2.0**power for power in range(-1074, 1000, 2) for mantissa in (1.0, 1.3, 1.7)]
    )
    buckets = getattr(aggregate, "buckets" if name == "hdr" else "bins")
    assert len(buckets) <= 256 + 56 * 128
    if name == "dds":
        assert len(buckets) <= 2048
    assert aggregate.value()["count"] == sum(buckets.values())


@given(st.permutations([2.0**power for power in range(-20, 200, 4)]), st.integers(0, 55))
def test_a_sketch_that_gave_up_its_lowest_bins_does_not_depend_on_the_order(
    numbers: list[float], cut: int
) -> None:
    wide = filled("dds", numbers[:cut])
    wide.merge(filled("dds", numbers[cut:]))
    told, together = wide.value(), filled("dds", sorted(numbers)).value()
    assert told["percentiles"] == together["percentiles"]
    assert sum(getattr(wide, "bins").values()) == len(numbers)  # noqa: B009 - the protocol has no such name
