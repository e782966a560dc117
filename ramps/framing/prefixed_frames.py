"""Frames with their length in front: what `length-prefixed` and `textual-length-prefix` share."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from pydantic import Field

from pipelines.options import Options, Size, format_size
from ramps.errors import FrameError
from ramps.preprocessor import BadFrame, Frame, Framing, Preprocessor

__all__ = ["PrefixedFrames", "PrefixedFramesOptions"]


class PrefixedFramesOptions(Options):
    """The limit that each of the family has."""

    max_frame: Size = Field(
        default="1MiB",
        gt=0,
        validate_default=True,
        description="The longest frame, without its prefix. A longer one is skipped; its prefix leaves by err.",
    )


class PrefixedFrames(Preprocessor):
    """Reads a length and then as many bytes.

    A frame longer than ``max_frame`` is one `BadFrame` with its prefix, and is skipped without being kept. Behind a
    prefix that is no length nothing can be found any more: the rest of the stream is dropped.
    """

    framing = Framing.BOUNDARIES
    options: PrefixedFramesOptions
    Options: ClassVar[type[Options]] = PrefixedFramesOptions

    def __init__(self, options: PrefixedFramesOptions | None = None) -> None:
        super().__init__(options)
        self._max_bytes: int = self.options.max_frame
        self._reset()

    def _reset(self) -> None:
        self._held = bytearray()
        self._needed_bytes = 1
        self._skip_bytes = 0
        self._skipped_bytes = 0
        self._lost = False

    @property
    def held(self) -> int | None:
        """Bytes of the frame that has begun, one that is skipped too; ``None`` behind a prefix that is no length."""
        if self._lost:
            return None
        return self._skipped_bytes if self._skip_bytes else len(self._held)

    @abstractmethod
    def read_prefix(self, data: bytearray, start: int) -> tuple[int, int] | None:
        """Where the frame begins whose prefix stands at ``start``, and how long it is; ``None`` if the prefix is not
        complete. Raises `FrameError`, its ``position`` counted in bytes from ``start``, if it can be no prefix.
        """

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that end in this chunk."""
        if self._lost:
            return []
        if self._skip_bytes:
            skipped = min(self._skip_bytes, len(data))
            self._skip_bytes -= skipped
            self._skipped_bytes += skipped
            data = data[skipped:]
        self._held += data
        if len(self._held) < self._needed_bytes:
            return []
        return self._parse()

    def end(self) -> list[Frame]:
        """A `BadFrame` for a frame that has begun."""
        held = bytes(self._held)
        self._reset()
        if not held:
            return []
        return [BadFrame(held, FrameError("truncated: the stream ends within a frame or its length"))]

    def _parse(self) -> list[Frame]:
        held, frames, start, needed = self._held, list[Frame](), 0, 1
        while start < len(held):
            try:
                prefix = self.read_prefix(held, start)
            except FrameError as error:
                frames.append(BadFrame(bytes(held[start : start + (error.position or 0) + 1]), error))
                self._reset()
                self._lost = True
                return frames
            if prefix is None:
                break
            begin, length = prefix
            stop = begin + length
            if length > self._max_bytes:
                frames.append(self._too_long(bytes(held[start:begin]), length))
                self._skip_bytes = max(0, stop - len(held))
                self._skipped_bytes = len(held) - start
            elif stop > len(held):
                needed = stop - start
                break
            else:
                frames.append(bytes(held[begin:stop]))
            start = stop
        del held[:start]
        self._needed_bytes = needed
        return frames

    def _too_long(self, prefix: bytes, length: int) -> BadFrame:
        limit = format_size(self._max_bytes)
        return BadFrame(
            prefix,
            FrameError(f"a frame of {length} bytes is longer than max_frame = {limit!r}: it was skipped"),
        )
