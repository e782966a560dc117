"""The lines around a place in a text, with carets below it, safe for any terminal."""

from __future__ import annotations

from unicodedata import combining, east_asian_width

from pipelines.language.source import Position, Span

__all__ = ["excerpt", "harmless"]

_WIDTH = 100
"""Characters of a line that are shown; a longer one is cut around the carets."""

_AHEAD = 60
"""How many of them stand before the first caret where a line is cut."""


def harmless(text: str, newlines: bool = False) -> str:
    """``text`` with everything that could move a cursor or change the direction of writing shown as an escape."""
    return "".join(_shown(character, newlines) for character in text)


def _shown(character: str, newlines: bool = False) -> str:
    if character.isprintable() or (newlines and character == "\n"):
        return character
    if character == "\t":
        return "    "
    return character.encode("unicode_escape").decode("ascii")


def excerpt(span: Span) -> list[str]:
    """The first and the last line of the span, each with its number and a row of carets; one line if they are one."""
    source = span.source
    first = source.position(span.start)
    last = source.position(max(span.end - 1, span.start))
    margin = " " * len(str(last.line))
    rows = [f"{margin} |"]
    for place in [first] if first.line == last.line else [first, last]:
        if place is not first and last.line > first.line + 1:
            rows.append(f"{margin} ...")
        line = source.line(place.line)
        from_index, to_index = _marked(span, place, line)
        shown, carets = _cut(line, from_index, to_index)
        rows.append(f"{place.line:>{len(margin)}} | {shown}".rstrip())
        rows.append(f"{margin} | {carets}")
    return rows


def _marked(span: Span, place: Position, line: str) -> tuple[int, int]:
    source = span.source
    first, end = source.position(span.start), source.position(span.end)
    before = 1 + (source.indent if place.line == source.first_line else 0)
    to_index = min(end.column - before if end.line == place.line else len(line), len(line))
    if first.line == place.line:
        from_index = first.column - before
        return from_index, max(to_index, from_index + 1)
    blanks = len(line) - len(line.lstrip())
    return min(blanks, to_index - 1), to_index


def _cut(line: str, from_index: int, to_index: int) -> tuple[str, str]:
    begin, end = 0, len(line)
    if len(line) > _WIDTH:
        begin = max(0, min(from_index - _AHEAD, len(line) - _WIDTH))
        end = begin + _WIDTH
    to_index = max(min(to_index, end), from_index + 1)
    head = "…" if begin else ""
    shown = head + harmless(line[begin:end]) + ("…" if end < len(line) else "")
    indent = " " * (len(head) + _columns(line[begin:from_index]))
    return shown, indent + "^" * max(1, _columns(line[from_index:to_index]))


def _columns(text: str) -> int:
    return sum(_column_count(character) for shown in map(_shown, text) for character in shown)


def _column_count(character: str) -> int:
    if combining(character):
        return 0
    return 2 if east_asian_width(character) in "WF" else 1
