"""The preprocessor `lines-pipe`: frames that end with ``|``."""

from __future__ import annotations

from ramps.framing.separated_frames import SeparatedFrames
from ramps.preprocessor import preprocessors


@preprocessors.register
class LinesPipe(SeparatedFrames):
    """One frame up to each ``|``."""

    name = "lines-pipe"
    summary = "Splits a stream at pipe characters."
    example = 'preprocessors = ["lines-pipe"]'
    separator = b"|"
