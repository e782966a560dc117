"""The JSON libraries behind one interface, each with the checks that its gaps need."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from io import BytesIO
from typing import Any, Final, Protocol

import ujson

from pipelines.errors import ConfigurationError
from ramps.errors import EncodeError
from ramps.formats.codec_values import find_fault, holds_nan, is_plain
from ramps.formats.json_text import (
    is_deep,
    may_hold_lone_surrogate,
    may_hold_long_integer,
    may_hold_null,
    orjson_reads_exactly,
    text_depth,
    ujson_reads_exactly,
)
from ramps.joined_payloads import JoinedPayloads

__all__ = [
    "MAX_DEPTH",
    "JsonEngine",
    "OrjsonEngine",
    "UjsonEngine",
    "choose_engine",
    "load_lines",
]

try:
    import orjson
except ImportError:
    orjson = None  # type: ignore[assignment]

MAX_DEPTH: Final = 250
"""Levels of nesting that both engines write for sure; orjson ends at 254."""

# Stands between texts, so that one call reads or writes them all. Nobody outside can know it: no value holds it, and a
# frame that is JSON only together with its neighbours (`[1` and `2]`) takes it out of its place.
_MARK = secrets.token_urlsafe(9)
_BETWEEN = f',"{_MARK}",'.encode()


class JsonEngine(Protocol):
    """What `Json` needs of a library. Never blocks."""

    name: str

    def loads(self, text: bytes, /) -> Any:
        """The value of a text by rules that may be laxer than RFC 8259. Raises ``ValueError``."""

    def reads_text(self, texts: bytes, /) -> bool:
        """Whether what ``loads`` accepted, one text or several, certainly holds nothing that UTF-8 cannot carry."""

    def reads_exactly(self, texts: bytes, max_depth: int, /) -> bool:
        """Whether what ``loads`` accepted, one text or several joined by commas, certainly needs no second look."""

    def dumps_many(self, values: list[Any], max_depth: int, /, *, strict: bool) -> list[bytes]:
        """The texts of all values. Raises `EncodeError` if one of them cannot be written."""

    def dumps_joined(self, values: list[Any], /) -> JoinedPayloads | None:
        """The texts of all values, which are at least one, by one call of the library; ``None`` if one of them cannot
        be written.
        """


def _joined(texts: list[bytes]) -> bytes:
    return texts[0] if len(texts) == 1 else b",".join(texts)


def _unwritable(values: list[Any], max_depth: int, error: Exception) -> EncodeError:
    try:
        faults = (find_fault(value, max_depth) for value in values)
        return EncodeError(f"not JSON: {next(filter(None, faults), str(error))}")
    except Exception:
        # A user's object may refuse even to be looked at, and his error to be shown.
        return EncodeError(f"not JSON: {type(error).__name__}")


def _refuse_faults(values: list[Any], max_depth: int) -> None:
    for value in values:
        fault = find_fault(value, max_depth)
        if fault is not None:
            raise EncodeError(f"not JSON: {fault}")


class UjsonEngine:
    """ujson: everywhere, and lax."""

    name = "ujson"
    loads: Callable[[bytes], Any] = staticmethod(ujson.loads)
    reads_exactly = staticmethod(ujson_reads_exactly)

    def __init__(self) -> None:
        self._escapes = True

    def reads_text(self, texts: bytes) -> bool:
        """Whether it is UTF-8 without half a surrogate pair."""
        return not may_hold_lone_surrogate(texts)

    def dumps_many(self, values: list[Any], max_depth: int, *, strict: bool) -> list[bytes]:
        """The texts of all values. Raises `EncodeError` if one of them cannot be written."""
        # Before writing, because ujson makes text of keys of any type and calls methods of objects it does not know.
        if strict and not is_plain(values, max_depth):
            _refuse_faults(values, max_depth)
        try:
            texts = _cut_at_marks(self._dumps(_alternating(values, _MARK)))
        except Exception as error:
            # Of any kind, because it may come from a method that an object has for ujson.
            raise _unwritable(values, max_depth, error) from None
        if strict and may_hold_long_integer(_joined(texts)):
            _refuse_faults(values, max_depth)
        return texts

    def dumps_joined(self, values: list[Any]) -> JoinedPayloads | None:
        """The texts of all values, or ``None`` if one of them cannot be written."""
        try:
            text = self._dumps(_alternating(values, _MARK))
        except Exception:
            return None
        return JoinedPayloads(_size(text, len(values), _BETWEEN), lambda: _cut_at_marks(text))

    def _dumps(self, value: Any) -> bytes:
        # It writes ASCII only, with escapes, half as fast again as UTF-8; so UTF-8 is for texts that need it.
        if self._escapes:
            text: bytes = ujson.dumps(value, escape_forward_slashes=False, allow_nan=False).encode()
            # A search for one byte is thirty times faster than one for two.
            if b"\\" not in text or b"\\u" not in text:
                return text
        text = ujson.dumps(value, ensure_ascii=False, escape_forward_slashes=False, allow_nan=False).encode()
        self._escapes = text.isascii()
        return text


class OrjsonEngine:
    """orjson: two to eight times as fast, and strict but for large integers, and for NaN, which it writes as null."""

    name = "orjson"

    def __init__(self) -> None:
        self.loads: Callable[[bytes], Any] = orjson.loads
        self._dumps = orjson.dumps
        self._line_break = orjson.Fragment(b"\n")
        # Nothing is written that ujson would refuse, as far as orjson lets one say so.
        self._option = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME

    reads_exactly = staticmethod(orjson_reads_exactly)

    def reads_text(self, _texts: bytes) -> bool:
        """It refuses all that UTF-8 cannot carry."""
        return True

    def dumps_many(self, values: list[Any], max_depth: int, *, strict: bool) -> list[bytes]:
        """The texts of all values. Raises `EncodeError` if one of them cannot be written."""
        dumps, option = self._dumps, self._option
        try:
            texts = [dumps(value, None, option) for value in values]
        except TypeError as error:
            raise _unwritable(values, max_depth, error) from None
        if strict:
            self._check(values, texts, max_depth)
        return texts

    def dumps_joined(self, values: list[Any]) -> JoinedPayloads | None:
        """The texts of all values, or ``None`` if one of them cannot be written."""
        try:
            text = self._dumps(_alternating(values, self._line_break), None, self._option)
        except Exception:
            return None
        return JoinedPayloads(_size(text, len(values), b",\n,"), lambda: self._cut_at_breaks(text, values))

    def _cut_at_breaks(self, text: bytes, values: list[Any]) -> list[bytes]:
        # A search for line breaks is quicker than any split. JSON itself has none; a user's own `orjson.Fragment` may.
        lines = BytesIO(text).readlines()
        if len(lines) != len(values):
            return [self._dumps(value, None, self._option) for value in values]
        lines[-1] += b"\n"
        # Each has a bracket or a comma in front, and one behind.
        return [line[1:-2] for line in lines]

    @staticmethod
    def _check(values: list[Any], texts: list[bytes], max_depth: int) -> None:
        joined = _joined(texts)
        if is_deep(joined, max_depth) and any(text_depth(text) > max_depth for text in texts):
            raise EncodeError(f"not JSON: the value is nested deeper than {max_depth} levels")
        if may_hold_null(joined) and holds_nan(values):
            raise _unwritable(values, max_depth, ValueError("a number is not finite"))


def _alternating(values: list[Any], mark: Any) -> list[Any]:
    """The values, with a mark between any two."""
    marked: list[Any] = [mark] * (2 * len(values) - 1)
    marked[::2] = values
    return marked


def _size(text: bytes, count: int, between: bytes) -> int:
    """Bytes of so many texts without the brackets round them all, and without what stands between any two."""
    return len(text) - 2 - len(between) * (count - 1)


def _cut_at_marks(text: bytes) -> list[bytes]:
    texts = text.split(_BETWEEN)
    # Without the brackets round them all. Cut off here and not from the whole, which is a hundred times as long.
    texts[0] = texts[0][1:]
    texts[-1] = texts[-1][:-1]
    return texts


def load_lines(engine: JsonEngine, text: bytes) -> list[Any] | None:
    """The values of all lines (each ends with a newline) by one call; ``None`` if one is not exactly one value."""
    joined = text.replace(b"\n", _BETWEEN)
    try:
        found = engine.loads(b"".join((b"[", joined, b"0]")))
    except ValueError:
        return None
    count = (len(joined) - len(text)) // (len(_BETWEEN) - 1)
    if len(found) != 2 * count + 1 or found[1::2] != [_MARK] * count:
        return None
    values: list[Any] = found[:-1:2]
    return values


def choose_engine(name: str) -> JsonEngine:
    """The engine called ``name``, or the fastest there is for ``"auto"``. Raises `ConfigurationError`."""
    if name == "orjson" and orjson is None:
        raise ConfigurationError(
            "the JSON engine orjson is not installed",
            path=("engine",),
            hint='install it with: pip install "aftershock[fast]"; or write "auto"',
        )
    return UjsonEngine() if name == "ujson" or orjson is None else OrjsonEngine()
