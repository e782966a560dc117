"""The preprocessor `lines`: one frame a line."""

from __future__ import annotations

from pydantic import Field

from ramps.framing.separated_frames import SeparatedFrames, SeparatedFramesOptions
from ramps.preprocessor import preprocessors


class LinesOptions(SeparatedFramesOptions):
    """Adds what belongs to text."""

    strip_carriage_return: bool = Field(
        default=True,
        description="Whether one carriage return before a newline belongs to the separator, as Windows and many "
        "protocols write it. Set it to false when a payload may end with that byte.",
    )


@preprocessors.register
class Lines(SeparatedFrames):
    """One frame a line, without its newline (LF or CR LF). Empty lines are frames: `remove-empty` drops them."""

    name = "lines"
    summary = "Splits a stream into lines, which end with a newline."
    example = 'preprocessors = ["lines"]'
    separator = b"\n"
    options: LinesOptions
    Options = LinesOptions

    def __init__(self, options: LinesOptions | None = None) -> None:
        super().__init__(options)
        self.strips_carriage_return = self.options.strip_carriage_return
