"""The postprocessor `length-prefixed`: an 8-byte length in front of each payload."""

from __future__ import annotations

from ramps.postprocessor import Postprocessor, postprocessors


@postprocessors.register
class LengthPrefixed(Postprocessor):
    """The length in bytes, 8 bytes, unsigned, big endian, and then the payload."""

    name = "length-prefixed"
    summary = "Puts the length of each payload in front of it, in 8 bytes, big endian."
    example = 'postprocessors = ["length-prefixed"]'

    def process(self, payload: bytes, ingest_ns: int) -> list[bytes]:
        """Length and payload, in one packet."""
        return [len(payload).to_bytes(8, "big") + payload]
