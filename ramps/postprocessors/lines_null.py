"""The postprocessor `lines-null`: a zero byte behind each payload."""

from __future__ import annotations

from ramps.framing.terminated_packets import TerminatedPackets
from ramps.postprocessor import postprocessors


@postprocessors.register
class LinesNull(TerminatedPackets):
    """A zero byte behind each payload."""

    name = "lines-null"
    summary = "Appends a zero byte to each payload."
    example = 'postprocessors = ["lines-null"]'
    terminator = b"\0"
