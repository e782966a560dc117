"""Frames with a separator byte behind each: what the `lines` family of preprocessors shares."""

from __future__ import annotations

from typing import ClassVar, cast

from pydantic import Field

from pipelines.options import Options, Size, format_size
from ramps.errors import FrameError
from ramps.preprocessor import BadFrame, Frame, Framing, Preprocessor

__all__ = ["SeparatedFrames", "SeparatedFramesOptions"]


class SeparatedFramesOptions(Options):
    """The limit that each of the family has."""

    max_frame: Size = Field(
        default="1MiB",
        gt=0,
        validate_default=True,
        description="The longest frame, without its separator. A longer one leaves by err, cut to this length.",
    )


class SeparatedFrames(Preprocessor):
    """Splits at a separator byte, and holds back what follows the last one. Empty frames are frames.

    A frame beyond ``max_frame`` becomes one `BadFrame` with its first ``max_frame`` bytes; the rest of it is not
    kept, and framing goes on behind its separator. Holds ``max_frame`` + 1 bytes at most between calls.
    """

    framing = Framing.BOUNDARIES
    separator: ClassVar[bytes]
    strips_carriage_return: bool = False
    options: SeparatedFramesOptions

    Options: ClassVar[type[Options]] = SeparatedFramesOptions

    def __init__(self, options: SeparatedFramesOptions | None = None) -> None:
        super().__init__(options)
        self._max_bytes: int = self.options.max_frame
        self._held = bytearray()
        self._skipping = False
        self._skipped_bytes = 0

    @property
    def held(self) -> int:
        """Bytes behind the last separator, those of a frame that is too long as well."""
        return self._skipped_bytes if self._skipping else len(self._held)

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that end in this chunk."""
        if self.strips_carriage_return:
            data = self._without_carriage_returns(data)
        lines = data.split(self.separator)
        rest = lines.pop()
        if not lines:
            return self._hold(rest)
        longest = len(data)
        if self._skipping:
            self._skipping = False
            del lines[0]
        elif self._held:
            first = b"".join((self._held, lines[0]))
            self._held.clear()
            lines[0] = first
            longest = max(longest, len(first))
        frames = cast("list[Frame]", lines)
        if longest > self._max_bytes:
            frames = [self._checked(line) for line in lines]
        return frames + self._hold(rest) if rest else frames

    def feed_lines(self, data: bytes) -> bytes | None:
        """All frames that end in this chunk, if no line in it can be too long."""
        held = self._held
        if self.separator != b"\n" or self._skipping or len(held) + len(data) > self._max_bytes:
            return None
        if self.strips_carriage_return and (b"\r" in data or held.endswith(b"\r")):
            return None
        end = data.rfind(b"\n") + 1
        if not end:
            return None
        # Chunks often end where a line does; then nothing is copied.
        text = data if end == len(data) else data[:end]
        if held:
            text = b"".join((held, text))
            held.clear()
        if end < len(data):
            held += data[end:]
        return text

    def end(self) -> list[Frame]:
        """The last frame, if it lacks its separator."""
        rest = bytes(self._held)
        self._held.clear()
        self._skipping = False
        return [self._checked(rest)] if rest else []

    def _without_carriage_returns(self, data: bytes) -> bytes:
        # First the one that the last chunk ended with: of two in a row, only the one at the separator goes.
        if self._held.endswith(b"\r") and data.startswith(self.separator):
            del self._held[-1:]
        return data.replace(b"\r" + self.separator, self.separator) if b"\r" in data else data

    def _hold(self, rest: bytes) -> list[Frame]:
        if self._skipping or not rest:
            self._skipped_bytes += len(rest)
            return []
        length = len(self._held) + len(rest)
        # One byte more may be held: a carriage return, until the next byte says whether it counts.
        undecided = self.strips_carriage_return and length == self._max_bytes + 1 and rest.endswith(b"\r")
        if length <= self._max_bytes or undecided:
            self._held += rest
            return []
        self._held += rest[: max(0, self._max_bytes - len(self._held))]
        bad = self._too_long(bytes(self._held))
        self._held.clear()
        self._skipping = True
        self._skipped_bytes = length
        return [bad]

    def _checked(self, frame: bytes) -> Frame:
        return self._too_long(frame) if len(frame) > self._max_bytes else frame

    def _too_long(self, frame: bytes) -> BadFrame:
        limit = format_size(self._max_bytes)
        return BadFrame(
            frame[: self._max_bytes],
            FrameError(
                f"a frame of {self.name!r} is longer than max_frame = {limit!r}; raise it or split the data"
            ),
        )
