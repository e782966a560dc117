"""Which percentiles ``hdr`` and ``dds`` tell, and which values they take."""

from __future__ import annotations

import re
from typing import Any

from pipelines.language.aggregates.number import is_number
from pipelines.language.faults import BadType, Fault
from pipelines.language.values import type_name

__all__ = ["DEFAULT_PERCENTILES", "Percentiles", "parse_percentiles", "to_magnitude"]

Percentiles = tuple[tuple[str, float], ...]
"""As written, and as a share from 0 to 1."""

DEFAULT_PERCENTILES: Percentiles = tuple(
    (text, float(text)) for text in ("0.5", "0.9", "0.95", "0.99", "0.999", "0.9999", "0.99999")
)

_NUMBER = re.compile(r"\+?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_MOST = 1000
_LARGEST = float(2**1023)


def parse_percentiles(name: str, written: Any) -> Percentiles:
    """A script's list of percentiles. Raises `Fault` if it is none; ``name`` is the aggregate's."""
    if written.__class__ is not list:
        raise BadType(
            f"aggr::stats::{name}: expected an array of percentiles, but got a value of type {type_name(written)}"
        )
    if len(written) > _MOST:
        raise Fault(f"aggr::stats::{name}: these are more than {_MOST} percentiles")
    return tuple(_parse(name, text) for text in written)


def _parse(name: str, text: Any) -> tuple[str, float]:
    if text.__class__ is not str:
        raise BadType(
            f"aggr::stats::{name}: expected a percentile as a string, but got a value of type {type_name(text)}",
            'write them as ["0.5", "0.99"]',
        )
    share = float(text) if len(text) < 100 and _NUMBER.fullmatch(text) else -1.0
    if not 0.0 <= share <= 1.0:
        raise Fault(
            f"aggr::stats::{name}: the percentile {text[:100]!r} is no number from 0 to 1", "99 % is 0.99"
        )
    return text, share


def to_magnitude(value: Any) -> float | int | None:
    """A number that can be counted into a histogram: not negative, finite. Anything else is ``None``."""
    if not is_number(value) or not 0 <= value < _LARGEST:
        return None
    return value  # type: ignore[no-any-return]
