"""The postprocessor `lz4`: compresses each payload by itself."""

from __future__ import annotations

import lz4.frame
from pydantic import Field

from pipelines.options import Options
from ramps.postprocessor import Postprocessor, postprocessors


class Lz4Options(Options):
    """How hard to try."""

    level: int = Field(default=4, ge=0, le=12, description="0 is fast; from 3 to 12 smaller and slower.")


@postprocessors.register
class Lz4(Postprocessor):
    """Each payload becomes one lz4 frame."""

    name = "lz4"
    summary = "Compresses each payload with lz4."
    example = 'postprocessors = ["lz4", "length-prefixed"]'
    options: Lz4Options
    Options = Lz4Options

    def process(self, payload: bytes, ingest_ns: int) -> list[bytes]:
        """The compressed payload."""
        return [lz4.frame.compress(payload, compression_level=self.options.level)]
