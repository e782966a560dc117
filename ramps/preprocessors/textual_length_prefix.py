"""The preprocessor `textual-length-prefix`: octet counting, as syslog over TLS and TCP has it."""

from __future__ import annotations

import re

from ramps.errors import FrameError
from ramps.framing.prefixed_frames import PrefixedFrames
from ramps.preprocessor import preprocessors

_MAX_DIGITS = 19
_DIGITS = re.compile(rb"[0-9]{0,%d}" % _MAX_DIGITS)


@preprocessors.register
class TextualLengthPrefix(PrefixedFrames):
    """Each frame follows its length in decimal digits and one space (RFC 5425 §4.3, RFC 6587 §3.4.1).

    More lenient than the RFCs: a length of zero is an empty frame, and leading zeros count for nothing.
    """

    name = "textual-length-prefix"
    summary = "Reads frames that follow their length in decimal digits and a space (syslog's octet counting)."
    example = 'preprocessors = ["textual-length-prefix"]'

    def read_prefix(self, data: bytearray, start: int) -> tuple[int, int] | None:
        """Up to 19 digits, then a space."""
        match = _DIGITS.match(data, start)
        assert match is not None  # it matches nothing, too
        stop = match.end()
        if stop == len(data):
            return None
        if stop == start or data[stop] != 0x20:
            raise FrameError(
                "the length in front of a frame must be decimal digits and a space: the rest of the stream is dropped",
                position=stop - start,
            )
        return stop + 1, int(match[0])
