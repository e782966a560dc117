"""The preprocessor `zstd`: decompresses zstd data."""

from __future__ import annotations

from ramps.framing.decompression import Decompression, MemoryLimitedDecompressionOptions
from ramps.preprocessor import preprocessors


@preprocessors.register
class Zstd(Decompression):
    """RFC 8878; several frames in a row are members."""

    name = "zstd"
    summary = "Decompresses zstd data."
    example = 'preprocessors = ["zstd", "lines"]'
    Options = MemoryLimitedDecompressionOptions
