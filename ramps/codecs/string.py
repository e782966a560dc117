"""`String`: UTF-8 text as it is."""

from __future__ import annotations

from typing import Any

from ramps.codec import Codec, codecs
from ramps.codecs.json import Json
from ramps.errors import BadData, DecodeError, EncodeError

__all__ = ["String"]


@codecs.register
class String(Codec):
    """Text: each frame is one ``str``. On the way out, what is no text is written as JSON."""

    name = "string"
    summary = "UTF-8 text as it is; other values are written as JSON."
    example = 'codec = "string"'
    content_types = ("text/plain", "text/html")
    raw_passthrough = True

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self._json = Json()

    def decode(self, frame: bytes) -> str:
        """The frame as text. Raises `DecodeError` if it is not UTF-8."""
        try:
            return frame.decode()
        except UnicodeDecodeError as error:
            raise DecodeError(f"not UTF-8: {error.reason} at byte {error.start}", error.start) from None

    def encode(self, value: Any) -> bytes:
        """The text as UTF-8, or JSON. Raises `EncodeError` for half of a surrogate pair and for what JSON refuses."""
        if not isinstance(value, str):
            return self._json.encode(value)
        try:
            return value.encode()
        except UnicodeEncodeError:
            raise EncodeError("a text holds half of a surrogate pair, which UTF-8 cannot carry") from None

    def decode_many(self, frames: list[bytes]) -> tuple[list[Any], list[tuple[int, BadData]]]:
        """One text a frame, and the errors."""
        try:
            return [frame.decode() for frame in frames], []
        except UnicodeDecodeError:
            return super().decode_many(frames)
