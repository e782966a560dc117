"""Numbers as Rust reads them: no blanks, no underscores, ASCII digits only, which Python's ``int`` does not check."""

from __future__ import annotations

import re
from math import isfinite

__all__ = ["read_float", "read_integer"]

_INTEGER = re.compile(r"[-+]?[0-9]{1,40}", re.ASCII)
_FLOAT = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?", re.ASCII)


def read_integer(text: str, low: int, high: int) -> int | None:
    """The integer, if the text is one within the bounds."""
    if _INTEGER.fullmatch(text) is None:
        return None
    number = int(text)
    return number if low <= number <= high else None


def read_float(text: str) -> float | None:
    """The float, if the text is a decimal number that is not beyond the floats."""
    if _FLOAT.fullmatch(text) is None:
        return None
    number = float(text)
    return number if isfinite(number) else None
