"""The postprocessor `zlib`: compresses each payload by itself."""

from __future__ import annotations

import zlib

from pydantic import Field

from pipelines.options import Options
from ramps.postprocessor import Postprocessor, postprocessors


class ZlibOptions(Options):
    """How hard to try."""

    level: int = Field(default=6, ge=0, le=9, description="From 0 (none) and 1 (fast) to 9 (small).")


@postprocessors.register
class Zlib(Postprocessor):
    """Each payload becomes one piece of zlib data (RFC 1950)."""

    name = "zlib"
    summary = "Compresses each payload with zlib."
    example = 'postprocessors = ["zlib", "length-prefixed"]'
    options: ZlibOptions
    Options = ZlibOptions

    def process(self, payload: bytes, ingest_ns: int) -> list[bytes]:
        """The compressed payload."""
        return [zlib.compress(payload, self.options.level)]
