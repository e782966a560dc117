"""`inline_source`: a text within a TOML file, such as a script, whose characters know where they stand in the file."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field

from pipelines.language.source import Position, Source
from supervisor.deployment.load import Document
from supervisor.deployment.problem import KeyPath

__all__ = ["inline_source"]

_PIECE = re.compile(
    r"(?P<plain>[^\\]+)|(?P<nothing>\\[ \t]*\n[ \t\n]*)|\\(?:u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)", re.S
)
_TRIPLE = ('"""', "'''")


@dataclass(frozen=True, eq=False, slots=True)
class _InlineSource(Source):
    """``offsets`` in the text, and the ``places`` in the file of the characters there. What follows one of them stands
    side by side in both, up to the next.
    """

    file: Source = field(kw_only=True)
    offsets: list[int] = field(kw_only=True)
    places: list[int] = field(kw_only=True)

    def position(self, offset: int) -> Position:
        """Line and column in the file."""
        index = bisect_right(self.offsets, offset) - 1
        return self.file.position(self.places[index] + offset - self.offsets[index])

    def line(self, number: int) -> str:
        """The whole line of the file."""
        return self.file.line(number)


def inline_source(document: Document, path: KeyPath, text: str) -> Source:
    """The text that `tomllib` made of the value at ``path``, with the file's own lines and columns.

    Exact for all four kinds of TOML's strings, escapes and lines that are joined by a backslash included.
    """
    extent = document.positions.extent(path)
    if extent is None:
        return Source(document.file, text)
    start, end = extent
    written = document.text[start:end]
    marks = written[:3] if written.startswith(_TRIPLE) else written[:1]
    first = start + len(marks)
    if len(marks) == 3 and document.text.startswith("\n", first):
        first += 1
    offsets, places = _map(document.text[first : end - len(marks)], first, escapes=marks.startswith('"'))
    file = Source(document.file, document.text)
    line = file.position(first).line
    return _InlineSource(document.file, text, line, file=file, offsets=offsets, places=places)


def _map(written: str, first: int, *, escapes: bool) -> tuple[list[int], list[int]]:
    offsets, places = [0], [first]
    if not escapes:
        return offsets, places
    offset = 0
    for piece in _PIECE.finditer(written):
        if piece["plain"]:
            offset += len(piece["plain"])
            continue
        if piece["nothing"] is None:
            offset += 1
        if offsets[-1] == offset:
            places[-1] = first + piece.end()
        else:
            offsets.append(offset)
            places.append(first + piece.end())
    return offsets, places
