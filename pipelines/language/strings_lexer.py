"""Strings and heredocs, with the expressions within them.

The older dialect embeds ``{expression}``, and has ``{{`` and ``}}`` for braces: in a text with an expression they stand
for one brace each, in one without for themselves, since such a text may be the format of ``string::format``. The newer
one embeds ``#{expression}`` and leaves braces alone. Both are closed by the ``}`` that matches.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from pipelines.language.excerpt import harmless
from pipelines.language.reader import Reader
from pipelines.language.tokens import Embedded, Kind, StringPieces, Token

__all__ = ["MAX_NESTING", "StringReader"]

MAX_NESTING = 32
"""How many strings may stand within each other's expressions."""

_ESCAPES = {
    "'": "'", '"': '"', "\\": "\\", "/": "/", "{": "{", "}": "}",
    "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t",
}  # fmt: skip
_FOUR_DIGITS = re.compile(r"[0-9A-Fa-f]{4}")
_STOPS = re.compile(r'["\\{}#]')


@dataclass(frozen=True, slots=True)
class _Brace:
    """Braces of the older dialect, whose meaning depends on whether the text holds an expression."""

    text: str
    start: int


class StringReader:
    """Reads strings for a lexer. ``read_tokens`` reads what is embedded, to its closing brace."""

    def __init__(self, reader: Reader, read_tokens: Callable[[int], Embedded | None]) -> None:
        self._reader = reader
        self._read_tokens = read_tokens
        self._depth = 0
        escapes = dict(_ESCAPES)
        if reader.dialect.hash_interpolation:
            escapes["#"] = "#"
        self._escapes = escapes
        self._opening = "#{" if reader.dialect.hash_interpolation else "{"

    def read(self) -> Token:
        """The string or heredoc that begins here."""
        reader = self._reader
        start = reader.place
        if reader.text.startswith('"""', start):
            return self._heredoc(start)
        reader.place += 1
        outer_end = reader.end
        reader.end = reader.line_end()
        pieces, closed = self._pieces('"')
        if not closed:
            reader.place = reader.end
            reader.error(
                'this string has no closing "',
                start,
                hint='a text of several lines stands between """ and """',
            )
        if not reader.stopped:
            reader.end = outer_end
        return Token(Kind.STRING, reader.text[start : reader.place], reader.span(start), pieces)

    def _heredoc(self, start: int) -> Token:
        reader = self._reader
        line_end = reader.line_end()
        pieces: StringPieces = ()
        if reader.text[start + 3 : line_end].strip("\r"):
            reader.place = line_end
            reader.error(
                'there is something behind the opening """ of a heredoc',
                start,
                start + 3,
                "the text of a heredoc begins in the next line",
            )
        else:
            reader.place = min(line_end + 1, reader.end)
            pieces, closed = self._pieces('"""')
            if not closed:
                reader.place = reader.end
                reader.error('this heredoc has no closing """', start, start + 3)
        return Token(Kind.HEREDOC, reader.text[start : reader.place], reader.span(start), pieces)

    def _pieces(self, closing: str) -> tuple[StringPieces, bool]:
        """What the string holds, and whether nothing is amiss with its end that has not been told."""
        reader = self._reader
        found: list[str | _Brace | Embedded] = []
        while True:
            stop = _STOPS.search(reader.text, reader.place, reader.end)
            if not stop:
                return self._join(found), False
            found.append(reader.text[reader.place : stop.start()])
            reader.place = stop.start()
            if reader.text.startswith(closing, reader.place):
                reader.place += len(closing)
                return self._join(found), True
            if reader.text.startswith(self._opening, reader.place) and not self._doubled():
                embedded = self._embedded()
                if embedded is None:
                    return self._join(found), True
                found.append(embedded)
            elif stop.group() == "\\":
                found.append(self._escape())
            elif stop.group() in "{}" and not reader.dialect.hash_interpolation:
                found.append(self._brace())
            else:
                found.append(stop.group())
                reader.place += 1

    def _doubled(self) -> bool:
        reader = self._reader
        return self._opening == "{" and reader.text[reader.place + 1 : reader.place + 2] in ("{", "}")

    def _brace(self) -> _Brace:
        reader = self._reader
        start = reader.place
        doubled = self._doubled() if reader.text[start] == "{" else reader.text.startswith("}}", start)
        reader.place = start + 2 if doubled else start + 1
        return _Brace(reader.text[start : reader.place], start)

    def _escape(self) -> str:
        reader = self._reader
        start = reader.place
        reader.place += 1
        character = reader.peek()
        if not character:
            return ""
        reader.place += 1
        if character in self._escapes:
            return self._escapes[character]
        if character != "u":
            reader.error(
                f"a string has no escape \\{harmless(character)}", start, hint=r"write \\ for a backslash"
            )
            return ""
        digits = _FOUR_DIGITS.match(reader.text, reader.place, reader.end)
        code = int(digits.group(), 16) if digits else 0xD800
        reader.place = digits.end() if digits else reader.place
        if 0xD800 <= code < 0xE000:
            reader.error(
                r"this is no character: \u",
                start,
                hint="four hexadecimal digits follow, and no half of a surrogate pair",
            )
            return ""
        return chr(code)

    def _embedded(self) -> Embedded | None:
        """The expression that begins here; ``None`` after an error that ends the whole string."""
        reader = self._reader
        start = reader.place
        if self._depth >= MAX_NESTING:
            reader.error(
                f"strings are nested deeper than {MAX_NESTING} levels",
                start,
                start + len(self._opening),
                "give an inner string a name with let",
            )
            reader.stop()
            return None
        reader.place += len(self._opening)
        errors = len(reader.problems.errors)
        self._depth += 1
        embedded = self._read_tokens(start)
        self._depth -= 1
        if embedded is None and not reader.stopped:
            # What looked wrong behind the brace did so because it was taken for an expression.
            del reader.problems.errors[errors:]
            reader.error(
                "the expression that begins here has no closing }",
                start,
                start + len(self._opening),
                rf"write \{self._opening} for the text {self._opening}",
            )
        return embedded

    def _join(self, found: list[str | _Brace | Embedded]) -> StringPieces:
        embeds = any(isinstance(piece, Embedded) for piece in found)
        pieces: list[str | Embedded] = []
        text: list[str] = []
        for piece in found:
            if isinstance(piece, Embedded):
                if any(text):
                    pieces.append("".join(text))
                pieces.append(piece)
                text = []
            elif isinstance(piece, str):
                text.append(piece)
            else:
                text.append(self._collapse(piece) if embeds else piece.text)
        if any(text):
            pieces.append("".join(text))
        return tuple(pieces)

    def _collapse(self, brace: _Brace) -> str:
        if brace.text in ("{{", "}}"):
            return brace.text[0]
        wrong = "{} holds no expression" if brace.text == "{}" else "} closes nothing"
        self._reader.error(
            f"{wrong} in this string",
            brace.start,
            brace.start + len(brace.text),
            "in a string with an expression, braces are written {{ and }}",
        )
        return brace.text
