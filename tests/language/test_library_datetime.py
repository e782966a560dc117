"""``core::datetime``: times and spans of time."""

import datetime
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.language.calling import call, fault

TIME = 1_581_625_815_123_456_789
SECOND = 10**9
DAY = 86_400 * SECOND

times = st.integers(0, 2**64 - 1)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("year", 2020),
        ("month", 2),
        ("day", 13),
        ("hour", 20),
        ("minute", 30),
        ("second", 15),
        ("millisecond", 123),
        ("microsecond", 456),
        ("nanosecond", 789),
        ("subsecond", 123_456_789),
        ("without_subseconds", 1_581_625_815),
        ("to_nearest_microsecond", 1_581_625_815_123_457_000),
        ("to_nearest_millisecond", 1_581_625_815_123_000_000),
        ("to_nearest_second", 1_581_625_815_000_000_000),
    ],
)
def test_parts_of_a_time(name: str, value: int) -> None:
    assert call(f"datetime::{name}", TIME) == value


@given(times)
def test_the_parts_are_those_of_the_calendar(ns: int) -> None:
    moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=ns // 1000)

    assert [
        call(f"datetime::{name}", ns) for name in ("year", "month", "day", "hour", "minute", "second")
    ] == [*moment.timetuple()[:6]]
    assert call("datetime::iso8601", ns) == f"{moment:%Y-%m-%dT%H:%M:%S.%f}{ns % 1000:03d}+00:00"


@given(
    st.integers(0, 2**63),
    st.sampled_from([("microsecond", 1000), ("millisecond", 10**6), ("second", SECOND)]),
)
def test_the_nearest_unit_is_at_most_half_of_it_away(ns: int, unit: tuple[str, int]) -> None:
    nearest = call(f"datetime::to_nearest_{unit[0]}", ns)

    assert nearest % unit[1] == 0
    assert -unit[1] // 2 < nearest - ns <= unit[1] // 2 or nearest - ns == unit[1] // 2


def test_half_of_a_unit_is_rounded_up_also_into_the_next_second() -> None:
    assert call("datetime::to_nearest_second", 1_500_000_000) == 2_000_000_000
    assert call("datetime::to_nearest_millisecond", 1_999_999_999) == 2_000_000_000
    assert fault("datetime::to_nearest_second", 2**64 - 1) == f"the time {2**64 - 1} is too late"


@pytest.mark.parametrize(
    ("text", "format", "ns"),
    [
        ("1983 Apr 13 12:09:14.274 +0000", "%Y %b %d %H:%M:%S%.3f %z", 419_083_754_274_000_000),
        ("2019-06-17 13:15", "%Y-%m-%d %H:%M", 1_560_777_300_000_000_000),
    ],
)
def test_times_are_read_in_a_format(text: str, format: str, ns: int) -> None:
    assert call("datetime::parse", text, format) == ns


@pytest.mark.parametrize(
    ("text", "format"),
    [("1983-04-13", "%Y-%m-%d"), ("noon", "%H:%M"), ("1", "%Q"), ("", "%"), ("a" * 99, "%Y")],
)
def test_what_is_no_time_is_refused(text: str, format: str) -> None:
    assert not fault("datetime::parse", text, format).endswith(".")


def test_times_are_written_in_a_format() -> None:
    assert call("datetime::format", TIME, "%d.%m.%Y %H:%M:%S%.f") == "13.02.2020 20:30:15.123456789"
    assert fault("datetime::format", TIME, "%Q")


def test_today_is_the_last_midnight() -> None:
    today = call("datetime::today")

    assert today % DAY == 0
    assert 0 <= time.time_ns() - today < 2 * DAY


@pytest.mark.parametrize(
    ("unit", "ns"),
    [
        ("nanoseconds", 3),
        ("microseconds", 3_000),
        ("milliseconds", 3_000_000),
        ("seconds", 3 * SECOND),
        ("minutes", 180 * SECOND),
        ("hours", 10_800 * SECOND),
        ("days", 3 * DAY),
        ("weeks", 21 * DAY),
        ("years", 1095 * DAY),
    ],
)
def test_spans_are_nanoseconds(unit: str, ns: int) -> None:
    assert call(f"datetime::with_{unit}", 3) == ns
    assert call(f"datetime::with_{unit}", 0) == 0
    assert fault(f"datetime::with_{unit}", 2**32) == f"4294967296 {unit} are too many: the most is 4294967295"


def test_every_fourth_year_has_a_day_more() -> None:
    assert call("datetime::with_years", 4) == 1461 * DAY
    assert call("datetime::with_years", 7) == (7 * 365 + 1) * DAY


def test_a_span_beyond_64_bits_is_refused() -> None:
    assert fault("datetime::with_weeks", 2**32 - 1) == "so many nanoseconds do not fit into 64 bits"


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("3 days 1 minute 10 seconds 5 nanoseconds", 3 * DAY + 70 * SECOND + 5),
        ("1 year 1 week 1 day", 373 * DAY),
        ("1 second 1 millisecond 1 microsecond 1 nanosecond", SECOND + 1_001_001),
        ("2 years 2 weeks", 744 * DAY),
        ("+2 seconds", 2 * SECOND),
        ("1 hour 1 minute", 60 * SECOND),
        ("x days 1 minute", 60 * SECOND),
        ("1 days", DAY),
        ("01 day", DAY),
        ("1 minute 5", 60 * SECOND),
        ("99999999999 days 1 minute", 60 * SECOND),
    ],
)
def test_spans_are_read_as_people_write_them(text: str, ns: int) -> None:
    assert call("datetime::from_human_format", text) == ns


@pytest.mark.parametrize(
    "text",
    ["", "soon", "2 day", "0 days", "1 hour", "5 hours", "1  minute", "-1 days", "1 minutess", "٣ days"],
)
def test_what_is_no_span_is_refused(text: str) -> None:
    assert fault("datetime::from_human_format", text) == f"{text!r} is no span of time"


@pytest.mark.parametrize("value", [-1, 1.0, "1", None, True])
def test_a_time_is_an_integer_that_is_not_negative(value: Any) -> None:
    assert "an integer that is not negative" in fault("datetime::year", value)
