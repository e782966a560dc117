"""Reading compressed files and bodies a bounded piece at a time, whatever they expand to.

gzip is RFC 1952, zlib RFC 1950, zstd RFC 8878. Several members in a row are one stream, as the formats' own
tools have it, and so is zero padding behind a member.
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import zstandard

from ramps.errors import FrameError

__all__ = ["COMPRESSION_BY_SUFFIX", "ByteReader", "compression_of", "decompressed"]

COMPRESSION_BY_SUFFIX = {".gz": "gzip", ".xz": "xz", ".bz2": "bz2", ".zst": "zstd"}
"""Which format a file's name promises."""

# What a header may make a decoder allocate: xz -9 needs 64 MiB and zstd --long=27 needs 128 MiB; nobody's
# logs
# need more, and both formats let four bytes ask for gigabytes.
_MEMORY_LIMIT_BYTES = 256 << 20
_ZSTD_WINDOW_LIMIT_BYTES = 128 << 20

_INPUT_BYTES = 65536
# python-zstandard cannot bound the output of one call. A zstd block of 4 bytes expands to 128 KiB at most, so
# 256 bytes
# of input bound a call's output to 8 MiB.
_ZSTD_INPUT_BYTES = 256


class ByteReader(Protocol):
    """What is read from: a file, or its decompressed content."""

    def read(self, size: int, /) -> bytes:
        """At most ``size`` bytes, or not many more; empty at the end."""


class _Decompressor(Protocol):
    """The interface that `bz2` and `lzma` share, and that the adapters below give to the others."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _Zlib:
    def __init__(self, window_bits: int) -> None:
        self._inner = zlib.decompressobj(window_bits)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max(max_length, 0))


class _Zstd:
    needs_input = True

    def __init__(self) -> None:
        factory = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW_LIMIT_BYTES)
        self._inner: Any = factory.decompressobj()

    @property
    def eof(self) -> bool:
        return bool(self._inner.eof)

    @property
    def unused_data(self) -> bytes:
        return bytes(self._inner.unused_data)

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return bytes(self._inner.decompress(data))


_FORMATS: dict[str, tuple[Callable[[], _Decompressor], int]] = {
    "gzip": (lambda: _Zlib(31), _INPUT_BYTES),
    "zlib": (lambda: _Zlib(15), _INPUT_BYTES),
    "bz2": (bz2.BZ2Decompressor, _INPUT_BYTES),
    "xz": (lambda: lzma.LZMADecompressor(memlimit=_MEMORY_LIMIT_BYTES), _INPUT_BYTES),
    "zstd": (_Zstd, _ZSTD_INPUT_BYTES),
}

_BROKEN = (zlib.error, lzma.LZMAError, zstandard.ZstdError, OSError, EOFError)


def compression_of(path: Path) -> str | None:
    """The format that the file's name promises, or ``None`` for a plain file."""
    return COMPRESSION_BY_SUFFIX.get(path.suffix)


def decompressed(file: BinaryIO, compression: str) -> ByteReader:
    """The content of a compressed file, as a reader that raises `FrameError` where it is broken or ends too
    early.

    ``compression``: gzip, zlib, bz2, xz or zstd. The file stays the caller's to close.
    """
    return _DecompressedReader(file, compression)


class _DecompressedReader:
    def __init__(self, file: BinaryIO, compression: str) -> None:
        self._file = file
        self._compression = compression
        self._make, self._input_bytes = _FORMATS[compression]
        self._decompressor = self._make()
        self._pending = b""
        self._between_members = False

    def read(self, size: int, /) -> bytes:
        while True:
            if self._decompressor.eof:
                self._pending = self._decompressor.unused_data
                self._decompressor = self._make()
                self._between_members = True
            if not self._pending and self._decompressor.needs_input:
                self._pending = self._file.read(self._input_bytes)
                if not self._pending:
                    if self._between_members:
                        return b""
                    raise FrameError(f"the {self._compression} data is truncated: its end is missing")
            if self._between_members:
                self._pending = self._pending.lstrip(b"\0")
                if not self._pending:
                    continue
                self._between_members = False
            out = self._decompress(size)
            if out:
                return out

    def _decompress(self, size: int) -> bytes:
        # One piece at a time also from what was left over, so that the bound of a call's output holds.
        piece, self._pending = self._pending[: self._input_bytes], self._pending[self._input_bytes :]
        try:
            return self._decompressor.decompress(piece, size)
        except _BROKEN as error:
            raise FrameError(f"the {self._compression} data is broken: {error}") from None
