"""``integer`` and ``float``: numbers from texts, by the rules of Rust's `FromStr`, which are stricter than Python's."""

from __future__ import annotations

import re

from pipelines.language.faults import Fault
from pipelines.language.library.function import function
from pipelines.language.values import INTEGER_MAX, INTEGER_MIN

_INTEGER = re.compile(r"[+-]?0*(?P<digits>[0-9]+)")
_FLOAT = re.compile(
    r"[+-]?(?:inf|infinity|nan|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)", re.IGNORECASE
)

_MOST_DIGITS = len(str(INTEGER_MAX))
_LONGEST_FLOAT = 4096


@function("integer::parse(text: string) -> integer", folds=True, example=('integer::parse("-42")', "-42"))
def parse_integer(text: str) -> int:
    """The integer that a text of decimal digits tells, with a sign or without, and with nothing around it."""
    match = _INTEGER.fullmatch(text)
    if match is None:
        raise Fault(f"{_short(text)} is not an integer" if text else "an empty string is not an integer")
    if len(match["digits"]) <= _MOST_DIGITS and INTEGER_MIN <= (number := int(text)) <= INTEGER_MAX:
        return number
    raise Fault(f"the integer {_short(text)} is too {'small' if text[0] == '-' else 'large'} for 64 bits")


@function("float::parse(text: string) -> float", folds=True, example=('float::parse("1.5e3")', "1500.0"))
def parse_float(text: str) -> float:
    """The float that a text tells: `1`, `-1.5`, `.5`, `1e3`, `inf`, `nan`, with nothing around it."""
    if len(text) > _LONGEST_FLOAT or _FLOAT.fullmatch(text) is None:
        raise Fault(f"{_short(text)} is not a float" if text else "an empty string is not a float")
    return float(text)


def _short(text: str) -> str:
    return repr(text) if len(text) <= 40 else f"{text[:40]!r}…"
