"""`Codec`: between the bytes of one frame and one value."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from pipelines.registry import Component, Registry
from ramps.errors import BadData
from ramps.joined_payloads import JoinedPayloads

__all__ = ["SKIP", "Codec", "codecs"]


class _Skip:
    def __repr__(self) -> str:
        return "SKIP"


SKIP: Final = _Skip()
"""What `Codec.decode` returns for a frame that holds no event (a comment, a header line): it is counted, not sent."""


class Codec(Component):
    """Turns one frame of bytes into one value, and back.

    An instance belongs to one stream (one connection, one file) when ``stateful``; otherwise one instance serves a
    whole ramp. Codecs never block and never see a partial frame. Values are what JSON can hold (``dict`` with ``str``
    keys, ``list``, ``str``, ``int``, ``float``, ``bool``, ``None``) plus ``bytes`` where a format has them;
    integers beyond 64 bits need not be carried.
    """

    content_types: ClassVar[tuple[str, ...]] = ()
    """MIME types, without parameters, that mean this codec."""

    stateful: bool = False
    """Whether decoding depends on earlier frames of the stream (a CSV header). An instance whose options say that it
    does not sets it to False for itself."""

    raw_passthrough: bool = False
    """Whether the bytes that a value was decoded from may stand for the value on the way out (as long as they hold
    no line break). An instance whose options change how values are written (indentation, sorted keys) sets it to
    False for itself."""

    def decode(self, frame: bytes) -> Any:
        """The value of one frame, or `SKIP`. Raises `DecodeError` with what was wrong and where; nothing else."""
        raise NotImplementedError

    def encode(self, value: Any) -> bytes:
        """The bytes of one value, without a separator. Raises `EncodeError` with what cannot be written."""
        raise NotImplementedError

    def decode_many(self, frames: list[bytes]) -> tuple[list[Any], list[tuple[int, BadData]]]:
        """One result per frame: the values (`SKIP` where there is none, or an error), and the errors with indices.

        Called once per chunk, so a codec with a faster way through many frames overrides it.
        """
        decode = self.decode
        values: list[Any] = []
        errors: list[tuple[int, BadData]] = []
        for index, frame in enumerate(frames):
            try:
                values.append(decode(frame))
            except BadData as error:
                values.append(SKIP)
                errors.append((index, error))
        return values, errors

    def decode_lines(self, text: bytes) -> list[Any] | None:
        """The values of all frames of a chunk at once: ``text`` is the frames with a newline behind each.

        ``None`` where that cannot be done, or where any of them is not an event: `decode_many` then says which. For
        codecs that have a quicker way through a whole text; the others need not mind.
        """
        return None

    def encode_joined(self, values: list[Any]) -> JoinedPayloads | None:
        """The payloads of all values at once. ``None`` where that cannot be done, or where any of them cannot be
        written: `encode_many` then says which. Raises nothing. For codecs that have a quicker way to write many values.
        """
        return None

    def encode_many(self, values: list[Any]) -> tuple[list[bytes | None], list[tuple[int, BadData]]]:
        """One result per value: the payloads (``None`` where there is an error), and the errors with their indices."""
        encode = self.encode
        payloads: list[bytes | None] = []
        errors: list[tuple[int, BadData]] = []
        for index, value in enumerate(values):
            try:
                payloads.append(encode(value))
            except BadData as error:
                payloads.append(None)
                errors.append((index, error))
        return payloads, errors


codecs: Registry[Codec] = Registry("codec", "aftershock.codecs", "ramps.codecs")
"""All codecs by name."""
