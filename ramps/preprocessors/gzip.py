"""The preprocessor `gzip`: decompresses gzip data of any number of members."""

from __future__ import annotations

from ramps.framing.decompression import Decompression
from ramps.preprocessor import preprocessors


@preprocessors.register
class Gzip(Decompression):
    """RFC 1952. Zero bytes between members are padding."""

    name = "gzip"
    summary = "Decompresses gzip data of any number of members."
    example = 'preprocessors = ["gzip", "lines"]'
