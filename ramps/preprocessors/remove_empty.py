"""The preprocessor `remove-empty`: drops frames of no bytes."""

from __future__ import annotations

from ramps.preprocessor import Frame, Preprocessor, preprocessors


@preprocessors.register
class RemoveEmpty(Preprocessor):
    """Drops empty frames; everything else passes as it is."""

    name = "remove-empty"
    summary = "Drops frames of no bytes, such as blank lines."
    example = 'preprocessors = ["lines", "remove-empty"]'

    def feed(self, data: bytes) -> list[Frame]:
        """The chunk, unless it is empty."""
        return [data] if data else []
