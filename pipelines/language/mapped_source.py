"""`MappedSource`: a text that was put together from parts of another one, and whose places are told in that one."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field

from pipelines.language.source import Position, Source

__all__ = ["MappedSource", "mapped_source"]


@dataclass(frozen=True, eq=False, slots=True)
class MappedSource(Source):
    """``offsets`` in the text, ascending from 0, and the ``places`` in ``origin`` of the characters there. What follows
    one of them stands side by side in both, up to the next.
    """

    origin: Source = field(kw_only=True)
    offsets: list[int] = field(kw_only=True)
    places: list[int] = field(kw_only=True)

    def position(self, offset: int) -> Position:
        """Line and column in the origin."""
        index = bisect_right(self.offsets, offset) - 1
        return self.origin.position(self.places[index] + offset - self.offsets[index])

    def line(self, number: int) -> str:
        """The whole line of the origin."""
        return self.origin.line(number)


def mapped_source(origin: Source, text: str, pairs: Iterable[tuple[int, int]]) -> MappedSource:
    """``pairs`` of offset and place as `MappedSource` has them; of several for one offset the last one holds."""
    places = dict(pairs)
    first = origin.position(places[0])
    return MappedSource(
        origin.name,
        text,
        first.line,
        origin.indent if first.line == origin.first_line else 0,
        origin=origin,
        offsets=list(places),
        places=list(places.values()),
    )
