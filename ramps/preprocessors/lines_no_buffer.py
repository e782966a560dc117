"""The preprocessor `lines-no-buffer`: lines, where nothing waits for the next chunk."""

from __future__ import annotations

from ramps.preprocessor import Frame, Framing, preprocessors
from ramps.preprocessors.lines import Lines


@preprocessors.register
class LinesNoBuffer(Lines):
    """Like `lines`, but the end of a chunk ends a line too, so what comes out depends on the chunks.

    For sources that send whole lines at a time and leave out the last newline.
    """

    name = "lines-no-buffer"
    summary = "Splits each chunk into lines; a chunk's end is a line's end."
    example = 'preprocessors = ["lines-no-buffer"]'
    framing = Framing.NONE

    def feed(self, data: bytes) -> list[Frame]:
        """The lines of this chunk, the last one included."""
        return [*super().feed(data), *super().end()]
