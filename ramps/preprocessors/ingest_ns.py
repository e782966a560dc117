"""The preprocessor `ingest-ns`: frames that bring their own time stamp."""

from __future__ import annotations

from ramps.errors import FrameError
from ramps.preprocessor import BadFrame, Frame, Framing, Preprocessor, StampedFrame, preprocessors

_STAMP_BYTES = 8


@preprocessors.register
class IngestNs(Preprocessor):
    """Takes the first 8 bytes of each frame (unsigned, big endian, nanoseconds since 1970) as its ingest time.

    Needs whole frames: put it behind a step that makes them. On a bare stream each chunk counts as one.
    """

    name = "ingest-ns"
    summary = "Takes the ingest time from the first 8 bytes of each frame."
    example = 'preprocessors = ["length-prefixed", "ingest-ns"]'
    framing = Framing.NEEDED

    def feed(self, data: bytes) -> list[Frame]:
        """The frame without its stamp, stamped."""
        if len(data) < _STAMP_BYTES:
            return [
                BadFrame(
                    data,
                    FrameError(f"the frame has {len(data)} bytes, a time stamp alone has {_STAMP_BYTES}"),
                )
            ]
        frame = StampedFrame(data[_STAMP_BYTES:])
        frame.ingest_ns = int.from_bytes(data[:_STAMP_BYTES], "big")
        return [frame]
