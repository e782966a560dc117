"""The preprocessor `base64`: decodes base64."""

from __future__ import annotations

import binascii
import re

from pydantic import Field

from pipelines.options import Options, Size, format_size
from ramps.errors import FrameError
from ramps.preprocessor import BadFrame, Frame, Framing, Preprocessor, preprocessors

_WHITESPACE = b" \t\r\n"
# Whole groups of four, up to and with the first that is padded.
_GROUPS = re.compile(rb"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_SAMPLE_BYTES = 1024


class Base64Options(Options):
    """The limit."""

    max_frame: Size = Field(
        default="1MiB",
        gt=0,
        validate_default=True,
        description="The longest frame, decoded. What passes on as a stream has no such end.",
    )


@preprocessors.register
class Base64(Preprocessor):
    """Decodes base64 with the standard alphabet and padding (RFC 4648 §4); white space counts for nothing.

    Each frame that it is given becomes one frame. On a bare stream, padding does not end anything (what follows is
    decoded and appended), so that either a later step frames, or the whole stream is one frame. Behind anything that
    is not base64, the rest of the stream (or frame) is dropped.
    """

    name = "base64"
    summary = "Decodes base64."
    example = 'preprocessors = ["lines", "base64"]'
    framing = Framing.WHOLE
    options: Base64Options
    Options = Base64Options

    def __init__(self, options: Base64Options | None = None) -> None:
        super().__init__(options)
        self._reset()

    def _reset(self) -> None:
        self._group = b""
        self._decoded = bytearray()
        self._sample = b""
        self._fed = False
        self._broken = False

    def feed(self, data: bytes) -> list[Frame]:
        """What can be decoded with this chunk, if ``streaming``; else nothing, until the end."""
        if self._broken:
            return []
        self._fed = self._fed or bool(data)
        self._sample += data[: _SAMPLE_BYTES - len(self._sample)]
        data = self._group + data.translate(None, _WHITESPACE)
        whole_bytes = len(data) & ~3
        self._group = data[whole_bytes:]
        decoded, error = _decoded_groups(data[:whole_bytes])
        frames: list[Frame] = []
        if self.streaming:
            frames = [decoded] if decoded else []
        else:
            self._decoded += decoded
            if len(self._decoded) > self.options.max_frame:
                error = FrameError(f"base64 of more than max_frame = {format_size(self.options.max_frame)!r}")
        if error is not None:
            frames.append(BadFrame(self._sample, error))
            self._reset()
            self._broken = True
        return frames

    def end(self) -> list[Frame]:
        """The frame that the stream is, unless it was handed on ``streaming``."""
        frames: list[Frame] = []
        if self._group:
            frames = [
                BadFrame(self._sample, FrameError("truncated: base64 ends within a group of four characters"))
            ]
        elif self._fed and not self._broken and not self.streaming:
            frames = [bytes(self._decoded)]
        self._reset()
        return frames

    def feed_frame(self, frame: bytes) -> list[Frame]:
        """The frame, decoded. No bytes at all stay no bytes."""
        whole = super().feed_frame(frame) or [b""]
        return [BadFrame(frame, part.error) if isinstance(part, BadFrame) else part for part in whole]


def _decoded_groups(data: bytes) -> tuple[bytes, FrameError | None]:
    """The bytes of as many whole groups as are valid, and what is wrong with the next one."""
    decoded: list[bytes] = []
    position = 0
    while position < len(data):
        match = _GROUPS.match(data, position)
        assert match is not None  # it matches nothing, too
        if match.end() == position:
            group = data[position : position + 4].decode("latin-1")
            return b"".join(decoded), FrameError(f"{group!r} is not base64 of the standard alphabet")
        decoded.append(binascii.a2b_base64(match[0]))
        position = match.end()
    return b"".join(decoded), None
