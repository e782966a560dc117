"""`Frames`: the bytes that the events of one chunk were decoded from, in one piece until somebody wants them apart."""

from __future__ import annotations

from typing import Any, cast

__all__ = ["Frames"]


class Frames:
    """Frames side by side: ``text`` has them all, with a newline behind each, or ``pieces`` is a list of them.

    Most chunks of a stream are decoded and forgotten, or go out as they came in: cutting them into an object for each
    event would cost a tenth of decoding them. A piece may be ``None``, where an event's bytes are not known any more.
    Read only.
    """

    __slots__ = ("_pieces", "text")

    def __init__(self, pieces: list[Any] | None = None, *, text: bytes | None = None) -> None:
        self.text = text
        self._pieces = pieces

    @property
    def pieces(self) -> list[bytes | None]:
        """One for each event; cut at the first question."""
        pieces = self._pieces
        if pieces is None:
            pieces = self._pieces = cast("bytes", self.text).split(b"\n")
            del pieces[-1]
        return cast("list[bytes | None]", pieces)
