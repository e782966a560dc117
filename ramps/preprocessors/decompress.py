"""The preprocessor `decompress`: decompresses whatever it recognises."""

from __future__ import annotations

from ramps.framing.compression import COMPRESSION_FORMATS
from ramps.framing.decompression import MemoryLimitedDecompressionOptions
from ramps.preprocessor import Frame, Framing, Preprocessor, preprocessors


@preprocessors.register
class Decompress(Preprocessor):
    """Looks at the first bytes of the stream (or frame) and decompresses gzip, zlib, xz, snappy, lz4 or zstd.

    Anything else passes through as it is, chunk by chunk: on a bare stream, let another step frame.
    """

    name = "decompress"
    summary = (
        "Decompresses gzip, zlib, xz, snappy, lz4 or zstd, whichever it is; passes anything else through."
    )
    example = 'preprocessors = ["decompress", "lines"]'
    framing = Framing.MEMBERS
    options: MemoryLimitedDecompressionOptions
    Options = MemoryLimitedDecompressionOptions

    def __init__(self, options: MemoryLimitedDecompressionOptions | None = None) -> None:
        super().__init__(options)
        self._head = b""
        self._passes = False
        self._step: Preprocessor | None = None

    def feed(self, data: bytes) -> list[Frame]:
        """What can be decompressed with this chunk, once the first bytes told the format."""
        if self._step is not None:
            return self._step.feed(data)
        if self._passes:
            return [data]
        data = self._head + data
        format_name = _recognised(data)
        if format_name is None:
            self._head = data
            return []
        self._head = b""
        if not format_name:
            self._passes = True
            return [data]
        self._step = self._open(format_name)
        return self._step.feed(data)

    def end(self) -> list[Frame]:
        """Like the format's own; too few bytes to know a format by pass through."""
        frames: list[Frame] = [self._head] if self._head else []
        if self._step is not None:
            frames = self._step.end()
        self._head, self._passes, self._step = b"", False, None
        return frames

    def feed_frame(self, frame: bytes) -> list[Frame]:
        """One blob, or a frame of anything else: one frame."""
        format_name = _recognised(frame)
        return self._open(format_name).feed_frame(frame) if format_name else [frame]

    def _open(self, format_name: str) -> Preprocessor:
        step = preprocessors.get(format_name)(self.options)
        step.streaming = self.streaming
        return step


def _recognised(head: bytes) -> str | None:
    """The format's name, ``""`` if it is none of them, ``None`` if more bytes are needed to tell."""
    undecided = False
    for name, description in COMPRESSION_FORMATS.items():
        for magic in description.magics:
            if head.startswith(magic):
                return name
            undecided = undecided or magic.startswith(head)
    return None if undecided else ""
