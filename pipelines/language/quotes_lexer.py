"""What stands between quotes of its own and holds no expressions: names in backticks, the texts of extractors."""

from __future__ import annotations

from pipelines.language.excerpt import harmless
from pipelines.language.reader import Reader
from pipelines.language.tokens import Kind, Token

__all__ = ["read_extractor", "read_quoted_name"]


def read_quoted_name(reader: Reader) -> Token:
    """The name between backticks that begins here. It may hold anything but a backtick and a newline."""
    start = reader.place
    line_end = reader.line_end()
    close = reader.text.find("`", start + 1, line_end)
    if close < 0:
        reader.place = line_end
        reader.error(
            "this name has no closing `",
            start,
            hint="a name between ` and ` ends in the line in which it begins",
        )
        return Token(Kind.IDENT, reader.text[start + 1 : line_end], reader.span(start))
    reader.place = close + 1
    return Token(Kind.IDENT, reader.text[start + 1 : close], reader.span(start))


def read_extractor(reader: Reader) -> Token:
    r"""The text between two ``|``. ``\\`` and ``\|`` stand for the second character; a ``\`` at the end of a line joins
    it with the next one. Of several lines, the blanks that all of them begin with are removed.
    """
    start = reader.place
    text = reader.text
    reader.place += 1
    lines: list[str] = []
    parts: list[str] = []
    while True:
        part_start = reader.place
        while reader.place < reader.end and text[reader.place] not in "|\\\n":
            reader.place += 1
        parts.append(text[part_start : reader.place])
        character = reader.peek()
        if character == "|":
            break
        if character != "\\":
            reader.error(
                "this extractor has no closing |",
                start,
                hint=r"| always begins an extractor; within one, write \|",
            )
            return Token(Kind.EXTRACTOR, text[start : reader.place], reader.span(start), "".join(parts))
        if not _read_escape(reader, parts):
            lines.append("".join(parts))
            parts = []
    reader.place += 1
    lines.append("".join(parts))
    return Token(Kind.EXTRACTOR, text[start : reader.place], reader.span(start), _join(lines))


def _read_escape(reader: Reader, parts: list[str]) -> bool:
    """Take in what follows a backslash; false at the end of a line."""
    start = reader.place
    reader.place += 1
    character = reader.peek()
    if character == "\r" and reader.text.startswith("\n", reader.place + 1):
        reader.place += 1
        character = "\n"
    if not character:
        return True
    if character == "\n":
        reader.place = min(reader.place + 1, reader.end)
        return False
    reader.place += 1
    if character in "\\|":
        parts.append(character)
    else:
        reader.error(
            f"an extractor has no escape \\{harmless(character)}",
            start,
            hint=r"write \\ for a backslash, and \| for |",
        )
    return True


def _join(lines: list[str]) -> str:
    blanks = min((len(line) - len(line.lstrip()) for line in lines if line), default=0)
    return "".join(line[blanks:] for line in lines)
