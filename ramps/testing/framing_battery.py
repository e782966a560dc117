"""What every preprocessor must hold to, ours and other people's. For tests with Hypothesis::

    @given(chunks=cut(st.binary()))
    def test_the_frames_do_not_depend_on_the_cuts(chunks):
        assert_same_frames_for_any_cut(Mine, chunks)

``make`` makes a new step (or chain) for each stream.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Protocol

from hypothesis import strategies as st

from ramps.preprocessor import BadFrame, Frame, StampedFrame

__all__ = [
    "assert_as_new_after_its_end",
    "assert_same_frames_for_any_cut",
    "assert_same_stream_for_any_cut",
    "cut",
    "frames_of",
    "peak_bytes",
]


class Framer(Protocol):
    """A `Preprocessor` or a `PreprocessorChain`."""

    def feed(self, data: bytes) -> list[Frame]:
        """Frames complete with this chunk."""

    def end(self) -> list[Frame]:
        """Frames that the end completes."""


MakeFramer = Callable[[], Framer]


@st.composite
def cut(draw: st.DrawFn, streams: st.SearchStrategy[bytes]) -> list[bytes]:
    """A stream in chunks: as a whole, byte by byte, or cut anywhere, empty chunks included."""
    stream = draw(streams)
    how = draw(st.sampled_from(["bytes", "anywhere", "whole"]))
    if how == "bytes":
        return [stream[index : index + 1] for index in range(len(stream))]
    places = draw(st.lists(st.integers(0, len(stream)), max_size=8)) if how == "anywhere" else []
    edges = [0, *sorted(places), len(stream)]
    return [stream[start:stop] for start, stop in pairwise(edges)]


def frames_of(framer: Framer, chunks: Iterable[bytes]) -> list[Frame]:
    """All frames of a stream, its end included."""
    return [frame for chunk in chunks for frame in framer.feed(chunk)] + framer.end()


def assert_same_frames_for_any_cut(make: MakeFramer, chunks: list[bytes]) -> None:
    """The chunks give the frames that the whole stream gives. Of bad frames, the errors are the same; their data is
    what happened to be buffered.
    """
    whole = frames_of(make(), [b"".join(chunks)])
    parts = frames_of(make(), chunks)
    assert [_essence(frame) for frame in parts] == [_essence(frame) for frame in whole]
    for part, other in zip(parts, whole, strict=True):
        if isinstance(part, BadFrame) and isinstance(other, BadFrame):
            shorter, longer = sorted((part.data, other.data), key=len)
            assert longer.startswith(shorter)


def assert_same_stream_for_any_cut(make: MakeFramer, chunks: list[bytes]) -> None:
    """For a ``streaming`` step: the chunks give the bytes that the whole stream gives, and the same errors. How much of
    a broken stream comes out before its error may differ.
    """
    whole, whole_errors = _bytes_and_errors(frames_of(make(), [b"".join(chunks)]))
    parts, parts_errors = _bytes_and_errors(frames_of(make(), chunks))
    assert parts_errors == whole_errors
    if whole_errors:
        assert whole.startswith(parts) or parts.startswith(whole)
    else:
        assert parts == whole


def assert_as_new_after_its_end(make: MakeFramer, before: list[bytes], after: list[bytes]) -> None:
    """Whatever a stream did, the next one through the same step is framed as if it were the first."""
    framer = make()
    frames_of(framer, before)
    used = [_essence(frame) for frame in frames_of(framer, after)]
    assert used == [_essence(frame) for frame in frames_of(make(), after)]


def peak_bytes(framer: Framer, chunks: Iterable[bytes]) -> int:
    """The most memory that Python held on top of what it had before, while the chunks went through; frames are dropped
    as they come.
    """
    tracemalloc.start()
    try:
        for chunk in chunks:
            framer.feed(chunk)
        framer.end()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _essence(frame: Frame) -> tuple[object, ...]:
    if isinstance(frame, BadFrame):
        return ("bad", str(frame.error))
    return ("good", bytes(frame), frame.ingest_ns if isinstance(frame, StampedFrame) else None)


def _bytes_and_errors(frames: list[Frame]) -> tuple[bytes, list[str]]:
    good = b"".join([frame for frame in frames if isinstance(frame, bytes)])
    return good, [str(frame.error) for frame in frames if isinstance(frame, BadFrame)]
