"""The postprocessor `snappy`: compresses each payload by itself."""

from __future__ import annotations

import cramjam

from ramps.framing.compression import SNAPPY_HEADER
from ramps.postprocessor import Postprocessor, postprocessors


@postprocessors.register
class Snappy(Postprocessor):
    """Each payload becomes one stream of snappy's framing format."""

    name = "snappy"
    summary = "Compresses each payload with snappy."
    example = 'postprocessors = ["snappy", "length-prefixed"]'

    def process(self, payload: bytes, ingest_ns: int) -> list[bytes]:
        """The compressed payload; for one of no bytes, the header alone, which the library leaves out."""
        return [bytes(cramjam.snappy.compress(payload)) or SNAPPY_HEADER]
