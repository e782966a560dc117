"""What each specifier of a date's format prints and reads. The table is chrono 0.4's, a library of Rust.

An item reads by a piece of a regular expression. Every piece is atomic: what it has read it never gives back, so that
a whole format reads in one pass without backtracking, as chrono does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from pipelines.language.datetime_format.moment import Moment, week_of_year

__all__ = [
    "COMPOSITES", "FIXED", "MONTHS", "NUMBERS", "OFFSETS", "RFC3339_OFFSET", "RFC3339_T", "SPACES", "WEEKDAYS",
    "WHITE_SPACE", "Fixed", "Number",
]  # fmt: skip

WHITE_SPACE: Final = "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""Unicode's White_Space as the inside of a class. Python's ``\\s`` also takes U+001C to U+001F."""
SPACES: Final = f"[{WHITE_SPACE}]*+"

MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class Number:
    """A number with its ``field``'s name, printed with at least ``width`` digits and read with at most ``width``.

    ``padding`` is what fills it: ``"0"``, ``" "`` or ``""``; ``signed``: a sign may stand before it, and then it may
    have more digits.
    """

    field: str
    width: int
    value: Callable[[Moment], int]
    padding: str = "0"
    signed: bool = False

    @property
    def pattern(self) -> str:
        """Reads it, with one group."""
        digits = f"[0-9]{{1,{self.width or 18}}}+"
        return f"{SPACES}((?>[-+][0-9]{{1,18}}+|{digits}))" if self.signed else f"{SPACES}({digits})"

    def printer(self, padding: str) -> Callable[[Moment], str]:
        """Prints it, filled with ``padding``."""
        value, form = self.value, f"{padding.replace(' ', '')}{self.width or 1 if padding else 1}d"
        return lambda moment: format(value(moment), form)


@dataclass(frozen=True, slots=True)
class Fixed:
    """A name, a fraction or an offset: always printed in one way. ``pattern`` has one group, or none if no field."""

    field: str
    pattern: str
    value: Callable[[Moment], str]


def _names(names: tuple[str, ...], long: bool) -> str:
    tail = [f"(?:{name[3:]})?+" if long and name[3:] else "" for name in names]
    choices = "|".join(name[:3] + rest for name, rest in zip(names, tail, strict=True))
    return f"((?>(?ai:{choices})))"


def _half(moment: Moment) -> str:
    return "AM" if moment.hour < 12 else "PM"


def _shortest_fraction(moment: Moment) -> str:
    nanosecond = moment.nanosecond
    if not nanosecond:
        return ""
    if nanosecond % 1_000_000 == 0:
        return f".{nanosecond // 1_000_000:03d}"
    if nanosecond % 1_000 == 0:
        return f".{nanosecond // 1_000:06d}"
    return f".{nanosecond:09d}"


def _fraction(digits: int, dot: str) -> Callable[[Moment], str]:
    unit = 10 ** (9 - digits)
    return lambda moment: f"{dot}{moment.nanosecond // unit:0{digits}d}"


_DOT_FRACTION = r"(?>\.([0-9]{1,9}+)[0-9]*+|(?!\.))"
_OFFSET_MINUTES = f"[:{WHITE_SPACE}]*+[0-5][0-9]"

NUMBERS: Final = {
    "Y": Number("year", 4, lambda moment: moment.date.year, signed=True),
    "C": Number("century", 2, lambda moment: moment.date.year // 100),
    "y": Number("year2", 2, lambda moment: moment.date.year % 100),
    "G": Number("iso_year", 4, lambda moment: moment.date.isocalendar().year, signed=True),
    "g": Number("iso_year2", 2, lambda moment: moment.date.isocalendar().year % 100),
    "m": Number("month", 2, lambda moment: moment.date.month),
    "d": Number("day", 2, lambda moment: moment.date.day),
    "e": Number("day", 2, lambda moment: moment.date.day, " "),
    "U": Number("week_sunday", 2, lambda moment: week_of_year(moment.date, 6)),
    "W": Number("week_monday", 2, lambda moment: week_of_year(moment.date, 0)),
    "V": Number("iso_week", 2, lambda moment: moment.date.isocalendar().week),
    "w": Number("weekday_from_sunday", 1, lambda moment: moment.date.isoweekday() % 7),
    "u": Number("weekday_from_monday", 1, lambda moment: moment.date.isoweekday()),
    "j": Number("ordinal", 3, lambda moment: moment.date.timetuple().tm_yday),
    "H": Number("hour", 2, lambda moment: moment.hour),
    "k": Number("hour", 2, lambda moment: moment.hour, " "),
    "I": Number("hour12", 2, lambda moment: moment.hour % 12 or 12),
    "l": Number("hour12", 2, lambda moment: moment.hour % 12 or 12, " "),
    "M": Number("minute", 2, lambda moment: moment.minute),
    "S": Number("second", 2, lambda moment: moment.second),
    "f": Number("nanosecond", 9, lambda moment: moment.nanosecond),
    "s": Number("timestamp", 0, lambda moment: moment.timestamp, "", signed=True),
}

FIXED: Final = {
    "b": Fixed("month_name", _names(MONTHS, False), lambda moment: MONTHS[moment.date.month - 1][:3]),
    "h": Fixed("month_name", _names(MONTHS, False), lambda moment: MONTHS[moment.date.month - 1][:3]),
    "B": Fixed("month_name", _names(MONTHS, True), lambda moment: MONTHS[moment.date.month - 1]),
    "a": Fixed("weekday_name", _names(WEEKDAYS, False), lambda moment: WEEKDAYS[moment.date.weekday()][:3]),
    "A": Fixed("weekday_name", _names(WEEKDAYS, True), lambda moment: WEEKDAYS[moment.date.weekday()]),
    "p": Fixed("half", "((?ai:am|pm))", _half),
    "P": Fixed("half", "((?ai:am|pm))", lambda moment: _half(moment).lower()),
    ".f": Fixed("fraction", _DOT_FRACTION, _shortest_fraction),
    ".3f": Fixed("fraction", _DOT_FRACTION, _fraction(3, ".")),
    ".6f": Fixed("fraction", _DOT_FRACTION, _fraction(6, ".")),
    ".9f": Fixed("fraction", _DOT_FRACTION, _fraction(9, ".")),
    "3f": Fixed("fraction", "([0-9]{3})", _fraction(3, "")),
    "6f": Fixed("fraction", "([0-9]{6})", _fraction(6, "")),
    "9f": Fixed("fraction", "([0-9]{9})", _fraction(9, "")),
    "z": Fixed("offset", f"{SPACES}([-+][0-9]{{2}}{_OFFSET_MINUTES})", lambda moment: "+0000"),
    ":z": Fixed("offset", f"{SPACES}([-+][0-9]{{2}}{_OFFSET_MINUTES})", lambda moment: "+00:00"),
    "#z": Fixed("offset", f"{SPACES}((?>[-+][0-9]{{2}}(?:{_OFFSET_MINUTES})?+|[Zz]))", lambda moment: "+00"),
    "Z": Fixed("zone_name", f"([^{WHITE_SPACE}]*+)", lambda moment: "UTC"),
}
"""By what follows the percent sign."""

RFC3339_T: Final = Fixed("", "[Tt]", lambda moment: "T")
RFC3339_OFFSET: Final = Fixed("offset", "((?>[-+][0-9]{2}:[0-5][0-9]|[Zz]))", lambda moment: "+00:00")
"""With the date and the time around them they make ``%+``."""

OFFSETS: Final = frozenset({"z", ":z", "#z", "Z"})
"""With one of them a text is read as local time with an offset."""

COMPOSITES: Final = {
    "D": "%m/%d/%y",
    "x": "%m/%d/%y",
    "F": "%Y-%m-%d",
    "v": "%e-%b-%Y",
    "R": "%H:%M",
    "T": "%H:%M:%S",
    "X": "%H:%M:%S",
    "r": "%I:%M:%S %p",
    "c": "%a %b %e %H:%M:%S %Y",
}
