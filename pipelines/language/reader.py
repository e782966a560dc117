"""`Reader`: how far the lexer has come in a text, and what it may still read. Its parts share it."""

from __future__ import annotations

from pipelines.language.diagnostic import Problems
from pipelines.language.dialect import Dialect
from pipelines.language.source import Source, Span

__all__ = ["MAX_ERRORS", "Reader", "is_continuing", "is_starting"]

MAX_ERRORS = 100
"""After so many errors the rest of a text is not read: what follows would only be echoes."""


class Reader:
    """``place`` is the character to be read next; nothing at ``end`` or beyond belongs to what is being read.

    ``end`` is the end of the text, or within a one-line string the newline that ends it. ``place`` never goes back.
    ``stopped``: the text was given up.
    """

    def __init__(self, source: Source, dialect: Dialect, problems: Problems) -> None:
        self.source = source
        self.text = source.text
        self.dialect = dialect
        self.problems = problems
        self.place = 0
        self.end = len(source.text)
        self.stopped = False
        self._errors = 0
        self._newline = -1

    def span(self, start: int, end: int | None = None) -> Span:
        """From ``start`` to ``end``, or to the present place."""
        return Span(self.source, start, self.place if end is None else end)

    def error(self, message: str, start: int, end: int | None = None, hint: str = "") -> None:
        """Note an error. The last one that is bearable ends the reading."""
        if self.stopped:
            return
        self.problems.error(message, self.span(start, end), hint, "syntax")
        self._errors += 1
        if self._errors >= MAX_ERRORS:
            self.stop()

    def stop(self) -> None:
        """Read nothing more of this text."""
        self.place = self.end = len(self.text)
        self.stopped = True

    def peek(self) -> str:
        """The next character, or ""."""
        return self.text[self.place] if self.place < self.end else ""

    def line_end(self) -> int:
        """Where the present line ends: the place of its newline, or the end of what may be read."""
        if self._newline < self.place:
            found = self.text.find("\n", self.place)
            self._newline = found if found >= 0 else len(self.text)
        return min(self._newline, self.end)

    def skip_word(self) -> None:
        """Go to the end of the word that stands here."""
        while self.place < self.end and is_continuing(self.text[self.place]):
            self.place += 1


def is_starting(character: str) -> bool:
    """Whether an identifier can begin with it: Unicode's XID_Start."""
    return character != "_" and character.isidentifier()


def is_continuing(character: str) -> bool:
    """Whether an identifier can go on with it: Unicode's XID_Continue, and ``-``."""
    return character == "-" or ("a" + character).isidentifier()
