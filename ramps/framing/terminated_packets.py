"""Packets with a separator byte behind each: what the `lines` family of postprocessors shares."""

from __future__ import annotations

from ramps.postprocessor import Postprocessor

__all__ = ["TerminatedPackets"]


class TerminatedPackets(Postprocessor):
    """Appends a separator. A payload that holds it itself is not looked at: it comes out as several frames."""

    terminator: bytes

    def process(self, payload: bytes, ingest_ns: int) -> list[bytes]:
        """The payload and its separator, in one packet."""
        return [payload + self.terminator]
