"""Which node of a script stands at which position of the Python code that was made of it.

Each node gets a position of its own: the lines and columns that it has in its source, with the end moved where another
node has the same. When an instruction fails, Python tells its position, and so the node.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pipelines.language.codegen.template import Location
from pipelines.language.runtime.failure import Site
from pipelines.language.source import Source, Span

__all__ = ["Sites", "location_of"]

_LONGEST_COUNTED: Final = 1000
"""Columns. Further right characters are counted in place of bytes: to count those for each node of a text that is one
line takes time that grows with its square, and Python's marks in a traceback may as well be a little off.
"""


def _bytes_before(source: Source, line: int, column: int) -> int:
    """The column that Python counts, in bytes from 0, of a place of ``source``."""
    if source.text.isascii() or column > _LONGEST_COUNTED:
        return max(0, column - 1)
    text = source.line(line)
    indent = source.indent if line == source.first_line else 0
    return indent + len(text[: max(0, column - 1 - indent)].encode("utf-8", "surrogatepass"))


def location_of(span: Span) -> Location:
    """Where the span is in its file, as Python counts."""
    start, end = span.source.position(span.start), span.source.position(span.end)
    return Location(
        start.line,
        _bytes_before(span.source, *start),
        end.line,
        _bytes_before(span.source, *end),
    )


@dataclass(slots=True)
class Sites:
    """The sites of all functions of one script."""

    by_location: dict[Location, Site]

    def add(self, span: Span, site: Site) -> Location:
        """A position for ``site``, near to where ``span`` is."""
        location = location_of(span)
        while location in self.by_location:
            location = location._replace(end_column=location.end_column + 1)
        self.by_location[location] = site
        return location
