"""``datetime``: times, which are nanoseconds since 1970 in UTC. By ``core::datetime`` only."""

from __future__ import annotations

import datetime
import re
import time
from collections.abc import Callable
from typing import Final

from pipelines.language.datetime_format import (
    BadDateTimeFormat,
    DateTimeError,
    format_datetime,
    parse_datetime,
)
from pipelines.language.faults import Fault
from pipelines.language.library.bounds import bound_string
from pipelines.language.library.function import function
from pipelines.language.limits import Limits
from pipelines.language.values import UNSIGNED_MAX

_SECOND: Final = 10**9
_DAY: Final = 86_400 * _SECOND
_MOST_UNITS: Final = 2**32 - 1

# 2020-02-13T20:30:15.123456789
_TIME = "1581625815123456789"


@function(
    "datetime::parse(text: string, format: string) -> integer",
    package="",
    folds=True,
    example=('core::datetime::parse("1970-01-01 00:01", "%Y-%m-%d %H:%M")', "60000000000"),
)
def parse(text: str, format: str) -> int:
    """The time that a text tells in a format of chrono, such as `%Y-%m-%d %H:%M:%S`."""
    try:
        return parse_datetime(text, format)
    except (DateTimeError, BadDateTimeFormat) as error:
        raise Fault(str(error).removesuffix(".")) from None


@function(
    "datetime::format(time: unsigned, format: string) -> string",
    package="",
    folds=True,
    takes_limits=True,
    example=(f'core::datetime::format({_TIME}, "%d.%m.%Y %H:%M")', '"13.02.2020 20:30"'),
)
def format_time(limits: Limits, time: int, format: str) -> str:
    """The text of a time in a format of chrono."""
    try:
        return bound_string(format_datetime(time, format), limits)
    except (DateTimeError, BadDateTimeFormat) as error:
        raise Fault(str(error).removesuffix(".")) from None


@function(
    "datetime::iso8601(time: unsigned) -> string",
    package="",
    folds=True,
    example=(f"core::datetime::iso8601({_TIME})", '"2020-02-13T20:30:15.123456789+00:00"'),
)
def iso8601(time: int) -> str:
    """The text of a time by ISO 8601, with nanoseconds."""
    return f"{_moment(time):%Y-%m-%dT%H:%M:%S}.{time % _SECOND:09d}+00:00"


@function(
    "datetime::today() -> integer", package="", example=("core::datetime::today() % 86400000000000", "0")
)
def today() -> int:
    """The time at which this day began in UTC."""
    now = time.time_ns()
    return now - now % _DAY


def _moment(time: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(time // _SECOND, datetime.UTC)


def _define_part(name: str, summary: str, part: Callable[[int], int], value: str) -> None:
    part.__doc__ = summary
    function(
        f"datetime::{name}(time: unsigned) -> integer",
        package="",
        folds=True,
        example=(f"core::datetime::{name}({_TIME})", value),
    )(part)


def _nearest(time: int, unit: int) -> int:
    """Rounded to the unit, from a half upwards."""
    result = (time + unit // 2) // unit * unit
    if result > UNSIGNED_MAX:
        raise Fault(f"the time {time} is too late")
    return result


_define_part("year", "The year of a time.", lambda time: _moment(time).year, "2020")
_define_part("month", "The month of a time, from 1 to 12.", lambda time: _moment(time).month, "2")
_define_part("day", "The day of the month of a time, from 1 to 31.", lambda time: _moment(time).day, "13")
_define_part("hour", "The hour of a time, from 0 to 23.", lambda time: time // (3600 * _SECOND) % 24, "20")
_define_part("minute", "The minute of a time, from 0 to 59.", lambda time: time // (60 * _SECOND) % 60, "30")
_define_part("second", "The second of a time, from 0 to 59.", lambda time: time // _SECOND % 60, "15")
_define_part(
    "millisecond", "The milliseconds of a time, from 0 to 999.", lambda time: time // 10**6 % 1000, "123"
)
_define_part(
    "microsecond",
    "The microseconds within the millisecond of a time, from 0 to 999.",
    lambda time: time // 1000 % 1000,
    "456",
)
_define_part(
    "nanosecond",
    "The nanoseconds within the microsecond of a time, from 0 to 999.",
    lambda time: time % 1000,
    "789",
)
_define_part(
    "subsecond", "The nanoseconds within the second of a time.", lambda time: time % _SECOND, "123456789"
)
_define_part(
    "without_subseconds",
    "A time in whole seconds since 1970.",
    lambda time: time // _SECOND,
    "1581625815",
)
_define_part(
    "to_nearest_second",
    "The nearest whole second.",
    lambda time: _nearest(time, _SECOND),
    "1581625815000000000",
)
_define_part(
    "to_nearest_millisecond",
    "The nearest whole millisecond.",
    lambda time: _nearest(time, 10**6),
    "1581625815123000000",
)
_define_part(
    "to_nearest_microsecond",
    "The nearest whole microsecond.",
    lambda time: _nearest(time, 1000),
    "1581625815123457000",
)

_UNITS: Final = {
    "nanoseconds": 1,
    "microseconds": 1000,
    "milliseconds": 10**6,
    "seconds": _SECOND,
    "minutes": 60 * _SECOND,
    "hours": 3600 * _SECOND,
    "days": _DAY,
    "weeks": 7 * _DAY,
}


def _in_unit(count: int, unit: str) -> int:
    if count > _MOST_UNITS:
        raise Fault(f"{count} {unit} are too many: the most is {_MOST_UNITS}")
    if unit == "years":
        # As upstream has it: a day more for every four years.
        return _within(count * 365 * _DAY + count // 4 * _DAY)
    return _within(count * _UNITS[unit])


def _within(nanoseconds: int) -> int:
    if nanoseconds > UNSIGNED_MAX:
        raise Fault("so many nanoseconds do not fit into 64 bits")
    return nanoseconds


def _define_unit(unit: str, value: int) -> None:
    def convert(count: int) -> int:
        return _in_unit(count, unit)

    convert.__doc__ = f"The nanoseconds of so many {unit}." + (
        " A year has 365 days here, and every fourth one more." if unit == "years" else ""
    )
    function(
        f"datetime::with_{unit}(count: unsigned) -> integer",
        package="",
        folds=True,
        example=(f"core::datetime::with_{unit}(4)", str(value)),
    )(convert)


for _unit in (*_UNITS, "years"):
    _define_unit(_unit, _in_unit(4, _unit))

# Hours are missing upstream, and so they are here.
_HUMAN_UNITS: Final = [unit for unit in (*_UNITS, "years") if unit != "hours"]
_COUNT = re.compile(r"\+?0*(?P<digits>[0-9]{1,10})")


@function(
    "datetime::from_human_format(text: string) -> integer",
    package="",
    folds=True,
    example=('core::datetime::from_human_format("1 minute 30 seconds")', "90000000000"),
)
def from_human_format(text: str) -> int:
    """The nanoseconds of a text such as "2 days 1 minute". What is no number with a unit but hours is passed over."""
    words = text.split(" ")
    total = 0
    for count, unit in zip(words[::2], words[1::2], strict=False):
        match = _COUNT.fullmatch(count)
        number = int(match["digits"]) if match else 0
        plural = unit if unit in _HUMAN_UNITS else f"{unit}s" if number == 1 else ""
        if plural in _HUMAN_UNITS and number <= _MOST_UNITS:
            total = _within(total + _in_unit(number, plural))
    if not total:
        raise Fault(
            f"{text[:60]!r} is no span of time",
            'write numbers and units, as in "2 days 1 minute"; there are no hours',
        )
    return total
