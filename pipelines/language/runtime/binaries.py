"""Binary values: ``<< … >>`` packs numbers and bytes into one, most significant bit first.

A part without a type is an unsigned integer of 8 bits. A number that is too wide is cut to its low bits. Bits that do
not fill the last byte stand at its right end, with zeros before them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from pipelines.language.faults import Fault
from pipelines.language.limits import Limits
from pipelines.language.runtime.equality import comparable_bytes
from pipelines.language.values import INTEGER_MAX, Value, type_name

__all__ = ["FIELD_TYPES", "FieldType", "PackedField", "measure", "pack"]

MOST_BITS: Final = 64


class FieldType(NamedTuple):
    """``raw``: the bytes of a binary or string; otherwise an integer, ``signed`` or ``little`` end first."""

    raw: bool = False
    signed: bool = False
    little: bool = False


_BIG = ("integer", "unsigned", "big", "unsigned-integer", "big-integer", "big-unsigned-integer")
_LITTLE = ("little", "little-integer", "little-unsigned-integer")

FIELD_TYPES: Final[dict[str | None, FieldType]] = {
    None: FieldType(),
    **dict.fromkeys(_BIG, FieldType()),
    **dict.fromkeys(_LITTLE, FieldType(little=True)),
    "signed-integer": FieldType(signed=True),
    "big-signed-integer": FieldType(signed=True),
    "little-signed-integer": FieldType(signed=True, little=True),
    "binary": FieldType(raw=True),
}
"""What may stand behind the ``/`` of a field; ``None``: nothing does."""


class PackedField(NamedTuple):
    """The form of one field. ``size``: bits of an integer, bytes of a raw one; ``None``: 8 bits, or all bytes."""

    type: FieldType
    size: int | None


def _raw(field: PackedField, value: Value) -> tuple[int, int]:
    data = comparable_bytes(value)
    if data is None:
        raise Fault(f"this needs a binary or a string, not {type_name(value)}", code="bad-type")
    if field.size is not None:
        if len(data) < field.size:
            raise Fault(f"this has {len(data)} bytes, but {field.size} are needed", code="binary-too-short")
        data = data[: field.size]
    return int.from_bytes(data, "big"), 8 * len(data)


def _integer(field: PackedField, value: Value) -> tuple[int, int]:
    if value.__class__ is not int:
        raise Fault(
            f"this needs an integer, not {type_name(value)}",
            "write `/binary` behind a string or a binary",
            "bad-type",
        )
    if field.type.signed and value > INTEGER_MAX:
        raise Fault(f"{value} is too large for a signed integer", code="bad-type")
    if not field.type.signed and value < 0:
        raise Fault(f"{value} is negative", "write `/signed-integer` behind it", "bad-type")
    bits = 8 if field.size is None else field.size
    number = value & ((1 << bits) - 1)
    if field.type.little and bits % 8 == 0:
        number = int.from_bytes(number.to_bytes(bits // 8, "little"), "big")
    return number, bits


def measure(field: PackedField, value: Value) -> tuple[int, int]:
    """``value`` in the form of ``field``: its bits as a number, and how many. Raises `Fault` if it does not fit."""
    return _raw(field, value) if field.type.raw else _integer(field, value)


def pack(parts: Sequence[tuple[int, int]], limits: Limits) -> bytes:
    """The bytes of what `measure` made of all fields. Raises `Fault` for too many of them."""
    if sum(bits for _, bits in parts) > 8 * limits.string:
        raise Fault(f"the binary would have more than {limits.string} bytes", code="limit-exceeded")
    total, length = 0, 0
    whole: list[bytes] = []
    for number, bits in parts:
        total = (total << bits) | number
        length += bits
        if length % 8 == 0:
            whole.append(total.to_bytes(length // 8, "big"))
            total = length = 0
    rest = length % 8
    if length:
        whole.append((total >> rest).to_bytes(length // 8, "big") + bytes([total & ((1 << rest) - 1)]))
    return b"".join(whole)
