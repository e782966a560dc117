"""`Binary`: bytes as they are."""

from __future__ import annotations

from typing import Any

from ramps.codec import Codec, codecs
from ramps.errors import EncodeError

__all__ = ["Binary"]


@codecs.register
class Binary(Codec):
    """Each frame is one ``bytes`` value; text is written as UTF-8."""

    name = "binary"
    summary = "Bytes as they are; text is written as UTF-8."
    example = 'codec = "binary"'
    content_types = ("application/octet-stream",)
    raw_passthrough = True

    def decode(self, frame: bytes) -> bytes:
        """The frame itself. Raises nothing."""
        return frame

    def encode(self, value: Any) -> bytes:
        """The bytes, or the text as UTF-8. Raises `EncodeError` for anything else."""
        if isinstance(value, bytes):
            return value
        if not isinstance(value, str):
            kind = type(value).__name__
            raise EncodeError(f"binary writes bytes and text, not {kind}; use another codec, such as json")
        try:
            return value.encode()
        except UnicodeEncodeError:
            raise EncodeError("a text holds half of a surrogate pair, which UTF-8 cannot carry") from None
