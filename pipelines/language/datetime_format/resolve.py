"""From the fields that were read to a point in time: a date from what is there, checked against all the rest."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from pipelines.language.datetime_format.items import MONTHS, WEEKDAYS
from pipelines.language.datetime_format.moment import DAY_SECONDS, EPOCH_ORDINAL, SECOND_NS, week_of_year

__all__ = ["DateTimeError", "Fields", "resolve"]

Fields = dict[str, int]

_MONTH = {name[:3].lower(): number for number, name in enumerate(MONTHS, 1)}
_WEEKDAY = {name[:3].lower(): number for number, name in enumerate(WEEKDAYS)}
_NO_OFFSET_NAMES: Final = frozenset({"utc", "gmt", "z"})


class DateTimeError(ValueError):
    """A text is not a date in the format. Its text says why."""


def note(fields: Fields, field: str, text: str) -> None:
    """Note in ``fields`` what an item has read. Raises `DateTimeError` for what can never be."""
    if field == "month_name":
        _set(fields, "month", _MONTH[text[:3].lower()])
    elif field == "weekday_name":
        _set(fields, "weekday", _WEEKDAY[text[:3].lower()])
    elif field == "weekday_from_sunday":
        _set(fields, "weekday", (_within(int(text), 0, 6, "day of the week") - 1) % 7)
    elif field == "weekday_from_monday":
        _set(fields, "weekday", _within(int(text), 1, 7, "day of the week") - 1)
    elif field == "half":
        _set(fields, "half", 0 if text[0] in "aA" else 1)
    elif field == "hour":
        hour = _within(int(text), 0, 23, "hour")
        _set(fields, "half", hour // 12)
        _set(fields, "hour12", hour % 12)
    elif field == "hour12":
        _set(fields, "hour12", _within(int(text), 1, 12, "hour") % 12)
    elif field == "fraction":
        _set(fields, "nanosecond", int(text) * 10 ** (9 - len(text)))
    elif field == "offset":
        _set(fields, "offset", _offset(text))
    elif field == "zone_name":
        if text.lower() in _NO_OFFSET_NAMES:
            _set(fields, "offset", 0)
    else:
        _set(fields, field, int(text))


def _set(fields: Fields, field: str, value: int) -> None:
    if fields.setdefault(field, value) != value:
        raise DateTimeError(f"it says two different things about its {field}")


def _within(value: int, low: int, high: int, what: str) -> int:
    if not low <= value <= high:
        raise DateTimeError(f"there is no {what} {value}")
    return value


def _offset(text: str) -> int:
    """Seconds east of Greenwich."""
    if text in ("Z", "z"):
        return 0
    minutes = text[-2:] if len(text) > 3 else "0"
    seconds = _within(int(text[1:3]), 0, 23, "offset of hours") * 3600 + int(minutes) * 60
    return -seconds if text[0] == "-" else seconds


def resolve(fields: Fields, zoned: bool) -> int:
    """Nanoseconds since 1970, of any size. ``zoned``: an offset is needed. Raises `DateTimeError`."""
    offset = fields.get("offset", 0)
    if zoned and "offset" not in fields:
        raise DateTimeError("it has no offset from UTC")
    nanosecond = fields.get("nanosecond", 0)
    if "timestamp" in fields:
        return _from_timestamp(fields, offset) * SECOND_NS + nanosecond
    day = _date(fields)
    _check_date(fields, day)
    seconds = (day.toordinal() - EPOCH_ORDINAL) * DAY_SECONDS + _second_of_day(fields) - offset
    return seconds * SECOND_NS + nanosecond


def _from_timestamp(fields: Fields, offset: int) -> int:
    """The timestamp, if nothing else that was read speaks against it."""
    timestamp = fields["timestamp"]
    days, second_of_day = divmod(timestamp + offset, DAY_SECONDS)
    try:
        day = date.fromordinal(EPOCH_ORDINAL + days)
    except (OverflowError, ValueError) as problem:
        raise DateTimeError("its timestamp is out of range") from problem
    _check_date(fields, day)
    _agree(fields, "half", second_of_day // 43_200)
    _agree(fields, "hour12", second_of_day // 3600 % 12)
    _agree(fields, "minute", second_of_day // 60 % 60)
    _agree(fields, "second", second_of_day % 60)
    return timestamp


def _second_of_day(fields: Fields) -> int:
    if "half" not in fields or "hour12" not in fields or "minute" not in fields:
        raise DateTimeError("it has no full time of day: an hour and a minute are needed")
    if "nanosecond" in fields and "second" not in fields:
        raise DateTimeError("it has a fraction, but no second")
    hour = fields["half"] * 12 + fields["hour12"]
    minute = _within(fields["minute"], 0, 59, "minute")
    return hour * 3600 + minute * 60 + _within(fields.get("second", 0), 0, 60, "second")


def _year(fields: Fields, kind: str) -> int | None:
    """The year of ``year``, or of a century and two digits, or of two digits alone: 1970 to 2069."""
    whole, century, two = fields.get(kind), fields.get("century"), fields.get(f"{kind}2")
    if whole is not None:
        return whole
    if two is None:
        return None
    if century is not None and kind == "year":
        return century * 100 + two
    return two + (2000 if two < 70 else 1900)


def _date(fields: Fields) -> date:
    year, iso_year = _year(fields, "year"), _year(fields, "iso_year")
    weekday = fields.get("weekday")
    try:
        if year is not None:
            if "month" in fields and "day" in fields:
                return date(year, fields["month"], fields["day"])
            if "ordinal" in fields:
                return date(year, 1, 1) + timedelta(days=fields["ordinal"] - 1)
            if weekday is not None and "week_sunday" in fields:
                return _from_week(year, fields["week_sunday"], weekday, 6)
            if weekday is not None and "week_monday" in fields:
                return _from_week(year, fields["week_monday"], weekday, 0)
        if iso_year is not None and weekday is not None and "iso_week" in fields:
            return date.fromisocalendar(iso_year, fields["iso_week"], weekday + 1)
    except (OverflowError, ValueError) as problem:
        raise DateTimeError("there is no such day") from problem
    raise DateTimeError("it has no full date")


def _from_week(year: int, week: int, weekday: int, first_weekday: int) -> date:
    new_year = date(year, 1, 1)
    first = (first_weekday - new_year.weekday()) % 7
    return new_year + timedelta(days=first + (week - 1) * 7 + (weekday - first_weekday) % 7)


def _check_date(fields: Fields, day: date) -> None:
    iso = day.isocalendar()
    _agree(fields, "year", day.year)
    _agree(fields, "century", day.year // 100)
    _agree(fields, "year2", day.year % 100)
    _agree(fields, "month", day.month)
    _agree(fields, "day", day.day)
    _agree(fields, "ordinal", day.timetuple().tm_yday)
    _agree(fields, "weekday", day.weekday())
    _agree(fields, "iso_year", iso.year)
    _agree(fields, "iso_year2", iso.year % 100)
    _agree(fields, "iso_week", iso.week)
    if "week_sunday" in fields:
        _agree(fields, "week_sunday", week_of_year(day, 6))
    if "week_monday" in fields:
        _agree(fields, "week_monday", week_of_year(day, 0))


def _agree(fields: Fields, field: str, value: int) -> None:
    if fields.get(field, value) != value:
        raise DateTimeError(f"its {field.replace('_', ' ')} does not agree with the rest")
