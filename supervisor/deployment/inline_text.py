"""`inline_source`: a text within a TOML file, such as a script, whose characters know where they stand in the file."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipelines.language.mapped_source import mapped_source
from pipelines.language.source import Source
from supervisor.deployment.load import Document
from supervisor.deployment.problem import KeyPath

__all__ = ["inline_source"]

_PIECE = re.compile(
    r"(?P<plain>[^\\]+)|(?P<nothing>\\[ \t]*\n[ \t\n]*)|\\(?:u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)", re.S
)
_TRIPLE = ('"""', "'''")


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
    pairs = _map(document.text[first : end - len(marks)], first, escapes=marks.startswith('"'))
    return mapped_source(Source(document.file, document.text), text, pairs)


def _map(written: str, first: int, *, escapes: bool) -> Iterator[tuple[int, int]]:
    yield 0, first
    offset = 0
    for piece in _PIECE.finditer(written) if escapes else ():
        if piece["plain"]:
            offset += len(piece["plain"])
        else:
            offset += piece["nothing"] is None
            yield offset, first + piece.end()
