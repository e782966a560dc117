"""The preprocessor `snappy`: decompresses snappy data in its framing format."""

from __future__ import annotations

from ramps.framing.decompression import Decompression
from ramps.preprocessor import preprocessors


@preprocessors.register
class Snappy(Decompression):
    """The format marks no end: on a bare stream, a member is complete when the next one begins or the stream ends."""

    name = "snappy"
    summary = "Decompresses snappy data in its framing format."
    example = 'preprocessors = ["snappy", "lines"]'
