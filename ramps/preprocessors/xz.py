"""The preprocessor `xz`: decompresses xz data."""

from __future__ import annotations

from ramps.framing.decompression import Decompression, MemoryLimitedDecompressionOptions
from ramps.preprocessor import preprocessors


@preprocessors.register
class Xz(Decompression):
    """The .xz format; several streams in a row are members. Zero bytes between them are padding."""

    name = "xz"
    summary = "Decompresses xz data."
    example = 'preprocessors = ["xz", "lines"]'
    Options = MemoryLimitedDecompressionOptions
