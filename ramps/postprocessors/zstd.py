"""The postprocessor `zstd`: compresses each payload by itself."""

from __future__ import annotations

from backports import zstd
from pydantic import Field

from pipelines.options import Options
from ramps.postprocessor import Postprocessor, postprocessors


class ZstdOptions(Options):
    """How hard to try."""

    level: int = Field(default=3, ge=1, le=19, description="From 1 (fast) to 19 (small).")


@postprocessors.register
class Zstd(Postprocessor):
    """Each payload becomes one zstd frame (RFC 8878)."""

    name = "zstd"
    summary = "Compresses each payload with zstd."
    example = 'postprocessors = ["zstd", "length-prefixed"]'
    options: ZstdOptions
    Options = ZstdOptions

    def process(self, payload: bytes, ingest_ns: int) -> list[bytes]:
        """The compressed payload."""
        return [zstd.compress(payload, self.options.level)]
