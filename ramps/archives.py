"""Reading compressed files and bodies a bounded piece at a time, whatever they expand to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ramps.member_reader import MemberReader

__all__ = ["COMPRESSION_BY_SUFFIX", "compression_of", "decompressed"]

COMPRESSION_BY_SUFFIX = {".gz": "gzip", ".xz": "xz", ".zst": "zstd", ".lz4": "lz4"}
"""Which format a file's name promises."""

# What a header may make a decoder allocate: xz -9 needs 65 MiB, zstd --long=27 needs 128 MiB.
_MEMORY_BYTES = 256 << 20
_INPUT_BYTES = 65536

# No limit here: pieces are bounded, and whoever reads them says when it is enough.
_ANY_RATIO = 1 << 30


def compression_of(path: Path) -> str | None:
    """The format that the file's name promises, or ``None`` for a plain file."""
    return COMPRESSION_BY_SUFFIX.get(path.suffix)


def decompressed(file: BinaryIO, compression: str) -> Iterator[bytes]:
    """The content of a compressed file, in pieces of up to 256 KiB; several members follow one another.

    ``compression`` is a name of `ramps.compression.COMPRESSION_FORMATS`. Raises `FrameError` where the data
    is broken or ends too early. The file stays the caller's to close.
    """
    reader = MemberReader(
        compression, max_ratio=_ANY_RATIO, max_saved_bytes=_ANY_RATIO, max_memory_bytes=_MEMORY_BYTES
    )
    while data := file.read(_INPUT_BYTES):
        for piece in reader.pieces(data):
            if piece:
                yield piece
    reader.end()
