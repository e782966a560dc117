"""GELF messages in chunks."""

from __future__ import annotations

import gzip
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ramps.preprocessor import BadFrame, Frame, PreprocessorChain
from ramps.preprocessors.gelf_chunking import GelfChunking, GelfChunkingOptions


class HandClock:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def joiner(now: HandClock | None = None, **options: object) -> GelfChunking:
    return GelfChunking(GelfChunkingOptions.model_validate(options), now=now or HandClock())


def chunk(number: int, count: int, part: bytes, identity: int = 1) -> bytes:
    return struct.pack(">2sQBB", b"\x1e\x0f", identity, number, count) + part


def bad(frames: list[Frame]) -> BadFrame:
    (frame,) = frames
    assert isinstance(frame, BadFrame)
    return frame


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_chunks_are_joined_in_any_order_and_however_often_they_come(data: st.DataObject) -> None:
    messages = data.draw(
        st.lists(st.lists(st.binary(max_size=5), min_size=1, max_size=5), min_size=1, max_size=4)
    )
    chunks = [
        chunk(number, len(parts), part, identity)
        for identity, parts in enumerate(messages)
        for number, part in enumerate(parts)
    ]
    gelf = joiner()
    frames: list[Frame] = []
    for one in data.draw(st.permutations(chunks)):
        fed = gelf.feed_frame(one)
        # A chunk that comes again while its message is incomplete changes nothing.
        frames += fed or gelf.feed_frame(one)
    assert sorted(map(bytes, frames)) == sorted(b"".join(parts) for parts in messages)
    assert gelf.end() == []


def test_a_chunk_that_comes_twice_counts_once() -> None:
    gelf = joiner()
    assert gelf.feed(chunk(0, 2, b"a")) == []
    assert gelf.feed(chunk(0, 2, b"a")) == []
    assert gelf.feed(chunk(1, 2, b"b")) == [b"ab"]


def test_a_chunk_that_comes_twice_does_not_count_towards_the_limit() -> None:
    gelf = joiner(max_frame="4B")
    gelf.feed(chunk(0, 2, b"abc"))
    gelf.feed(chunk(0, 2, b"xyz"))
    assert gelf.feed(chunk(1, 2, b"d")) == [b"abcd"]


def test_what_is_incomplete_for_too_long_leaves_as_bad_when_the_next_datagram_comes() -> None:
    clock = HandClock()
    gelf = joiner(clock, expire_after="5s")
    gelf.feed(chunk(1, 2, b"late"))
    clock.seconds += 4.9
    assert gelf.feed(b"{}") == [b"{}"]
    clock.seconds += 0.2
    expired, passed = gelf.feed(b"{}")
    assert isinstance(expired, BadFrame)
    assert expired.data == b"late"
    assert "1 of 2 chunks" in str(expired.error)
    assert passed == b"{}"


def test_one_message_more_than_allowed_drives_out_the_oldest() -> None:
    gelf = joiner(max_messages=2)
    for identity in (1, 2):
        assert gelf.feed(chunk(0, 2, b"%d" % identity, identity)) == []
    assert bad(gelf.feed(chunk(0, 2, b"3", 3))).data == b"1"
    assert gelf.feed(chunk(1, 2, b"!", 2)) == [b"2!"]


def test_more_bytes_than_allowed_drive_out_the_oldest() -> None:
    gelf = joiner(max_held="1KiB")
    gelf.feed(chunk(0, 2, b"1" * 500, 1))
    assert bad(gelf.feed(chunk(0, 2, b"2" * 500, 2))).data == b"1" * 500


def test_empty_chunks_count_because_they_take_memory_too() -> None:
    gelf = joiner(max_held="1KiB")
    frames = [frame for number in range(128) for frame in gelf.feed(chunk(number, 128, b""))]
    assert "max_held" in str(bad(frames[:1]).error)


def test_complete_messages_do_not_count_any_more() -> None:
    gelf = joiner(max_held="1KiB")
    for number in range(100):
        assert gelf.feed(chunk(0, 2, b"x" * 100, number)) == []
        assert gelf.feed(chunk(1, 2, b"y", number)) == [b"x" * 100 + b"y"]


def test_a_message_that_gets_too_long_is_bad() -> None:
    gelf = joiner(max_frame="4B")
    gelf.feed(chunk(0, 2, b"abc"))
    assert "max_frame = '4B'" in str(bad(gelf.feed(chunk(1, 2, b"de"))).error)


@pytest.mark.parametrize(
    "datagram", [b"", b"plain", b"\x1e\x0f", chunk(0, 0, b"x"), chunk(2, 2, b"x"), chunk(0, 129, b"x")]
)
def test_what_is_no_gelf_is_bad(datagram: bytes) -> None:
    assert bad(joiner().feed(datagram)).data == datagram


def test_a_chunk_that_contradicts_the_earlier_ones_is_bad_and_the_message_goes_on() -> None:
    gelf = joiner()
    gelf.feed(chunk(0, 2, b"a"))
    bad(gelf.feed(chunk(1, 3, b"x")))
    assert gelf.feed(chunk(1, 2, b"b")) == [b"ab"]


@pytest.mark.parametrize(
    "message", [b'{"a":1}', gzip.compress(b"{}", mtime=0), zlib.compress(b"{}"), zlib.compress(b"{}", 1)]
)
def test_a_message_without_chunks_passes(message: bytes) -> None:
    assert joiner().feed(message) == [message]


def test_the_mark_of_an_uncompressed_message_is_removed() -> None:
    assert joiner().feed(b"\x1f\x3c{}") == [b"{}"]


def test_the_end_of_the_stream_gives_up_what_is_incomplete() -> None:
    gelf = joiner()
    gelf.feed(chunk(0, 2, b"a"))
    assert bad(gelf.end()).data == b"a"


def test_in_a_chain_of_datagrams_messages_outlive_the_datagram() -> None:
    chain = PreprocessorChain([joiner()], framed=True)
    assert chain.feed(chunk(1, 2, b"b")) == []
    assert chain.feed(chunk(0, 2, b"a")) == [b"ab"]
