"""Decompression as a step of framing: what the compressing preprocessors share."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from pipelines.options import Options, Size
from ramps.errors import FrameError
from ramps.framing.member_reader import MemberReader, too_long
from ramps.preprocessor import BadFrame, Frame, Framing, Preprocessor

__all__ = ["Decompression", "DecompressionOptions", "MemoryLimitedDecompressionOptions"]


class DecompressionOptions(Options):
    """The limits that each of the family has."""

    max_decompressed: Size = Field(
        default="64MiB",
        gt=0,
        validate_default=True,
        description="The most bytes that one frame may decompress to. What passes on as a stream has no such end.",
    )
    max_ratio: int = Field(
        default=500,
        ge=1,
        description="The most bytes that may come out for one that goes in, on average; the first mebibyte is free, "
        "and a stream that stays below saves up max_decompressed at most.",
    )


class MemoryLimitedDecompressionOptions(DecompressionOptions):
    """Adds a limit for the formats whose headers ask for memory."""

    max_memory: Size = Field(
        default="80MiB",
        gt=0,
        validate_default=True,
        description="The most memory that the header of xz or zstd data may make the decoder use. xz -9 needs 65MiB.",
    )


class Decompression(Preprocessor):
    """Decompresses. Each frame that it is given is one blob and becomes one frame. On a bare stream each member is a
    frame; where a later step frames, the bytes pass on as they come, and members simply follow one another.

    Data that is broken, or expands beyond a limit, becomes one `BadFrame` with its first bytes, and the rest of the
    stream (or frame) is dropped. While ``streaming``, how much of a broken member still comes out before that depends
    on the chunks. A call holds at most ``max_decompressed`` bytes and ``max_ratio`` times its input.
    """

    framing = Framing.MEMBERS
    options: DecompressionOptions
    Options: ClassVar[type[Options]] = DecompressionOptions

    def __init__(self, options: DecompressionOptions | None = None) -> None:
        super().__init__(options)
        self._reset()

    def _reset(self) -> None:
        self._reader = MemberReader(
            self.name,
            max_ratio=self.options.max_ratio,
            max_saved_bytes=self.options.max_decompressed,
            max_memory_bytes=getattr(self.options, "max_memory", 0),
        )
        self._held: list[bytes] = []
        self._broken = False

    def feed(self, data: bytes) -> list[Frame]:
        """The members that end in this chunk; or, ``streaming``, what the chunk decompresses to."""
        frames: list[Frame] = []
        if self._broken:
            return frames
        max_member_bytes = None if self.streaming else self.options.max_decompressed
        try:
            for piece in self._reader.pieces(data, max_member_bytes):
                if self.streaming:
                    if piece is not None:
                        frames.append(piece)
                elif piece is None:
                    frames.append(self._take_held())
                else:
                    self._held.append(piece)
        except FrameError as error:
            frames.append(BadFrame(self._reader.sample, error))
            self._take_held()
            self._broken = True
        return frames

    def end(self) -> list[Frame]:
        """Nothing, or a `BadFrame` for a member that has begun. (A snappy stream may end after any chunk.)"""
        frames: list[Frame] = []
        if not self._broken:
            try:
                if self._reader.end() and not self.streaming:
                    frames.append(self._take_held())
            except FrameError as error:
                frames.append(BadFrame(self._reader.sample, error))
        self._reset()
        return frames

    def feed_frame(self, frame: bytes) -> list[Frame]:
        """One blob, of one member or several: one frame. No bytes at all stay no bytes."""
        parts: list[bytes] = []
        total_bytes = 0
        for part in super().feed_frame(frame):
            if isinstance(part, BadFrame):
                return [BadFrame(frame, part.error)]
            parts.append(part)
            total_bytes += len(part)
        if total_bytes > self.options.max_decompressed:
            return [BadFrame(frame, too_long(self.options.max_decompressed))]
        return [b"".join(parts)]

    def _take_held(self) -> bytes:
        frame = b"".join(self._held)
        self._held = []
        return frame
