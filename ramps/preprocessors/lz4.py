"""The preprocessor `lz4`: decompresses lz4 frames."""

from __future__ import annotations

from ramps.framing.decompression import Decompression
from ramps.preprocessor import preprocessors


@preprocessors.register
class Lz4(Decompression):
    """The lz4 frame format; several frames in a row are members."""

    name = "lz4"
    summary = "Decompresses lz4 frames."
    example = 'preprocessors = ["lz4", "lines"]'
