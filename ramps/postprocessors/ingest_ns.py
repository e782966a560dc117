"""The postprocessor `ingest-ns`: the event's time stamp in front of each payload."""

from __future__ import annotations

from ramps.postprocessor import Postprocessor, postprocessors


@postprocessors.register
class IngestNs(Postprocessor):
    """The ingest time in nanoseconds since 1970, 8 bytes, unsigned, big endian, and then the payload."""

    name = "ingest-ns"
    summary = "Puts the ingest time of each event in front of its payload, in 8 bytes."
    example = 'postprocessors = ["ingest-ns", "length-prefixed"]'

    def process(self, payload: bytes, ingest_ns: int) -> list[bytes]:
        """Time and payload, in one packet."""
        return [ingest_ns.to_bytes(8, "big") + payload]
