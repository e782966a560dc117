"""`JoinedPayloads`: what a codec made of many values at once, in one piece until somebody wants them apart."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["JoinedPayloads"]


class JoinedPayloads:
    """Payloads that were written by one call. ``size`` is the bytes in all of them; ``cut`` makes one for each value,
    and neither blocks nor raises.

    An object for each is as dear as writing it, and some offramps never ask. Whoever holds it leaves the values as they
    are: ``cut`` may have to look at them again.
    """

    __slots__ = ("_cut", "_pieces", "size")

    def __init__(self, size: int, cut: Callable[[], list[bytes]]) -> None:
        self.size = size
        self._cut: Callable[[], list[bytes]] | None = cut
        self._pieces: list[bytes] = []

    @property
    def pieces(self) -> list[bytes]:
        """One for each value; cut at the first question."""
        if self._cut is not None:
            self._pieces, self._cut = self._cut(), None
        return self._pieces
