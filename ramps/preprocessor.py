"""`Preprocessor`: from the bytes of a stream, in chunks of any size, to frames; and the chain of several."""

from __future__ import annotations

from pipelines.registry import Component, Registry
from ramps.errors import FrameError

__all__ = ["BadFrame", "Frame", "Preprocessor", "PreprocessorChain", "StampedFrame", "preprocessors"]


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


class Preprocessor(Component):
    """One step from stream bytes to frames: splits, joins, decompresses, strips.

    An instance belongs to one stream (one connection, one file) and may keep state between calls. It never blocks.
    The frames that come out do not depend on how the stream was cut into chunks, except for the members that say so
    (those that take each chunk as a whole).

    Limits (frame length, decompressed size, parts under way) are options with defaults: every byte is hostile.
    """

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are complete with this chunk, in order. Data that is broken or beyond a limit comes out as a
        `BadFrame` in its place, with the original bytes (cut to what was buffered), and the stream goes on behind it
        where the format allows; where it does not (the length prefix itself is bad), the rest of the stream is
        dropped with one `BadFrame`. Raises nothing.
        """
        raise NotImplementedError

    def end(self) -> list[Frame]:
        """What is left when the stream ends, in order: a last line without its newline is a frame; half of a
        compressed member or of a length-prefixed frame is a `BadFrame` that says "truncated". Called at most once.
        """
        return []


class PreprocessorChain:
    """Several preprocessors in a row for one stream: each takes the frames of the one before it."""

    def __init__(self, steps: list[Preprocessor]) -> None:
        self._steps = steps

    def feed(self, data: bytes) -> list[Frame]:
        """The frames complete with this chunk. A `BadFrame` passes the later steps untouched, in its place."""
        return self._through(0, [data])

    def end(self) -> list[Frame]:
        """The frames that the end of the stream completes, every step ended in order."""
        frames: list[Frame] = []
        for index, step in enumerate(self._steps):
            # What the steps before this one still held passes through it before it ends itself.
            frames = self._through(index, frames, last=index) + step.end()
        return frames

    def _through(self, first: int, frames: list[Frame], last: int | None = None) -> list[Frame]:
        for step in self._steps[first : None if last is None else last + 1]:
            out: list[Frame] = []
            for frame in frames:
                if isinstance(frame, BadFrame):
                    out.append(frame)
                    continue
                fed = step.feed(frame)
                stamp = getattr(frame, "ingest_ns", None)
                out.extend(fed if stamp is None else (_stamped(new, stamp) for new in fed))
            frames = out
        return frames


def _stamped(frame: Frame, ingest_ns: int) -> Frame:
    if isinstance(frame, BadFrame | StampedFrame):
        return frame
    stamped = StampedFrame(frame)
    stamped.ingest_ns = ingest_ns
    return stamped


preprocessors: Registry[Preprocessor] = Registry("preprocessor", "aftershock.preprocessors", "ramps.preprocessors")
"""All preprocessors by name."""
