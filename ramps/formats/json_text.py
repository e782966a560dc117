"""RFC 8259 for engines that are laxer: quick proofs that a text is harmless, and the exact reading when in doubt.

The proofs may doubt a good text, never the reverse. They work on many texts joined by commas as on one, so that
their cost is shared by a batch. What the engines let through, found by experiment and held by the tests:

* ujson: NaN and Infinity, floats that overflow, integers of any length, ``01``, ``-``, ``1.``, control characters
  in strings, lone surrogates, escaped or raw;
* orjson: integers beyond 64 bits, which become floats.
"""

from __future__ import annotations

import json
import math
import re
from itertools import accumulate
from typing import Any, NoReturn

from ramps.errors import DecodeError
from ramps.formats.codec_values import INTEGER_MAX, INTEGER_MIN

__all__ = [
    "is_deep",
    "may_hold_lone_surrogate",
    "may_hold_long_integer",
    "may_hold_null",
    "orjson_reads_exactly",
    "parse_exactly",
    "text_depth",
    "ujson_reads_exactly",
]

_DIGITS_TO_ZERO = bytes.maketrans(b"123456789", b"000000000")
_CLASSES = bytes.maketrans(b"123456789E \t\r\n:[]{}", b"111111111e,,,,,,,,,")
_CONTROLS = bytes(range(32))
_BRACKETS_TO_STEPS = bytes(1 if byte in b"[{" else 255 if byte in b"]}" else 0 for byte in range(256))
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")
# 2**64 has 20 digits and -2**63 - 1 has 19: anything shorter fits.
_LONG_POSITIVE = b"0" * 20
_LONG_NEGATIVE = b"-" + b"0" * 19
_LONG = b"0" * 19
_DIGITS_TO_ZERO_BRACKETS_TO_SQUARE = bytes.maketrans(b"123456789{", b"000000000[")
_BEFORE_NULL = frozenset({b"", b":", b",", b"["})


def is_deep(text: bytes, max_depth: int) -> bool:
    """Whether a text could be nested deeper than ``max_depth``: it has that many opening brackets, strings included."""
    return text.count(b"[") + text.count(b"{") > max_depth


def may_hold_long_integer(text: bytes) -> bool:
    """Whether there are as many digits in a row, strings included, as an integer beyond 64 bits has."""
    zeros = text.translate(_DIGITS_TO_ZERO)
    return _LONG_POSITIVE in zeros or _LONG_NEGATIVE in zeros


def orjson_reads_exactly(text: bytes, max_depth: int) -> bool:
    """Whether what orjson accepted of these texts is certainly what RFC 8259 and our limits mean."""
    plainer = text.translate(_DIGITS_TO_ZERO_BRACKETS_TO_SQUARE)
    if plainer.count(b"[") > max_depth:
        return False
    return _LONG not in plainer or not may_hold_long_integer(text)


def may_hold_null(texts: bytes) -> bool:
    """Whether there is a null, strings included, in compact texts that were joined by commas."""
    # Looked for as a word of four letters first, which is in few texts; then by what stands before it.
    return b"null" in texts and not _BEFORE_NULL.isdisjoint(
        [piece[-1:] for piece in texts.split(b"null")[:-1]]
    )


def may_hold_lone_surrogate(text: bytes) -> bool:
    """Whether there is anything that is no UTF-8, or the escape of a surrogate, also of a whole pair."""
    if not text.isascii():
        try:
            text.decode()
        except UnicodeDecodeError:
            return True
    return b"\\" in text and b"\\u" in text and (b"\\ud" in text or b"\\uD" in text)


def ujson_reads_exactly(text: bytes, max_depth: int) -> bool:
    """Whether what ujson accepted of these texts is certainly what RFC 8259 and our limits mean."""
    if may_hold_lone_surrogate(text):
        return False
    if b"\\" in text:
        text = text.replace(b"\\\\", b"").replace(b'\\"', b"")
    # Without escaped quotes, every other piece is outside of strings; and as the text was accepted, no two of them
    # can grow together to a number.
    outside = b"".join(text.split(b'"')[::2])
    controls = len(text) - len(text.translate(None, _CONTROLS))
    if controls and controls != len(outside) - len(outside.translate(None, _CONTROLS)):
        return False
    if outside.count(b"[") + outside.count(b"{") > max_depth or b"N" in outside or b"I" in outside:
        return False
    return _numbers_are_usual(b"," + outside)


def _numbers_are_usual(outside: bytes) -> bool:
    zeros = outside.translate(_DIGITS_TO_ZERO)
    if b"-" in zeros and (zeros.count(b"-") != zeros.count(b"-0") or _LONG_NEGATIVE in zeros):
        return False
    if b"." in zeros and zeros.count(b".") != zeros.count(b".0"):
        return False
    if _LONG_POSITIVE in zeros:
        return False
    classes = outside.translate(_CLASSES)
    if b",00" in classes or b",01" in classes or b"-00" in classes or b"-01" in classes:
        return False
    # An exponent without a minus may overflow; that of a small number cannot.
    return classes.count(b"1e") + classes.count(b"0e") == classes.count(b"e-")


def text_depth(text: bytes) -> int:
    """The depth of nesting of a valid text, in levels: 0 for a number, 1 for ``[]``."""
    if b"\\" in text:
        text = text.replace(b"\\\\", b"").replace(b'\\"', b"")
    brackets = b"".join(text.split(b'"')[::2]).translate(_BRACKETS_TO_STEPS, _NO_BRACKETS)
    return max(accumulate((1 if step == 1 else -1 for step in brackets), initial=0))


class _Refused(ValueError):
    """A token that JSON's grammar or the engine's limits do not allow."""


def _integer(digits: str) -> int:
    # The length first: int() of a long text takes quadratic time.
    value = int(digits) if len(digits) <= 20 else INTEGER_MAX + 1
    if not INTEGER_MIN <= value <= INTEGER_MAX:
        raise _Refused(f"the integer {_shortened(digits)} does not fit into 64 bits")
    return value


def _float(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise _Refused(f"the number {_shortened(digits)} is beyond what a double can hold")
    return value


def _constant(name: str) -> NoReturn:
    raise _Refused(f"{name} is not JSON; a number that is not finite is written as null or as text")


def _shortened(digits: str) -> str:
    return digits if len(digits) <= 32 else digits[:29] + "..."


_exact = json.JSONDecoder(parse_int=_integer, parse_float=_float, parse_constant=_constant)
_lone_surrogate = re.compile("[\ud800-\udfff]")


def parse_exactly(frame: bytes, max_depth: int) -> Any:
    """The value of one JSON text, read by the standard library with the gaps closed. Raises `DecodeError`."""
    if not frame.strip(b" \t\r\n"):
        raise DecodeError("an empty frame is not JSON", 0)
    try:
        text = frame.decode()
    except UnicodeDecodeError as error:
        raise DecodeError(f"JSON must be UTF-8: {error.reason} at byte {error.start}", error.start) from None
    if is_deep(frame, max_depth) and text_depth(frame) > max_depth:
        raise DecodeError(f"the JSON text is nested deeper than {max_depth} levels")
    try:
        value = _exact.decode(text)
    except json.JSONDecodeError as error:
        position = len(text[: error.pos].encode())
        message = error.msg.removesuffix(" at")
        raise DecodeError(f"not JSON: {message} at byte {position}", position) from None
    except _Refused as error:
        raise DecodeError(f"not JSON: {error}") from None
    except RecursionError:
        raise DecodeError("the JSON text is nested deeper than it can be read") from None
    if "\\u" in text:
        _refuse_lone_surrogates(value)
    return value


def _refuse_lone_surrogates(value: Any) -> None:
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            stack.extend(item)
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)
        elif isinstance(item, str) and _lone_surrogate.search(item):
            raise DecodeError("a string holds half of a surrogate pair, which no text can carry")
