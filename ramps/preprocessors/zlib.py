"""The preprocessor `zlib`: decompresses zlib data."""

from __future__ import annotations

from ramps.framing.decompression import Decompression
from ramps.preprocessor import preprocessors


@preprocessors.register
class Zlib(Decompression):
    """RFC 1950. Several in a row are members like gzip's."""

    name = "zlib"
    summary = "Decompresses zlib data."
    example = 'preprocessors = ["zlib", "lines"]'
