"""`DateTimeFormat`: a date's format such as ``%Y-%m-%d %H:%M``, compiled to print and to read points in time.

The format's language is that of chrono 0.4, a library of Rust (https://docs.rs/chrono/0.4.19/chrono/format/strftime/).
It is not C's: ``%f`` is a whole number of nanoseconds, ``%.f`` a fraction with its dot, ``%-d %_d %0d`` choose what a
number is filled with. Times are whole nanoseconds since 1970 everywhere; nothing is a float.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from pipelines.language.datetime_format.items import (
    COMPOSITES,
    FIXED,
    NUMBERS,
    OFFSETS,
    RFC3339_OFFSET,
    RFC3339_T,
    SPACES,
    WHITE_SPACE,
    Fixed,
)
from pipelines.language.datetime_format.moment import Moment
from pipelines.language.datetime_format.resolve import DateTimeError, Fields, note, resolve
from pipelines.language.values import INTEGER_MAX, INTEGER_MIN, UNSIGNED_MAX

__all__ = ["BadDateTimeFormat", "DateTimeError", "DateTimeFormat", "format_datetime", "parse_datetime"]

_LONGEST_FORMAT: Final = 1000
_PIECE = re.compile(
    r"%(?:(?P<special>%|t|n)"
    r"|(?P<fixed>\.[369]?f|[369]f|[:#]z|[A-Za-z])"
    r"|(?P<padding>[-_0])(?P<number>[A-Za-z])"
    r"|(?P<rfc3339>\+))"
    rf"|(?P<bad>%.{{0,2}})|(?P<space>[{WHITE_SPACE}]+)|(?P<text>[^%{WHITE_SPACE}]+)",
    re.DOTALL,
)
_PADDING: Final = {"-": "", "_": " ", "0": "0"}


class BadDateTimeFormat(ValueError):
    """The text is not a format. Its text says what is wrong, and where."""


class DateTimeFormat:
    """One format, compiled. Raises `BadDateTimeFormat`.

    With one of ``%z %:z %#z %Z %+`` in it a text needs an offset from UTC, otherwise it is in UTC. A ``%Z`` reads any
    word, but knows only UTC, GMT and Z.
    """

    def __init__(self, text: str) -> None:
        if len(text) > _LONGEST_FORMAT:
            raise BadDateTimeFormat(
                f"A format has at most {_LONGEST_FORMAT} characters, this one {len(text)}."
            )
        self.text = text
        self.zoned = False
        self._printers: list[str | Callable[[Moment], str]] = []
        self._patterns: list[str] = []
        self._fields: list[str] = []
        self._compile(text)
        self._reader = re.compile("".join(self._patterns))

    def format(self, ns: int) -> str:
        """The text of a time, in UTC. Raises `DateTimeError` for one that is no 64-bit integer, signed or unsigned."""
        if not INTEGER_MIN <= ns <= UNSIGNED_MAX:
            raise DateTimeError(f"{ns} is beyond the times that 64 bits can hold.")
        moment = Moment.from_ns(ns)
        return "".join([part if part.__class__ is str else part(moment) for part in self._printers])  # type: ignore[operator]

    def parse(self, text: str) -> int:
        """The time that a text tells, in nanoseconds since 1970, from the years 1677 to 2262.

        A time before 1970 comes as the language has it: an unsigned number, its negative plus 2**64. Raises
        `DateTimeError` if the text does not fit the format, or is no time.
        """
        match = self._reader.fullmatch(text)
        if match is None:
            raise DateTimeError(f"{_short(text)} does not fit the format {self.text}.")
        fields: Fields = {}
        try:
            for field, value in zip(self._fields, match.groups(), strict=True):
                if value is not None:
                    note(fields, field, value)
            ns = resolve(fields, self.zoned)
        except DateTimeError as problem:
            raise DateTimeError(
                f"{_short(text)} is no time in the format {self.text}: {problem}."
            ) from problem
        if not INTEGER_MIN <= ns <= INTEGER_MAX:
            raise DateTimeError(
                f"{_short(text)} is beyond the times that 64 bits can hold: the years 1677 to 2262."
            )
        return ns & UNSIGNED_MAX

    def _compile(self, text: str) -> None:
        for match in _PIECE.finditer(text):
            kind, piece = match.lastgroup, match.group()
            if kind == "text" or piece == "%%":
                self._literal(piece if kind == "text" else "%")
            elif kind == "space" or kind == "special":
                self._printers.append({"%t": "\t", "%n": "\n"}.get(piece, piece))
                self._patterns.append(SPACES)
            elif kind == "number" and match["number"] in NUMBERS:
                self._number(match["number"], _PADDING[match["padding"]])
            elif kind == "fixed" and piece[1:] in NUMBERS:
                self._number(piece[1:], NUMBERS[piece[1:]].padding)
            elif kind == "rfc3339":
                self._rfc3339()
            elif kind == "fixed" and piece[1:] in COMPOSITES:
                self._compile(COMPOSITES[piece[1:]])
            elif kind == "fixed" and piece[1:] in FIXED:
                self._fixed(piece[1:], FIXED[piece[1:]])
            else:
                raise BadDateTimeFormat(_complaint(text, match))

    def _rfc3339(self) -> None:
        self._compile("%Y-%m-%d")
        self._fixed("T", RFC3339_T)
        self._compile("%H:%M:%S%.f")
        self._fixed("z", RFC3339_OFFSET)

    def _literal(self, text: str) -> None:
        self._printers.append(text)
        self._patterns.append(re.escape(text))

    def _number(self, letter: str, padding: str) -> None:
        number = NUMBERS[letter]
        self._printers.append(number.printer(padding))
        self._patterns.append(number.pattern)
        self._fields.append(number.field)

    def _fixed(self, name: str, fixed: Fixed) -> None:
        self._printers.append(fixed.value)
        self._patterns.append(fixed.pattern)
        if fixed.field:
            self._fields.append(fixed.field)
        self.zoned = self.zoned or name in OFFSETS


def _complaint(text: str, match: re.Match[str]) -> str:
    piece, place = match.group(), match.start() + 1
    if match.lastgroup == "number":
        return f"`{piece}` at character {place}: only numbers can be filled, and `%{piece[2:]}` is none."
    if piece == "%":
        return f"The format ends with a lone `%` at character {place}; write `%%` for a percent sign."
    return f"`{piece[:2]}` at character {place} is no specifier of a date's format; write `%%` for a percent sign."


def _short(text: str) -> str:
    """Quoted, and cut if it is long."""
    return f'"{text}"' if len(text) <= 60 else f'"{text[:60]}…"'


_compiled = lru_cache(maxsize=256)(DateTimeFormat)


def format_datetime(ns: int, format: str) -> str:
    """``ns`` in the format, which is compiled once. Raises `BadDateTimeFormat` and `DateTimeError`."""
    return _compiled(format).format(ns)


def parse_datetime(text: str, format: str) -> int:
    """The time that ``text`` tells in the format, as `DateTimeFormat.parse` returns it; raises as it does."""
    return _compiled(format).parse(text)
