"""The compressing formats, decoded a bounded piece at a time, all with the interface of the standard library's `bz2`.

gzip is RFC 1952, zlib RFC 1950, zstd RFC 8878, xz and the frames of lz4 and snappy are as their projects publish
them.
"""

from __future__ import annotations

import lzma
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import cramjam
import lz4.frame
from backports import zstd

__all__ = ["BROKEN", "COMPRESSION_FORMATS", "SNAPPY_HEADER", "CompressionFormat", "Decompressor"]

BROKEN = (
    zlib.error,
    lzma.LZMAError,
    zstd.ZstdError,
    cramjam.DecompressionError,
    RuntimeError,
    EOFError,
    OSError,
)
"""What the decoders raise for bytes that are not in their format (lz4 has only ``RuntimeError`` for it)."""


class Decompressor(Protocol):
    """Decodes one member. After `eof`, `unused_data` is what follows it."""

    @property
    def eof(self) -> bool:
        """Whether the member is at its end."""

    @property
    def needs_input(self) -> bool:
        """False if there is surely more output without more input."""

    @property
    def unused_data(self) -> bytes | None:
        """What followed the member's end in the last input."""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Up to ``max_length`` bytes of output. Raises one of `BROKEN`."""


@dataclass(frozen=True, slots=True)
class CompressionFormat:
    """One format: how to decode a member, and how to know one.

    ``make`` takes the most bytes of memory that a header may make the decoder allocate. ``magics`` are what a member
    can begin with. ``padding`` is what may stand between members. ``may_end`` tells, for a format without an end
    mark, whether the stream may end here.
    """

    make: Callable[[int], Decompressor]
    magics: tuple[bytes, ...]
    padding: bytes = b""
    may_end: Callable[[Decompressor], bool] = lambda _: False


class _Zlib:
    """`zlib.decompressobj` with the interface of the others."""

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

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


class _Zstd:
    """`zstd.ZstdDecompressor`, given the first byte of a member by itself.

    Given a whole member in one call, libzstd takes a short cut that refuses an empty last block where data was
    promised; in pieces it takes it. The single byte keeps it off the short cut, so that the cuts do not matter.
    """

    def __init__(self, memory_bytes: int) -> None:
        # The window is what a decoder allocates; the format counts it in powers of two, the library takes 2^10 to 2^31.
        window_log = min(max(memory_bytes.bit_length() - 1, 10), 31)
        self._inner = zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: window_log})
        self._begun = False

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return self._inner.needs_input

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        if not self._begun:
            self._begun = True
            self._inner.decompress(data[:1], max_length)
            data = data[1:]
        return self._inner.decompress(data, max_length)


SNAPPY_HEADER = b"\xff\x06\x00\x00sNaPpY"
# A chunk holds at most 64 KiB of data, which grow by a sixth at the worst, and four bytes of checksum.
_SNAPPY_MAX_CHUNK_BYTES = 32 + 65536 + 65536 // 6 + 4


class _Snappy:
    """One stream of snappy's framing format, which has no end mark: it ends where the next one begins.

    Chunks are decoded one by one, so that one call's output is bounded by 64 KiB whatever the input.
    """

    def __init__(self) -> None:
        self._held = b""
        self._skip_bytes = 0
        self._begun = False
        self.eof = False
        self.needs_input = True
        self.unused_data = b""

    @property
    def between_chunks(self) -> bool:
        return self._begun and not self._held and not self._skip_bytes

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """The data of the next chunk that has some; ``max_length`` does not cut it."""
        self._held += data
        while not self.eof:
            if self._skip_bytes:
                skipped = min(self._skip_bytes, len(self._held))
                self._held = self._held[skipped:]
                self._skip_bytes -= skipped
            if len(self._held) < 4:
                break
            kind = self._held[0]
            if kind == 0xFF:
                if not self._read_header():
                    break
            elif not self._begun:
                raise RuntimeError("the stream does not begin with snappy's header")
            elif kind >= 0x80:
                self._skip_bytes = 4 + int.from_bytes(self._held[1:4], "little")
            elif len(self._held) < self._chunk_bytes():
                break
            elif data := self._decode_chunk():
                return data
        self.needs_input = True
        return b""

    def _chunk_bytes(self) -> int:
        length = int.from_bytes(self._held[1:4], "little")
        if self._held[0] > 0x01 or length > _SNAPPY_MAX_CHUNK_BYTES:
            raise RuntimeError(f"a snappy chunk of kind {self._held[0]:#04x} and {length} bytes cannot be")
        return 4 + length

    def _read_header(self) -> bool:
        """Whether the header, which begins a stream, is here as a whole."""
        if not SNAPPY_HEADER.startswith(self._held[: len(SNAPPY_HEADER)]):
            raise RuntimeError("the stream's header is not snappy's")
        if len(self._held) < len(SNAPPY_HEADER):
            return False
        if self._begun:
            self.eof, self.unused_data, self._held = True, self._held, b""
        else:
            self._begun, self._held = True, self._held[len(SNAPPY_HEADER) :]
        return True

    def _decode_chunk(self) -> bytes:
        size = self._chunk_bytes()
        chunk, self._held = self._held[:size], self._held[size:]
        # Whoever calls again with nothing gets the next chunk, or nothing.
        self.needs_input = False
        return bytes(cramjam.snappy.decompress(SNAPPY_HEADER + chunk))


def _snappy_may_end(decompressor: Decompressor) -> bool:
    return isinstance(decompressor, _Snappy) and decompressor.between_chunks


COMPRESSION_FORMATS: dict[str, CompressionFormat] = {
    "gzip": CompressionFormat(lambda _: _Zlib(31), (b"\x1f\x8b",), padding=b"\0"),
    "zlib": CompressionFormat(lambda _: _Zlib(15), (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")),
    "xz": CompressionFormat(
        lambda memory_bytes: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=memory_bytes),
        (b"\xfd7zXZ\0",),
        padding=b"\0",
    ),
    "snappy": CompressionFormat(lambda _: _Snappy(), (SNAPPY_HEADER,), may_end=_snappy_may_end),
    "lz4": CompressionFormat(lambda _: lz4.frame.LZ4FrameDecompressor(), (b"\x04\x22\x4d\x18",)),
    "zstd": CompressionFormat(_Zstd, (b"\x28\xb5\x2f\xfd",)),
}
"""All formats by name."""
