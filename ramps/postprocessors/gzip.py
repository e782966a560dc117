"""The postprocessor `gzip`: compresses each payload by itself."""

from __future__ import annotations

import gzip

from pydantic import Field

from pipelines.options import Options
from ramps.postprocessor import Postprocessor, postprocessors


class GzipOptions(Options):
    """How hard to try."""

    level: int = Field(default=6, ge=0, le=9, description="From 0 (none) and 1 (fast) to 9 (small).")


@postprocessors.register
class Gzip(Postprocessor):
    """Each payload becomes one gzip member (RFC 1952), without a name and a time."""

    name = "gzip"
    summary = "Compresses each payload with gzip."
    example = 'postprocessors = ["gzip", "length-prefixed"]'
    options: GzipOptions
    Options = GzipOptions

    def process(self, payload: bytes, ingest_ns: int) -> list[bytes]:
        """The compressed payload."""
        return [gzip.compress(payload, self.options.level, mtime=0)]
