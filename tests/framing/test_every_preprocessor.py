"""What holds for every preprocessor, whatever it does."""

from __future__ import annotations

import base64
import functools
import gzip
import lzma
import zlib
from collections.abc import Callable

import cramjam
import lz4.frame
import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from ramps.preprocessor import Framing, Preprocessor, PreprocessorChain, preprocessors
from ramps.testing.framing_battery import (
    assert_as_new_after_its_end,
    assert_same_frames_for_any_cut,
    assert_same_stream_for_any_cut,
    cut,
    frames_of,
)

COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": functools.partial(gzip.compress, mtime=0),
    "zlib": zlib.compress,
    "xz": functools.partial(lzma.compress, preset=0),
    "snappy": lambda data: bytes(cramjam.snappy.compress(data)),
    "lz4": lz4.frame.compress,
    "zstd": zstd.compress,
}

payloads = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([b"\0" * 70_000, bytes(range(256)) * 20, b"a line\r\nanother\n\n"]),
)
text = st.text(alphabet="ab\r\n\0|", max_size=40).map(str.encode)


def members(name: str) -> st.SearchStrategy[bytes]:
    return st.lists(payloads.map(COMPRESS[name]), max_size=3).map(b"".join)


def prefixed(write: Callable[[bytes], bytes]) -> st.SearchStrategy[bytes]:
    return st.lists(st.binary(max_size=30).map(write), max_size=5).map(b"".join)


STREAMS: dict[str, st.SearchStrategy[bytes]] = {
    "lines": text,
    "lines-null": text,
    "lines-pipe": text,
    "base64": st.lists(st.binary(max_size=20).map(base64.b64encode), max_size=3).map(b"\n".join),
    "length-prefixed": prefixed(lambda body: len(body).to_bytes(8, "big") + body),
    "textual-length-prefix": prefixed(lambda body: b"%d %b" % (len(body), body)),
    **{name: members(name) for name in COMPRESS},
}
CHUNKWISE = {"gelf-chunking", "ingest-ns", "lines-no-buffer", "remove-empty", "decompress"}


def broken(streams: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Streams that are whole, cut short, followed by anything, or changed in one byte."""

    def change(stream: bytes, where: int, byte: int) -> bytes:
        where %= len(stream) + 1
        return stream[:where] + bytes([byte]) + stream[where + 1 :]

    return st.one_of(
        streams,
        st.tuples(streams, st.integers(1, 20)).map(lambda drawn: drawn[0][: -drawn[1]]),
        st.tuples(streams, st.binary(max_size=20)).map(b"".join),
        st.builds(change, streams, st.integers(0, 10_000), st.integers(0, 255)),
        st.binary(max_size=50),
    )


def small(name: str) -> Preprocessor:
    """With limits small enough to be met."""
    member = preprocessors.get(name)
    limits = {"max_frame": "16B", "max_decompressed": "4KiB", "max_ratio": 20}
    options = {key: value for key, value in limits.items() if key in member.Options.model_fields}
    return member(member.Options.model_validate(options))


def test_every_preprocessor_is_in_the_battery() -> None:
    assert set(preprocessors.names()) == set(STREAMS) | CHUNKWISE


@pytest.mark.parametrize("make", [lambda name: preprocessors.get(name)(), small], ids=["default", "small"])
@pytest.mark.parametrize("name", sorted(STREAMS))
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_the_frames_do_not_depend_on_the_cuts(
    name: str, make: Callable[[str], Preprocessor], data: st.DataObject
) -> None:
    assert_same_frames_for_any_cut(lambda: make(name), data.draw(cut(broken(STREAMS[name]))))


@pytest.mark.parametrize("name", sorted(STREAMS))
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_step_before_a_framer_passes_the_same_bytes_for_any_cut(name: str, data: st.DataObject) -> None:
    def make() -> Preprocessor:
        step = preprocessors.get(name)()
        step.streaming = True
        return step

    if make().framing is not Framing.BOUNDARIES:
        assert_same_stream_for_any_cut(make, data.draw(cut(broken(STREAMS[name]))))


@pytest.mark.parametrize("name", sorted(COMPRESS))
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_whatever_is_recognised_is_decompressed_alike_for_any_cut(name: str, data: st.DataObject) -> None:
    chunks = data.draw(cut(members(name).filter(bool)))
    recognised = frames_of(preprocessors.get("decompress")(), chunks)
    assert recognised == frames_of(preprocessors.get(name)(), chunks)


@pytest.mark.parametrize("name", preprocessors.names())
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_any_bytes_raise_nothing(name: str, data: st.DataObject) -> None:
    streams = broken(STREAMS.get(name, st.binary(max_size=40)))
    frames_of(small(name), data.draw(cut(streams)))
    small(name).feed_frame(data.draw(streams))


@pytest.mark.parametrize("name", preprocessors.names())
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_step_is_as_new_after_its_end(name: str, data: st.DataObject) -> None:
    streams = cut(broken(STREAMS.get(name, st.binary(max_size=40))))
    assert_as_new_after_its_end(lambda: small(name), data.draw(streams), data.draw(streams))


@settings(max_examples=150, deadline=None)
@given(
    names=st.lists(st.sampled_from([*sorted(STREAMS), "remove-empty", "decompress"]), max_size=3),
    data=st.data(),
    framed=st.booleans(),
)
def test_no_chain_raises_for_any_bytes(names: list[str], data: st.DataObject, framed: bool) -> None:
    stream = (
        st.one_of(STREAMS[name] for name in names if name in STREAMS)
        if set(names) & set(STREAMS)
        else st.binary()
    )
    frames_of(
        PreprocessorChain([small(name) for name in names], framed=framed), data.draw(cut(broken(stream)))
    )
