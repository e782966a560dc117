"""``chash``: consistent hashing: few keys change their slot when slots are added.

The slot is that of Lamping and Veach, "A Fast, Minimal Memory, Consistent Hash Algorithm" (2014); the hash of the key
is SipHash-1-3 (Aumasson and Bernstein, 2012), as Rust's `Hash` for `str` feeds it: UTF-8 and a byte 0xff.
"""

from __future__ import annotations

from typing import Any

from pipelines.language.faults import Fault
from pipelines.language.library.function import function
from pipelines.language.limits import Limits
from pipelines.language.runtime.json_text import encode_sorted

_M64 = 2**64 - 1
# "tremor\0\0" and "\0\0tremor", read as integers.
_KEYS = (8390880576440238080, 128034676764530)
_MOST_SLOTS = 2**32 - 1

_LONGEST_KEY = 1 << 16
"""Bytes. The hash takes most of a microsecond for each eight of them."""


@function(
    "chash::jump(key: string, slots: unsigned) -> integer",
    package="tremor",
    folds=True,
    example=('chash::jump("snot", 9)', "8"),
)
def jump(key: str, slots: int) -> int:
    """A slot for a key, from 0 to before the number of slots."""
    return _jump(*_KEYS, key, slots)


@function(
    "chash::jump_with_keys(first: unsigned, second: unsigned, key: string, slots: unsigned) -> integer",
    package="tremor",
    folds=True,
    example=('chash::jump_with_keys(8, 2, "badger", 9)', "3"),
)
def jump_with_keys(first: int, second: int, key: str, slots: int) -> int:
    """As `jump`, with two integers of your own to begin the hash with."""
    return _jump(first, second, key, slots)


@function(
    "chash::sorted_serialize(value: any) -> string",
    package="tremor",
    folds=True,
    takes_limits=True,
    example=('chash::sorted_serialize({"b": 1, "a": 2})', r'"{\"a\":2,\"b\":1}"'),
)
def sorted_serialize(limits: Limits, value: Any) -> str:
    """The JSON text of a value with the fields of its records sorted, so that equal values give equal texts."""
    return encode_sorted(value, limits.string)


def _jump(first: int, second: int, key: str, slots: int) -> int:
    if not 0 < slots <= _MOST_SLOTS:
        raise Fault(f"the number of slots must be from 1 to {_MOST_SLOTS}, not {slots}")
    data = key.encode("utf-8", "surrogatepass")
    if len(data) > _LONGEST_KEY:
        raise Fault(f"the key is longer than {_LONGEST_KEY} bytes")
    number = _siphash13(first, second, data + b"\xff")
    slot, following = -1, 0
    while following < slots:
        slot = following
        number = (number * 2862933555777941757 + 1) & _M64
        following = int((slot + 1) * (2**31 / ((number >> 33) + 1)))
    return slot


def _siphash13(first: int, second: int, data: bytes) -> int:
    state = (
        first ^ 0x736F6D6570736575,
        second ^ 0x646F72616E646F6D,
        first ^ 0x6C7967656E657261,
        second ^ 0x7465646279746573,
    )
    whole = len(data) & ~7
    words = [int.from_bytes(data[place : place + 8], "little") for place in range(0, whole, 8)]
    words.append(int.from_bytes(data[whole:], "little") | (len(data) & 0xFF) << 56)
    for word in words:
        a, b, c, d = _round(state[0], state[1], state[2], state[3] ^ word)
        state = (a ^ word, b, c, d)
    state = (state[0], state[1], state[2] ^ 0xFF, state[3])
    for _ in range(3):
        state = _round(*state)
    return state[0] ^ state[1] ^ state[2] ^ state[3]


def _round(a: int, b: int, c: int, d: int) -> tuple[int, int, int, int]:
    a = (a + b) & _M64
    b = (b << 13 | b >> 51) & _M64 ^ a
    a = (a << 32 | a >> 32) & _M64
    c = (c + d) & _M64
    d = (d << 16 | d >> 48) & _M64 ^ c
    a = (a + d) & _M64
    d = (d << 21 | d >> 43) & _M64 ^ a
    c = (c + b) & _M64
    b = (b << 17 | b >> 47) & _M64 ^ c
    c = (c << 32 | c >> 32) & _M64
    return a, b, c, d
