"""The JSON libraries behind one interface, each with the checks that its gaps need."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import ujson

from pipelines.errors import ConfigurationError
from ramps.errors import EncodeError
from ramps.formats.codec_values import find_fault, holds_nan, is_plain
from ramps.formats.json_text import (
    is_deep,
    may_hold_long_integer,
    may_hold_null,
    orjson_reads_exactly,
    text_depth,
    ujson_reads_exactly,
)

__all__ = ["JsonEngine", "OrjsonEngine", "UjsonEngine", "choose_engine"]

try:
    import orjson
except ImportError:
    orjson = None  # type: ignore[assignment]


class JsonEngine(Protocol):
    """What `Json` needs of a library. Never blocks."""

    name: str

    def loads(self, text: bytes, /) -> Any:
        """The value of a text by rules that may be laxer than RFC 8259. Raises ``ValueError``."""

    def reads_exactly(self, texts: bytes, max_depth: int, /) -> bool:
        """Whether what ``loads`` accepted, one text or several joined by commas, certainly needs no second look."""

    def dumps_many(self, values: list[Any], max_depth: int, /) -> list[bytes]:
        """The texts of all values. Raises `EncodeError` if one of them cannot be written."""


def _joined(texts: list[bytes]) -> bytes:
    return texts[0] if len(texts) == 1 else b",".join(texts)


def _unwritable(values: list[Any], max_depth: int, error: Exception) -> EncodeError:
    faults = (find_fault(value, max_depth) for value in values)
    return EncodeError(f"not JSON: {next(filter(None, faults), str(error))}")


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

    def dumps_many(self, values: list[Any], max_depth: int) -> list[bytes]:
        """The texts of all values. Raises `EncodeError` if one of them cannot be written."""
        # Before writing, because ujson makes text of keys of any type and calls methods of objects it does not know.
        if not is_plain(values, max_depth):
            _refuse_faults(values, max_depth)
        dumps = ujson.dumps
        try:
            texts = [
                dumps(value, ensure_ascii=False, escape_forward_slashes=False, allow_nan=False).encode()
                for value in values
            ]
        except (TypeError, ValueError, OverflowError) as error:
            raise _unwritable(values, max_depth, error) from None
        if may_hold_long_integer(_joined(texts)):
            _refuse_faults(values, max_depth)
        return texts


class OrjsonEngine:
    """orjson: two to eight times as fast, and strict but for large integers, and for NaN, which it writes as null."""

    name = "orjson"

    def __init__(self) -> None:
        self.loads: Callable[[bytes], Any] = orjson.loads
        self._dumps = orjson.dumps
        # Nothing is written that ujson would refuse, as far as orjson lets one say so.
        self._option = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME

    reads_exactly = staticmethod(orjson_reads_exactly)

    def dumps_many(self, values: list[Any], max_depth: int) -> list[bytes]:
        """The texts of all values. Raises `EncodeError` if one of them cannot be written."""
        dumps, option = self._dumps, self._option
        try:
            texts = [dumps(value, None, option) for value in values]
        except TypeError as error:
            raise _unwritable(values, max_depth, error) from None
        joined = _joined(texts)
        if is_deep(joined, max_depth) and any(text_depth(text) > max_depth for text in texts):
            raise EncodeError(f"not JSON: the value is nested deeper than {max_depth} levels")
        if may_hold_null(joined) and holds_nan(values):
            raise _unwritable(values, max_depth, ValueError("a number is not finite"))
        return texts


def choose_engine(name: str) -> JsonEngine:
    """The engine called ``name``, or the fastest there is for ``"auto"``. Raises `ConfigurationError`."""
    if name == "orjson" and orjson is None:
        raise ConfigurationError(
            "the JSON engine orjson is not installed",
            path=("engine",),
            hint='install it with: pip install "aftershock[fast]"; or write engine = "auto"',
        )
    return UjsonEngine() if name == "ujson" or orjson is None else OrjsonEngine()
