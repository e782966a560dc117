"""What a postprocessor writes, the preprocessor of the same name reads."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ramps.errors import EncodeError
from ramps.postprocessor import Postprocessor, PostprocessorChain, postprocessors
from ramps.preprocessor import PreprocessorChain, StampedFrame, preprocessors
from ramps.testing.framing_battery import frames_of

MEMBERS = ["gzip", "zlib", "xz", "snappy", "lz4", "zstd"]
SEPARATORS = {"lines": b"\n", "lines-null": b"\0", "lines-pipe": b"|"}
LENGTHS = ["length-prefixed", "textual-length-prefix"]

payloads = st.one_of(st.binary(max_size=40), st.just(b"\0" * 5000), st.just(b'{"a": 1}'))


def written(names: list[str], events: list[bytes], stamp: int = 0) -> list[bytes]:
    chain = PostprocessorChain([quick(name) for name in names])
    return [packet for event in events for packet in chain.process(event, stamp)]


def quick(name: str) -> Postprocessor:
    member = postprocessors.get(name)
    options = {"level": member.Options.model_fields["level"].metadata[0].ge} if name == "xz" else {}
    return member(member.Options.model_validate(options))


def reader(names: list[str], *, framed: bool = False) -> PreprocessorChain:
    return PreprocessorChain([preprocessors.get(name)() for name in reversed(names)], framed=framed)


def test_every_postprocessor_has_its_mirror() -> None:
    assert set(postprocessors.names()) <= set(preprocessors.names())


@pytest.mark.parametrize("name", [*MEMBERS, *LENGTHS])
@settings(max_examples=25, deadline=None)
@given(events=st.lists(payloads, max_size=4))
def test_a_stream_gives_back_what_was_written(name: str, events: list[bytes]) -> None:
    assert frames_of(reader([name]), [b"".join(written([name], events))]) == events


@pytest.mark.parametrize("name", SEPARATORS)
@settings(max_examples=25, deadline=None)
@given(events=st.lists(payloads, max_size=4))
def test_separated_frames_come_back_unless_they_hold_the_separator(name: str, events: list[bytes]) -> None:
    events = [event.replace(SEPARATORS[name], b"").rstrip(b"\r") for event in events]
    assert frames_of(reader([name]), [b"".join(written([name], events))]) == events


@pytest.mark.parametrize("name", sorted(postprocessors.names()))
@settings(max_examples=25, deadline=None)
@given(event=payloads, stamp=st.integers(0, 2**64 - 1))
def test_one_datagram_gives_back_what_was_written(name: str, event: bytes, stamp: int) -> None:
    if name in SEPARATORS:
        event = event.replace(SEPARATORS[name], b"").rstrip(b"\r") or b"x"
    chain = reader([name], framed=True)
    (frame,) = [frame for packet in written([name], [event], stamp) for frame in chain.feed(packet)]
    assert frame == event
    assert not isinstance(frame, StampedFrame) or frame.ingest_ns == stamp


@settings(max_examples=150, deadline=None)
@given(
    inner=st.lists(st.sampled_from([*MEMBERS, "base64", "ingest-ns", *LENGTHS]), max_size=3),
    outer=st.sampled_from([*LENGTHS, *MEMBERS]),
    events=st.lists(payloads, max_size=3),
    data=st.data(),
)
def test_a_stream_of_several_layers_gives_back_what_was_written(
    inner: list[str], outer: str, events: list[bytes], data: st.DataObject
) -> None:
    names = [*inner, outer]
    stream = b"".join(written(names, events))
    place = data.draw(st.integers(0, len(stream)))
    assert frames_of(reader(names), [stream[:place], stream[place:]]) == events


@settings(max_examples=60, deadline=None)
@given(
    outer=st.lists(st.sampled_from([*MEMBERS, "base64"]), max_size=3),
    events=st.lists(payloads.map(lambda event: event.replace(b"\n", b"").rstrip(b"\r")), max_size=3),
)
def test_lines_come_back_through_any_layers_around_them(outer: list[str], events: list[bytes]) -> None:
    names = ["lines", *outer]
    assert frames_of(reader(names), written(names, events)) == events


@settings(max_examples=60, deadline=None)
@given(inner=st.lists(st.sampled_from([*MEMBERS, "base64"]), max_size=2), size=st.integers(0, 3000))
def test_a_long_message_comes_back_from_gelf_datagrams(inner: list[str], size: int) -> None:
    event = bytes(index * 7 % 256 for index in range(size))
    small = postprocessors.get("gelf-chunking")
    gelf = small(small.Options.model_validate({"chunk_size": "100B"}))
    packets = PostprocessorChain([*(quick(name) for name in inner), gelf]).process(event, 0)
    assert all(len(packet) <= 100 for packet in packets)
    chain = reader([*inner, "gelf-chunking"], framed=True)
    assert [frame for packet in packets for frame in chain.feed(packet)] == [event]


def test_gelf_refuses_what_needs_more_than_128_chunks() -> None:
    member = postprocessors.get("gelf-chunking")
    gelf = member(member.Options.model_validate({"chunk_size": "13B"}))
    assert len(gelf.process(b"x" * 128, 0)) == 128
    with pytest.raises(EncodeError, match="needs 129 GELF chunks"):
        gelf.process(b"x" * 129, 0)


def test_a_short_gelf_message_needs_no_chunk() -> None:
    assert written(["gelf-chunking"], [b'{"a":1}']) == [b'{"a":1}']


def test_two_gelf_messages_never_share_an_id() -> None:
    packets = written(["gelf-chunking"], [b"one", b"two"])
    assert packets[0][:10] != packets[1][:10]


@pytest.mark.parametrize("name", ["gzip", "zlib", "xz", "lz4", "zstd"])
def test_every_level_that_is_allowed_works(name: str) -> None:
    member = postprocessors.get(name)
    at_least, at_most = member.Options.model_fields["level"].metadata
    low, high = at_least.ge, at_most.le
    for level in range(low, high + 1):
        (packet,) = member(member.Options.model_validate({"level": level})).process(b"payload" * 100, 0)
        assert reader([name], framed=True).feed(packet) == [b"payload" * 100]


def test_a_step_that_needs_frames_gets_them_from_the_format_before_it() -> None:
    names = ["gzip", "ingest-ns", "zlib"]
    stream = b"".join(written(names, [b"one", b"two"]))
    assert frames_of(reader(names), [stream[:4], stream[4:]]) == [b"one", b"two"]
