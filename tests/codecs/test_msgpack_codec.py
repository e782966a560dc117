"""What the msgpack codec makes of what events cannot hold."""

from __future__ import annotations

import struct
from typing import Any

import msgpack
import pytest

from ramps.codecs.msgpack import Msgpack
from ramps.errors import DecodeError, EncodeError

codec = Msgpack()


@pytest.mark.parametrize(
    ("frame", "what"),
    [
        (b"", "not MessagePack"),
        (b"\xc1", "not MessagePack"),
        (b"\x01\x02", "1 bytes follow"),
        (b"\xdd\xff\xff\xff\xff", "not MessagePack"),
        (b"\xdb\xff\xff\xff\xffabc", "not MessagePack"),
        (b"\xa1\xff", "not MessagePack"),
        (b"\xd4\x05x", "extension of type 5"),
        (msgpack.packb({1: 2}), "not MessagePack"),
        (msgpack.packb({b"a": 2}), "a key is of type bytes"),
        (b"\x91" * 129 + b"\x01", "deeper than 128"),
        (b"\x91" * 100_000 + b"\x01", "deeper than 128"),
    ],
)
def test_what_is_no_event_is_refused_with_the_reason(frame: bytes, what: str) -> None:
    with pytest.raises(DecodeError, match=what):
        codec.decode(frame)


def test_a_timestamp_is_an_integer_in_nanoseconds() -> None:
    assert codec.decode(msgpack.packb(msgpack.Timestamp(1, 5))) == 1_000_000_005


def test_a_timestamp_beyond_64_bits_is_refused() -> None:
    frame = b"\xc7\x0c\xff" + struct.pack(">Iq", 0, 2**62)
    with pytest.raises(DecodeError, match="64 bits"):
        codec.decode(frame)


@pytest.mark.parametrize("value", [{1: 2}, {"a": {b"k": 1}}, 2**64, {1, 2}, "\ud800", object()])
def test_what_events_cannot_hold_is_not_written(value: Any) -> None:
    with pytest.raises(EncodeError):
        codec.encode(value)
