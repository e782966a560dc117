"""`Preprocessor`: from the bytes of a stream, in chunks of any size, to frames; and the chain of several.

Where a boundary counts. What enters a chain is either a stream, cut into chunks at random, or frames, each whole by
itself (a datagram). One step of a chain finds the boundaries; `Framing` says how good each is at that, and the
chain picks. Every step before it passes a stream on in pieces (``streaming``), and every step behind it gets whole
frames, by `Preprocessor.feed_frame`. So a step does the right thing wherever it stands, and nobody has to say so:

===========================  ======================================================================================
``["gzip", "lines"]``        lines frames; gzip lets decompressed bytes go as they come, across its members
``["length-prefixed",        length-prefixed frames; each frame is one compressed blob and becomes one frame
"gzip"]``
``["gzip"]``                 nobody else frames: each gzip member becomes one frame
``["gelf-chunking",          on datagrams: each datagram, and each joined message, is whole
"decompress"]``
===========================  ======================================================================================
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import ClassVar

from pipelines.registry import Component, Registry
from ramps.errors import FrameError

__all__ = [
    "BadFrame",
    "Frame",
    "Framing",
    "Preprocessor",
    "PreprocessorChain",
    "StampedFrame",
    "preprocessors",
]


# What is passed on to the next step at a time: enough to fill batches, little enough to be held for each connection.
_PORTION_FRAMES = 1024
_PORTION_BYTES = 1 << 20


class StampedFrame(bytes):
    """A frame that brings its own ingest time (``ingest_ns``, nanoseconds since 1970)."""

    ingest_ns: int


class BadFrame:
    """Bytes that could not be framed: they leave by the onramp's ``err`` port, and what follows goes on."""

    __slots__ = ("data", "error")

    def __init__(self, data: bytes, error: FrameError) -> None:
        self.data = data
        self.error = error

    def __repr__(self) -> str:
        return f"<BadFrame of {len(self.data)} bytes: {self.error}>"


Frame = bytes | BadFrame


class Framing(IntEnum):
    """How well a step finds the boundaries of frames in a stream. The best one of a chain does it."""

    NEEDED = -1
    """Not at all, and it makes no sense of anything but whole frames (reads their header): a step before it frames,
    if one can. On a bare stream it takes each chunk as a frame.
    """

    NONE = 0
    """Not at all, and it does not mind (drops the empty ones)."""

    WHOLE = 1
    """Only the end of the stream is a boundary (bare base64)."""

    MEMBERS = 2
    """The members of its format are frames, where nobody else finds better ones (the compressing formats)."""

    BOUNDARIES = 3
    """The bytes say where a frame ends (a separator, a length); the first such step of a chain frames."""


class Preprocessor(Component):
    """One step from stream bytes to frames: splits, joins, decompresses, strips.

    An instance belongs to one stream (one connection, one file) and may keep state between calls. It never blocks.
    The frames that come out do not depend on how the stream was cut into chunks, except for the members that say so
    (those that take each chunk as a whole). While it is ``streaming``, that holds for the joined output.

    Limits (frame length, decompressed size, parts under way) are options with defaults: every byte is hostile.
    """

    framing: ClassVar[Framing] = Framing.NONE
    """How well it finds boundaries."""

    joins_frames: ClassVar[bool] = False
    """Whether it keeps something of whole frames that it is given, and makes one of several (see `feed_frame`)."""

    streaming: bool = False
    """Set by the chain before the first call: a later step frames, so what comes out may be cut anywhere."""

    @property
    def held(self) -> int | None:
        """Bytes of its input whose frame is not complete yet; ``None`` if that cannot be said (now)."""
        return None

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are complete with this chunk, in order. Data that is broken or beyond a limit comes out as a
        `BadFrame` in its place, with the original bytes (cut to what was buffered), and the stream goes on behind it
        where the format allows; where it does not (the length prefix itself is bad), the rest of the stream is
        dropped with one `BadFrame`. Raises nothing.
        """
        raise NotImplementedError

    def feed_lines(self, data: bytes) -> bytes | None:
        """Instead of `feed`, where newlines separate the frames and nothing is wrong with any of them: the frames that
        are complete with this chunk, in one piece, with a newline behind each.

        ``None`` where that cannot be said without looking at each; nothing has been taken in then.
        """
        return None

    def end(self) -> list[Frame]:
        """What is left when the stream ends, in order: a last line without its newline is a frame; half of a
        compressed member or of a length-prefixed frame is a `BadFrame` that says "truncated". The step is then as
        new, ready for another stream.
        """
        return []

    def feed_frame(self, frame: bytes) -> list[Frame]:
        """What one whole frame gives: it is a stream of its own, begun and ended here. Only a step that joins frames
        on purpose (the chunks of one message) keeps state from one to the next, and overrides this.
        """
        return [*self.feed(frame), *self.end()]


class PreprocessorChain:
    """Several preprocessors in a row for one stream: each takes the frames of the one before it.

    ``framed`` means that each `feed` is one whole frame. Without any step, each chunk is a frame.
    """

    def __init__(self, steps: list[Preprocessor], *, framed: bool = False) -> None:
        self._steps = steps
        framer = -1 if framed else _framer(steps)
        for step in steps[: max(framer, 0)]:
            step.streaming = True
        # Whether a step is given whole frames: nobody frames in a chain of steps that cannot, so nothing is whole.
        self._takes_frames = [framed or -1 < framer < index for index in range(len(steps))]

    @property
    def held(self) -> int | None:
        """Bytes of the stream whose frame is not complete yet; ``None`` if that cannot be said (now)."""
        if not self._steps:
            return 0
        # Whoever gets whole frames holds nothing back, unless it joins some.
        if all(self._takes_frames[1:]) and not any(step.joins_frames for step in self._steps[1:]):
            return self._steps[0].held
        return None

    def feed(self, data: bytes) -> list[Frame]:
        """The frames complete with this chunk. A `BadFrame` passes the later steps untouched, in its place; what a
        step had begun to collect from before that hole in the stream is bad too, and comes before it.
        """
        return [frame for portion in self.portions(data) for frame in portion]

    def feed_lines(self, data: bytes) -> bytes | None:
        """What `feed` returns, in one piece, where that is possible (see `Preprocessor.feed_lines`)."""
        if len(self._steps) != 1 or self._takes_frames[0]:
            return None
        return self._steps[0].feed_lines(data)

    def portions(self, data: bytes) -> Iterator[list[Frame]]:
        """What `feed` returns, a part at a time: a chunk of compressed newlines becomes far more frames than memory
        holds. Exhaust it before the next call.
        """
        return self._through(0, [data])

    def _through(self, index: int, frames: list[Frame]) -> Iterator[list[Frame]]:
        if index == len(self._steps):
            yield frames
            return
        for portion in self._pass(index, frames):
            yield from self._through(index + 1, portion)

    def end(self) -> list[Frame]:
        """The frames that the end of the stream completes, every step ended in order."""
        frames: list[Frame] = []
        for index, step in enumerate(self._steps):
            # What the steps before this one still held passes through it before it ends itself.
            frames = [frame for portion in self._pass(index, frames) for frame in portion]
            frames += step.end()
        return frames

    def _pass(self, index: int, frames: list[Frame]) -> Iterator[list[Frame]]:
        step = self._steps[index]
        take = step.feed_frame if self._takes_frames[index] else step.feed
        if len(frames) == 1 and type(frames[0]) is bytes:
            yield take(frames[0])
            return
        out: list[Frame] = []
        size_bytes = 0
        for frame in frames:
            if isinstance(frame, BadFrame):
                if not self._takes_frames[index]:
                    out.extend(_broken_off(step.end(), frame.error))
                out.append(frame)
                continue
            new = take(frame)
            if isinstance(frame, StampedFrame):
                new = [_stamped(one, frame.ingest_ns) for one in new]
            out += new
            size_bytes += sum([len(one) for one in new if isinstance(one, bytes)])
            if size_bytes >= _PORTION_BYTES or len(out) >= _PORTION_FRAMES:
                yield out
                out, size_bytes = [], 0
        yield out


def _framer(steps: list[Preprocessor]) -> int:
    """The index of the step that finds the boundaries; -1 where none can. Of several formats with members the last
    one does it: its members are the smaller ones.
    """
    needs = next((index for index, step in enumerate(steps) if step.framing is Framing.NEEDED), len(steps))
    for candidates in (steps[:needs], steps):
        best = max((step.framing for step in candidates), default=Framing.NONE)
        fit = [index for index, step in enumerate(candidates) if step.framing is best]
        if best > Framing.NONE:
            return fit[0] if best is Framing.BOUNDARIES else fit[-1]
    return -1


def _broken_off(held: list[Frame], error: FrameError) -> list[Frame]:
    return [frame if isinstance(frame, BadFrame) else BadFrame(frame, error) for frame in held]


def _stamped(frame: Frame, ingest_ns: int) -> Frame:
    if isinstance(frame, BadFrame | StampedFrame):
        return frame
    stamped = StampedFrame(frame)
    stamped.ingest_ns = ingest_ns
    return stamped


preprocessors: Registry[Preprocessor] = Registry(
    "preprocessor", "aftershock.preprocessors", "ramps.preprocessors"
)
"""All preprocessors by name."""
