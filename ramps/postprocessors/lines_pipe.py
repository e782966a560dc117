"""The postprocessor `lines-pipe`: a pipe character behind each payload."""

from __future__ import annotations

from ramps.framing.terminated_packets import TerminatedPackets
from ramps.postprocessor import postprocessors


@postprocessors.register
class LinesPipe(TerminatedPackets):
    """A `|` behind each payload."""

    name = "lines-pipe"
    summary = "Appends a pipe character to each payload."
    example = 'postprocessors = ["lines-pipe"]'
    terminator = b"|"
