"""`Moment`: a point in time taken apart, in UTC, with exact integers. Formats are printed from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

__all__ = ["DAY_SECONDS", "EPOCH_ORDINAL", "SECOND_NS", "Moment", "week_of_year"]

SECOND_NS: Final = 1_000_000_000
DAY_SECONDS: Final = 86_400
EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()


@dataclass(slots=True)
class Moment:
    """``timestamp``: seconds since 1970; ``second_of_day`` from 0; ``nanosecond`` within the second."""

    date: date
    timestamp: int
    second_of_day: int
    nanosecond: int

    @classmethod
    def from_ns(cls, ns: int) -> Moment:
        """Of nanoseconds since 1970. Raises `OverflowError` or `ValueError` beyond the years 1 to 9999."""
        timestamp, nanosecond = divmod(ns, SECOND_NS)
        days, second_of_day = divmod(timestamp, DAY_SECONDS)
        return cls(date.fromordinal(EPOCH_ORDINAL + days), timestamp, second_of_day, nanosecond)

    @property
    def hour(self) -> int:
        """0 to 23."""
        return self.second_of_day // 3600

    @property
    def minute(self) -> int:
        """0 to 59."""
        return self.second_of_day // 60 % 60

    @property
    def second(self) -> int:
        """0 to 59."""
        return self.second_of_day % 60


def week_of_year(day: date, first_weekday: int) -> int:
    """The week of the year, 0 to 53, when weeks begin on ``first_weekday`` (0 is Monday).

    Days before the year's first such weekday are in week 0, as C's ``strftime`` defines ``%U`` and ``%W``.
    """
    since = (day.weekday() - first_weekday) % 7
    return (day.timetuple().tm_yday + 6 - since) // 7
