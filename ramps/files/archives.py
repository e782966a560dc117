"""Reading compressed files and bodies a bounded piece at a time, whatever they expand to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ramps.errors import FrameError
from ramps.framing.compression import BROKEN, COMPRESSION_FORMATS, Decompressor

__all__ = ["COMPRESSION_BY_SUFFIX", "compression_of", "decompressed"]

COMPRESSION_BY_SUFFIX = {".gz": "gzip", ".xz": "xz", ".zst": "zstd", ".lz4": "lz4"}
"""Which format a file's name promises."""

# What a header may make a decoder allocate: xz -9 needs 65 MiB, zstd --long=27 needs 128 MiB.
_MEMORY_BYTES = 256 << 20
_INPUT_BYTES = 65536
_PIECE_BYTES = 1 << 18


def compression_of(path: Path) -> str | None:
    """The format that the file's name promises, or ``None`` for a plain file."""
    return COMPRESSION_BY_SUFFIX.get(path.suffix)


def decompressed(file: BinaryIO, compression: str) -> Iterator[bytes]:
    """The content of a compressed file, in pieces of up to 256 KiB; several members follow one another.

    ``compression`` is a name of `ramps.framing.compression.COMPRESSION_FORMATS`. Raises `FrameError` where the data
    is broken or ends too early. The file stays the caller's to close.
    """
    kind = COMPRESSION_FORMATS[compression]
    decoder: Decompressor | None = None
    padding = b""
    while data := file.read(_INPUT_BYTES):
        while True:
            if decoder is None:
                data = data.lstrip(padding) if padding else data
                if not data:
                    break
                decoder = kind.make(_MEMORY_BYTES)
            try:
                piece = decoder.decompress(data, _PIECE_BYTES)
            except BROKEN as error:
                raise FrameError(f"the {compression} data is broken: {error}") from None
            if piece:
                yield piece
            if decoder.eof:
                data = decoder.unused_data or b""
                decoder, padding = None, kind.padding
            elif not piece or (len(piece) < _PIECE_BYTES and decoder.needs_input):
                break
            else:
                data = b""
    if decoder is not None and not kind.may_end(decoder):
        raise FrameError(f"the {compression} data is truncated: its end is missing")
