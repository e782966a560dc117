"""`MemberReader`: compressed bytes in, bounded pieces out, whatever they would expand to."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.options import format_size
from ramps.errors import FrameError
from ramps.framing.compression import BROKEN, COMPRESSION_FORMATS, Decompressor

__all__ = ["MemberReader", "too_long"]

_PIECE_BYTES = 1 << 18
# Output is judged by stretches of input of this length, counted from the stream's start, so that the limit strikes at
# the same place however the stream was cut.
_STRETCH_BYTES = 4096
# What may come out before the ratio counts: a short run of zeros is no bomb.
_FREE_BYTES = 1 << 20
_SAMPLE_BYTES = 1024


class MemberReader:
    """Decodes the members of one stream, which follow one another.

    ``max_ratio`` bytes may come out for one that goes in, on average; a stream that stays below saves up the
    difference, ``max_saved_bytes`` at most, so that a call never gives more than that and its own share.
    ``max_memory_bytes`` is what a header may make the decoder allocate.
    """

    def __init__(self, name: str, *, max_ratio: int, max_saved_bytes: int, max_memory_bytes: int) -> None:
        self._name = name
        self._format = COMPRESSION_FORMATS[name]
        self._max_ratio = max_ratio
        self._max_memory_bytes = max_memory_bytes
        self._stretch_credit = max_ratio * _STRETCH_BYTES
        self._max_credit = max_saved_bytes + self._stretch_credit
        self._credit = _FREE_BYTES
        self._stretch_used = 0
        self._decompressor: Decompressor | None = None
        self._padding = b""
        self._member_bytes = 0
        self.sample = b""
        """The first bytes of the member in hand, for error events."""

    def pieces(self, data: bytes, max_member_bytes: int | None) -> Iterator[bytes | None]:
        """What this chunk decompresses to, in pieces, and ``None`` behind each member. Exhaust it before the next call.

        Raises `FrameError` where the data is broken, or expands beyond the ratio, or a member beyond
        ``max_member_bytes``; the reader is then of no more use.
        """
        position = 0
        while position < len(data):
            if not self._stretch_used:
                self._credit = min(self._max_credit, self._credit + self._stretch_credit)
            part = data[position : position + _STRETCH_BYTES - self._stretch_used]
            position += len(part)
            self._stretch_used = (self._stretch_used + len(part)) % _STRETCH_BYTES
            yield from self._decode(part, max_member_bytes)

    def end(self) -> bool:
        """The stream ends: whether a member ends with it, in a format that marks no end. Raises `FrameError` if it
        ends within a member.
        """
        if self._decompressor is None:
            return False
        if self._format.may_end(self._decompressor):
            return True
        raise FrameError(f"truncated: the stream ends within {self._name} data")

    def _decode(self, part: bytes, max_member_bytes: int | None) -> Iterator[bytes | None]:
        while True:
            if self._decompressor is None:
                part = part.lstrip(self._padding) if self._padding else part
                if not part:
                    return
                self._decompressor = self._format.make(self._max_memory_bytes)
                self.sample = b""
                self._member_bytes = 0
            if len(self.sample) < _SAMPLE_BYTES:
                self.sample += part[: _SAMPLE_BYTES - len(self.sample)]
            limit = min(_PIECE_BYTES, self._credit + 1)
            if max_member_bytes is not None:
                limit = min(limit, max_member_bytes - self._member_bytes + 1)
            piece = self._decompress(self._decompressor, part, limit)
            self._member_bytes += len(piece)
            yield from self._within_ratio(piece)
            if max_member_bytes is not None and self._member_bytes > max_member_bytes:
                raise too_long(max_member_bytes)
            if self._decompressor.eof:
                part = self._decompressor.unused_data or b""
                self._decompressor, self._padding = None, self._format.padding
                yield None
            elif not piece or (len(piece) < limit and self._decompressor.needs_input):
                return
            else:
                part = b""

    def _decompress(self, decompressor: Decompressor, data: bytes, limit: int) -> bytes:
        try:
            return decompressor.decompress(data, limit)
        except BROKEN as error:
            raise FrameError(f"the {self._name} data is broken: {error}") from None

    def _within_ratio(self, piece: bytes) -> Iterator[bytes]:
        self._credit -= len(piece)
        if self._credit >= 0:
            if piece:
                yield piece
            return
        if allowed := piece[: self._credit]:
            yield allowed
        raise FrameError(
            f"the {self._name} data expands more than max_ratio = {self._max_ratio} times: a bomb, or raise the limit"
        )


def too_long(max_decompressed_bytes: int) -> FrameError:
    """The error of a frame that got too long."""
    return FrameError(
        f"one frame decompresses to more than max_decompressed = {format_size(max_decompressed_bytes)!r}"
    )
