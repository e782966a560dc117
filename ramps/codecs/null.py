"""`Null`: reads nothing and writes nothing."""

from __future__ import annotations

from typing import Any

from ramps.codec import Codec, codecs

__all__ = ["Null"]


@codecs.register
class Null(Codec):
    """Every frame is ``None``, every value is written as no bytes at all: for benchmarks, and to drop content."""

    name = "null"
    summary = "Every frame reads as null, every value is written as nothing."
    example = 'codec = "null"'

    def decode(self, frame: bytes) -> None:
        """``None``, whatever the frame. Raises nothing."""

    def encode(self, value: Any) -> bytes:
        """No bytes. Raises nothing."""
        return b""
