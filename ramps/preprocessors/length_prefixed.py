"""The preprocessor `length-prefixed`: an 8-byte length in front of each frame."""

from __future__ import annotations

import struct

from ramps.framing.prefixed_frames import PrefixedFrames
from ramps.preprocessor import preprocessors

_LENGTH = struct.Struct(">Q")


@preprocessors.register
class LengthPrefixed(PrefixedFrames):
    """Each frame follows its length in 8 bytes, unsigned, big endian. A length of zero is an empty frame."""

    name = "length-prefixed"
    summary = "Reads frames that follow their length in 8 bytes, big endian."
    example = 'preprocessors = ["length-prefixed"]'

    def read_prefix(self, data: bytearray, start: int) -> tuple[int, int] | None:
        """Eight bytes; any value is a length."""
        if len(data) - start < _LENGTH.size:
            return None
        return start + _LENGTH.size, _LENGTH.unpack_from(data, start)[0]
