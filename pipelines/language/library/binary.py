"""``binary``: functions of binaries."""

from __future__ import annotations

from typing import Any

from pipelines.language.faults import Fault
from pipelines.language.library.bounds import check_array
from pipelines.language.library.function import function
from pipelines.language.limits import Limits


@function(
    "binary::len(binary: binary) -> integer",
    folds=True,
    dialect="0.11",
    example=('binary::len(<< "abc"/binary >>)', "3"),
)
def length(binary: bytes) -> int:
    """How many bytes a binary has."""
    return len(binary)


@function(
    "binary::from_bytes(bytes: array) -> binary",
    folds=True,
    dialect="0.11",
    example=("binary::from_bytes([97, 98]) == << 24930:16 >>", "true"),
)
def from_bytes(array: list[Any]) -> bytes:
    """A binary of an array of integers from 0 to 255."""
    for number, byte in enumerate(array):
        if byte.__class__ is not int or not 0 <= byte <= 255:
            raise Fault(f"every element must be an integer from 0 to 255, but element {number} is none")
    return bytes(array)


@function(
    "binary::into_bytes(binary: binary) -> array",
    folds=True,
    fresh=True,
    takes_limits=True,
    dialect="0.11",
    example=('binary::into_bytes(<< "ab"/binary >>)', "[97,98]"),
)
def into_bytes(limits: Limits, binary: bytes) -> list[int]:
    """The bytes of a binary as an array of integers from 0 to 255."""
    check_array(len(binary), limits)
    return list(binary)
