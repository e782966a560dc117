"""Documents: texts that know where they may be broken into lines, and `render`, which does that.

This is the pretty printer of Wadler ("A prettier printer", 2003) in its iterative form: a group is set in one line if
it fits, and otherwise all its own line breaks become newlines. Comments were added to it: a `Suffix` goes to the end
of the line before the next newline, an `OwnLine` has a line for itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = [
    "BLANK_LINE", "HARD_LINE", "LINE", "SOFT_LINE", "Document", "OwnLine", "Part", "Suffix", "concat", "group",
    "indent", "render",
]  # fmt: skip

WIDTH = 100
_INDENT = 2


@dataclass(frozen=True, slots=True)
class Line:
    """A newline, or ``flat`` where the group is set in one line. ``hard``: its groups cannot be set in one line."""

    flat: str
    hard: bool = False
    blank: bool = False


@dataclass(frozen=True, slots=True)
class Suffix:
    """A comment that goes to the end of the line."""

    text: str


@dataclass(frozen=True, slots=True)
class OwnLine:
    """A comment that has a line for itself."""

    text: str


@dataclass(frozen=True, slots=True)
class Nest:
    """Parts that belong together: a group (``grouped``), further right (``indent``), or just one after the other."""

    parts: tuple[Document, ...]
    grouped: bool
    indent: int
    hard: bool


Document = str | Line | Suffix | OwnLine | Nest
Part = Document | None
"""``None`` is nothing."""

LINE = Line(" ")
SOFT_LINE = Line("")
HARD_LINE = Line(" ", hard=True)
BLANK_LINE = Line(" ", hard=True, blank=True)


def _nest(parts: tuple[Part, ...], *, grouped: bool = False, indent: int = 0) -> Nest:
    found = tuple(part for part in parts if part is not None and part != "")
    hard = any(
        not isinstance(part, str) and (isinstance(part, (Suffix, OwnLine)) or part.hard) for part in found
    )
    return Nest(found, grouped, indent, hard)


def concat(*parts: Part) -> Nest:
    """One after the other."""
    return _nest(parts)


def group(*parts: Part) -> Nest:
    """In one line if that fits."""
    return _nest(parts, grouped=True)


def indent(*parts: Part) -> Nest:
    """Lines that begin in here begin further right."""
    return _nest(parts, indent=_INDENT)


_Item = tuple[int, bool, Document]
"""A document with its indentation, and whether it is set in one line."""


def render(document: Document, width: int | None = WIDTH) -> str:
    """The text, without a newline at its end. ``width`` of ``None``: everything in one line."""
    page = _Page()
    waiting: list[_Item] = [(0, width is None, document)]
    while waiting:
        margin, flat, item = waiting.pop()
        if isinstance(item, str):
            page.write(item)
        elif isinstance(item, Suffix):
            page.suffix(item.text)
        elif isinstance(item, OwnLine):
            page.newline(margin)
            page.write(item.text)
            page.newline(margin)
        elif isinstance(item, Line):
            if flat:
                page.write(item.flat)
            else:
                page.newline(margin, blank=item.blank)
        else:
            if item.grouped and not flat and width is not None:
                flat = not item.hard and _fits(item, width - page.column, waiting)
            inner = margin + item.indent
            waiting += [(inner, flat, part) for part in reversed(item.parts)]
    return page.finish()


def _fits(first: Document, room: int, after: list[_Item]) -> bool:
    """Whether the document fits into what is left of the line, with what follows up to the next newline."""
    waiting: list[tuple[bool, Document]] = [(True, first)]
    rest = len(after)
    while room >= 0:
        if not waiting:
            if rest == 0:
                return True
            rest -= 1
            waiting.append((after[rest][1], after[rest][2]))
        flat, item = waiting.pop()
        if isinstance(item, str):
            if "\n" in item:
                return item.index("\n") <= room
            room -= len(item)
        elif isinstance(item, Line):
            if not flat:
                return True
            room -= len(item.flat)
        elif isinstance(item, (Suffix, OwnLine)):
            return True
        else:
            waiting += [(flat, part) for part in reversed(item.parts)]
    return False


@dataclass(slots=True)
class _Page:
    """The lines that are done, and the one that is being written."""

    lines: list[str] = field(default_factory=list)
    current: str = ""
    margin: int = 0
    comments: list[str] = field(default_factory=list)

    @property
    def column(self) -> int:
        """Where the next character goes."""
        return len(self.current) if self.current else self.margin

    def write(self, text: str) -> None:
        """Add to the line; a text of several lines is left as it is."""
        if not self.current:
            self.current = " " * self.margin
        *done, last = text.split("\n")
        for line in done:
            self.lines.append(self.current + line)
            self.current = ""
        self.current += last

    def suffix(self, text: str) -> None:
        """Add a comment to the end of this line, or of the last one if nothing is in this one yet."""
        if self.current.strip():
            self.comments.append(text)
            return
        place = next((index for index in range(len(self.lines) - 1, -1, -1) if self.lines[index]), None)
        if place is None:
            self.lines.append(text)
        else:
            self.lines[place] += f" {text}"

    def newline(self, margin: int, *, blank: bool = False) -> None:
        """Begin a new line, unless this one is empty; ``blank``: with an empty one before it."""
        if self.current.strip() or self.comments:
            self.lines.append(" ".join([self.current.rstrip(" "), *self.comments]))
            self.comments.clear()
        self.current = ""
        self.margin = margin
        if blank and self.lines and self.lines[-1]:
            self.lines.append("")

    def finish(self) -> str:
        """All that was written."""
        self.newline(0)
        return "\n".join(self.lines)
