"""``cncf::otel``: identifiers of OpenTelemetry. As `random`, they depend on when the event came in."""

from __future__ import annotations

from typing import Any

from pipelines.language.library.function import Occasion, function
from pipelines.language.library.generator import Generator

_SPAN, _TRACE = 1, 2
"""Words of eight bytes."""


def _identifier(occasion: Occasion, words: int) -> bytes:
    generator = Generator(occasion.ingest_ns)
    identifier = b"".join([generator.bits().to_bytes(8, "big") for _ in range(words)])
    # All zeroes mean that there is none.
    return identifier if any(identifier) else identifier[:-1] + b"\x01"


@function(
    "cncf::otel::gen_span_id_string() -> string",
    package="cncf",
    takes_occasion=True,
    dialect="0.11",
    example=("string::len(otel::gen_span_id_string())", "16"),
)
def span_id_string(occasion: Occasion) -> str:
    """A span's identifier, as 16 hexadecimal digits."""
    return _identifier(occasion, _SPAN).hex()


@function(
    "cncf::otel::gen_span_id_array() -> array",
    package="cncf",
    fresh=True,
    takes_occasion=True,
    dialect="0.11",
    example=("array::len(otel::gen_span_id_array())", "8"),
)
def span_id_array(occasion: Occasion) -> list[int]:
    """A span's identifier, as an array of 8 bytes."""
    return list(_identifier(occasion, _SPAN))


@function(
    "cncf::otel::gen_span_id_bytes() -> binary",
    package="cncf",
    takes_occasion=True,
    dialect="0.11",
    example=("binary::len(otel::gen_span_id_bytes())", "8"),
)
def span_id_bytes(occasion: Occasion) -> bytes:
    """A span's identifier, as a binary of 8 bytes."""
    return _identifier(occasion, _SPAN)


@function(
    "cncf::otel::gen_trace_id_string() -> string",
    package="cncf",
    takes_occasion=True,
    dialect="0.11",
    example=("string::len(otel::gen_trace_id_string())", "32"),
)
def trace_id_string(occasion: Occasion) -> str:
    """A trace's identifier, as 32 hexadecimal digits."""
    return _identifier(occasion, _TRACE).hex()


@function(
    "cncf::otel::gen_trace_id_array() -> array",
    package="cncf",
    fresh=True,
    takes_occasion=True,
    dialect="0.11",
    example=("array::len(otel::gen_trace_id_array())", "16"),
)
def trace_id_array(occasion: Occasion) -> list[int]:
    """A trace's identifier, as an array of 16 bytes."""
    return list(_identifier(occasion, _TRACE))


@function(
    "cncf::otel::gen_trace_id_bytes() -> binary",
    package="cncf",
    takes_occasion=True,
    dialect="0.11",
    example=("binary::len(otel::gen_trace_id_bytes())", "16"),
)
def trace_id_bytes(occasion: Occasion) -> bytes:
    """A trace's identifier, as a binary of 16 bytes."""
    return _identifier(occasion, _TRACE)


_DIGITS = frozenset("0123456789abcdefABCDEF")


def _is_identifier(value: Any, length: int) -> bool:
    """Whether a value is an identifier of so many bytes: hexadecimal digits, an array, or a binary; not all zeroes."""
    kind = value.__class__
    if kind is str:
        return len(value) == 2 * length and _DIGITS.issuperset(value) and value.strip("0") != ""
    if kind is list:
        bytes_only = all(byte.__class__ is int and 0 <= byte <= 255 for byte in value)
        return len(value) == length and bytes_only and any(value)
    return kind is bytes and len(value) == length and any(value)


@function(
    "cncf::otel::span_id::is_valid(identifier: any) -> boolean",
    package="cncf",
    folds=True,
    dialect="0.11",
    example=('span_id::is_valid("00f067aa0ba902b7")', "true"),
)
def is_span_id(identifier: Any) -> bool:
    """Whether a value is a span's identifier, as a string, an array or a binary."""
    return _is_identifier(identifier, 8 * _SPAN)


@function(
    "cncf::otel::trace_id::is_valid(identifier: any) -> boolean",
    package="cncf",
    folds=True,
    dialect="0.11",
    example=('trace_id::is_valid("00000000000000000000000000000000")', "false"),
)
def is_trace_id(identifier: Any) -> bool:
    """Whether a value is a trace's identifier, as `cncf::otel::span_id::is_valid` has it for spans."""
    return _is_identifier(identifier, 8 * _TRACE)
