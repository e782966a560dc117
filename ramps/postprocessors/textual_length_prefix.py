"""The postprocessor `textual-length-prefix`: octet counting, as syslog over TLS and TCP has it."""

from __future__ import annotations

from ramps.postprocessor import Postprocessor, postprocessors


@postprocessors.register
class TextualLengthPrefix(Postprocessor):
    """The length in bytes as decimal digits, a space, and then the payload (RFC 5425 §4.3, RFC 6587 §3.4.1)."""

    name = "textual-length-prefix"
    summary = "Puts the length of each payload in front of it, in decimal digits and a space (syslog)."
    example = 'postprocessors = ["textual-length-prefix"]'

    def process(self, payload: bytes, ingest_ns: int) -> list[bytes]:
        """Length and payload, in one packet."""
        return [b"%d %b" % (len(payload), payload)]
