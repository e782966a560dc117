"""The preprocessor `lines-null`: frames that end with a zero byte."""

from __future__ import annotations

from ramps.framing.separated_frames import SeparatedFrames
from ramps.preprocessor import preprocessors


@preprocessors.register
class LinesNull(SeparatedFrames):
    """One frame up to each zero byte, as GELF over TCP and ``find -print0`` write them."""

    name = "lines-null"
    summary = "Splits a stream at zero bytes."
    example = 'preprocessors = ["lines-null"]'
    separator = b"\0"
