"""``datetime``: a point in time in a given format."""

from __future__ import annotations

from typing import Any

from pipelines.language.datetime_format import BadDateTimeFormat, DateTimeError, DateTimeFormat
from pipelines.language.extractors.extractor import BadExtractor, Extractor, register
from pipelines.language.library.function import Occasion
from pipelines.language.values import MISSING

__all__ = ["Datetime"]


@register
class Datetime(Extractor):
    """Matches if the whole string is a time in the format: a date, at least an hour and a minute, and an offset from
    UTC if the format has one.
    """

    name = "datetime"
    summary = "Reads a time in a format such as `%Y-%m-%d %H:%M`; gives nanoseconds since 1970."
    example = ("%Y-%m-%d %H:%M:%S", "2019-06-19 22:25:00", "1560983100000000000")

    def __init__(self, text: str) -> None:
        try:
            self._format = DateTimeFormat(text)
        except BadDateTimeFormat as problem:
            raise BadExtractor(str(problem)) from problem

    def matches(self, string: str) -> bool:
        """Whether it is a time in the format."""
        try:
            self._format.parse(string)
        except DateTimeError:
            return False
        return True

    def extract(self, string: str, occasion: Occasion) -> Any:
        """An integer; of times before 1970, that plus 2**64."""
        try:
            return self._format.parse(string)
        except DateTimeError:
            return MISSING
