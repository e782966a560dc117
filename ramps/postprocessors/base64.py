"""The postprocessor `base64`: encodes as base64."""

from __future__ import annotations

import binascii

from ramps.postprocessor import Postprocessor, postprocessors


@postprocessors.register
class Base64(Postprocessor):
    """Standard alphabet, padded, in one line (RFC 4648 §4)."""

    name = "base64"
    summary = "Encodes each payload as base64."
    example = 'postprocessors = ["base64", "lines"]'

    def process(self, payload: bytes, ingest_ns: int) -> list[bytes]:
        """The encoded payload."""
        return [binascii.b2a_base64(payload, newline=False)]
