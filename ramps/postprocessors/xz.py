"""The postprocessor `xz`: compresses each payload by itself."""

from __future__ import annotations

import lzma

from pydantic import Field

from pipelines.options import Options
from ramps.postprocessor import Postprocessor, postprocessors


class XzOptions(Options):
    """How hard to try."""

    level: int = Field(
        default=6,
        ge=0,
        le=9,
        description="From 0 (fast) to 9 (small; whoever reads it needs 65MiB of memory).",
    )


@postprocessors.register
class Xz(Postprocessor):
    """Each payload becomes one .xz stream."""

    name = "xz"
    summary = "Compresses each payload with xz."
    example = 'postprocessors = ["xz", "length-prefixed"]'
    options: XzOptions
    Options = XzOptions

    def process(self, payload: bytes, ingest_ns: int) -> list[bytes]:
        """The compressed payload."""
        return [lzma.compress(payload, preset=self.options.level)]
