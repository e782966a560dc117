"""The postprocessor `lines-null`: a zero byte behind each payload."""

from __future__ import annotations

from ramps.postprocessor import postprocessors
from ramps.terminated_packets import TerminatedPackets


@postprocessors.register
class LinesNull(TerminatedPackets):
    """A zero byte behind each payload."""

    name = "lines-null"
    summary = "Appends a zero byte to each payload."
    example = 'postprocessors = ["lines-null"]'
    terminator = b"\0"
