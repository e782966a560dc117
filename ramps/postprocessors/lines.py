"""The postprocessor `lines`: a newline behind each payload."""

from __future__ import annotations

from ramps.framing.terminated_packets import TerminatedPackets
from ramps.postprocessor import postprocessors


@postprocessors.register
class Lines(TerminatedPackets):
    """A newline (LF) behind each payload."""

    name = "lines"
    summary = "Appends a newline to each payload."
    example = 'postprocessors = ["lines"]'
    terminator = b"\n"
