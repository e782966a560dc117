"""`Source` and `Span`: a text, and a place in it. Everything that the language tells about, it tells with a span."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import NamedTuple

__all__ = ["Position", "Source", "Span"]


class Position(NamedTuple):
    """A place as people count: line and column from 1, columns in characters."""

    line: int
    column: int


@dataclass(frozen=True, eq=False, slots=True)
class Source:
    """One text: a script, a query, a module, or one expression.

    ``name`` is what messages call it: a file's path, or something like ``config.toml`` for a text within another one.
    Where the text is a part of a file, ``first_line`` is the line of the file in which it begins, and ``indent`` how
    many characters of the file stand before it in that line (for the first line only).
    """

    name: str
    text: str
    first_line: int = 1
    indent: int = 0
    starts: list[int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        starts = [0]
        starts.extend(place + 1 for place, character in enumerate(self.text) if character == "\n")
        object.__setattr__(self, "starts", starts)

    def position(self, offset: int) -> Position:
        """Line and column in the file of the character at ``offset`` (from 0, in characters)."""
        line = bisect_right(self.starts, offset) - 1
        column = offset - self.starts[line] + 1
        return Position(line + self.first_line, column + (self.indent if line == 0 else 0))

    def line(self, number: int) -> str:
        """The text of a line, counted as `position` does, without its newline; "" beyond the text's ends."""
        index = number - self.first_line
        if not 0 <= index < len(self.starts):
            return ""
        end = self.starts[index + 1] - 1 if index + 1 < len(self.starts) else len(self.text)
        return self.text[self.starts[index] : end]


@dataclass(frozen=True, slots=True)
class Span:
    """The characters from ``start`` to before ``end`` (offsets in characters) of a source."""

    source: Source
    start: int
    end: int

    @property
    def line(self) -> int:
        """The line in which it begins, from 1."""
        return self.source.position(self.start).line

    @property
    def column(self) -> int:
        """The column at which it begins, from 1."""
        return self.source.position(self.start).column

    def to(self, other: Span) -> Span:
        """From the beginning of this one to the end of ``other``; this one if they are in different sources."""
        if other.source is not self.source:
            return self
        return Span(self.source, self.start, max(self.end, other.end))

    @property
    def text(self) -> str:
        """What stands there."""
        return self.source.text[self.start : self.end]
