"""Numbers: ``12``, ``0x1f``, ``1.5``, ``1.5e-3``; in the newer dialect also ``1_000`` and ``-1`` as one token."""

from __future__ import annotations

import re
from math import isinf

from pipelines.language.reader import Reader, is_starting
from pipelines.language.tokens import Kind, Token
from pipelines.language.values import INTEGER_MAX, INTEGER_MIN

__all__ = ["read_number"]

_DIGITS = re.compile(r"[0-9]*")
_SEPARATED = re.compile(r"(?:[0-9][0-9_]*)?")
_HEXADECIMAL = re.compile(r"[0-9A-Fa-f]*")
_SEPARATED_HEXADECIMAL = re.compile(r"(?:[0-9A-Fa-f][0-9A-Fa-f_]*)?")

_LONGEST_INTEGER = 20
"""Digits, leading zeros aside: more never fit, and Python's own conversion refuses thousands of them."""


def read_number(reader: Reader) -> Token:
    """The number that begins here, with a ``-`` or a digit."""
    start = reader.place
    if reader.peek() == "-":
        reader.place += 1
    whole_start = reader.place
    digits = _SEPARATED if reader.dialect.number_separators else _DIGITS
    _skip(reader, digits)
    if reader.peek() == "x":
        return _hexadecimal(reader, start, reader.text[whole_start : reader.place])
    if reader.peek() == ".":
        return _float(reader, start, digits)
    value = _integer(reader.text[start : reader.place], 10)
    if value is None:
        reader.error(
            "this integer is too large",
            start,
            hint=f"integers are written up to {INTEGER_MAX}; a number with a dot is a float",
        )
    return _finish(reader, Kind.INT, start, value or 0)


def _hexadecimal(reader: Reader, start: int, whole: str) -> Token:
    reader.place += 1
    digits = _SEPARATED_HEXADECIMAL if reader.dialect.number_separators else _HEXADECIMAL
    digits_start = reader.place
    _skip(reader, digits)
    sign = "-" if reader.text[start] == "-" else ""
    value = _integer(sign + reader.text[digits_start : reader.place], 16)
    if whole != "0" or value is None or _word_follows(reader):
        reader.skip_word()
        reader.error(
            "this is no hexadecimal number",
            start,
            hint="hexadecimal numbers look like 0x1f, and go up to 0x7fffffffffffffff",
        )
    return _token(reader, Kind.INT, start, value or 0)


def _float(reader: Reader, start: int, digits: re.Pattern[str]) -> Token:
    reader.place += 1
    _skip(reader, digits)
    if reader.peek() == "e":
        reader.place += 1
        if reader.peek() in ("+", "-"):
            reader.place += 1
        exponent_start = reader.place
        _skip(reader, digits)
        if reader.place == exponent_start:
            reader.skip_word()
            reader.error("the exponent of this float has no digits", start, hint="write 1.5e3 for 1500.0")
            return _token(reader, Kind.FLOAT, start, 0.0)
    value = float(reader.text[start : reader.place].replace("_", ""))
    if isinf(value):
        reader.error("this float is too large", start, hint="floats go up to 1.7976931348623157e308")
        value = 0.0
    return _finish(reader, Kind.FLOAT, start, value)


def _skip(reader: Reader, pattern: re.Pattern[str]) -> None:
    match = pattern.match(reader.text, reader.place, reader.end)
    reader.place = match.end() if match else reader.place


def _integer(text: str, base: int) -> int | None:
    text = text.replace("_", "")
    digits = text.removeprefix("-")
    if not digits or len(digits.lstrip("0")) > _LONGEST_INTEGER:
        return None
    value = int(digits.lstrip("0") or "0", base)
    value = -value if text.startswith("-") else value
    return value if INTEGER_MIN <= value <= INTEGER_MAX else None


def _word_follows(reader: Reader) -> bool:
    character = reader.peek()
    return character == "_" or (character != "" and is_starting(character))


def _token(reader: Reader, kind: Kind, start: int, value: float) -> Token:
    return Token(kind, reader.text[start : reader.place], reader.span(start), value)


def _finish(reader: Reader, kind: Kind, start: int, value: float) -> Token:
    token = _token(reader, kind, start, value)
    if _word_follows(reader):
        word_start = reader.place
        character = reader.peek()
        reader.skip_word()
        reader.error(
            f"a number cannot be followed by {character!r}",
            word_start,
            hint=_hint(reader, kind, word_start),
        )
    return token


def _hint(reader: Reader, kind: Kind, start: int) -> str:
    rest = reader.text[start : reader.place]
    if kind is Kind.INT and rest[0] in "eE":
        return "a number with an exponent needs a dot: 1.0e5"
    if rest[0] == "_" and rest.replace("_", "").isdecimal():
        return 'digits cannot be grouped with "_" here: this needs the dialect 0.11'
    return "put a blank or an operator between them; a name begins with a letter"
