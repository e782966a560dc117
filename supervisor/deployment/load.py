"""Reads a deployment's TOML file into a `Document`: its tables, and where each of them stands."""

from __future__ import annotations

import ast
import re
import tomllib
from functools import cached_property
from pathlib import Path
from typing import Any

from supervisor.deployment.locate import Positions
from supervisor.deployment.problem import (
    InvalidDeployment,
    KeyPath,
    Position,
    Problem,
    Severity,
    format_key_path,
    printable,
)

__all__ = ["MAX_FILE_BYTES", "Document", "excerpt_of", "load", "parse"]

MAX_FILE_BYTES = 1024 * 1024
"""A deployment of a thousand components is below 200 KiB; what is larger is some other file."""

_SYNTAX_PLACE = re.compile(
    r"(?P<message>.*) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)", re.S
)
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"?' + r"|'[^']*'?")
_EXCERPT_CHARACTERS = 160
_DECLARED = re.compile(r"(?<=^Cannot declare )\(.*\)(?= twice$)", re.S)
_MISSING_QUOTE = re.compile(r"Expected \"('{1,3})\"|Unterminated string")
_SECRET_KEY = re.compile(r"(?i)(secret|token|passw|credential|api_?key|private|auth)")
_USER_IN_URL = re.compile(r"://[^/@\s\"']+@")


class Document:
    """One parsed file. ``tables`` is what `tomllib` made of it; ``file`` is the name that messages use."""

    def __init__(self, file: str, text: str, tables: dict[str, Any]) -> None:
        self.file = file
        self.text = text
        self.tables = tables
        self.hidden_lines: set[int] = set()
        """Lines whose strings are blanked in excerpts, because a secret was written into them."""

    @property
    def directory(self) -> Path:
        """Where relative paths and the Python modules of the deployment are looked for."""
        return Path(self.file).parent

    @cached_property
    def positions(self) -> Positions:
        """Worked out at the first question only: a file without problems asks none."""
        return Positions(self.text)

    @cached_property
    def _lines(self) -> list[str]:
        return self.text.split("\n")

    def hide(self, path: KeyPath) -> None:
        """The value at ``path`` may be a secret: show none of its lines' strings."""
        self.hidden_lines.update(self.positions.lines_of_value(path))

    def excerpt(self, position: Position) -> tuple[str, int]:
        """The part of a line around a position for people, without secrets and without anything that steers a terminal.

        Also the column, counted from 1, at which the part begins.
        """
        line, column, _length = position
        text = self._lines[line - 1] if 0 < line <= len(self._lines) else ""
        if line in self.hidden_lines:
            text = _blank(text)
        return excerpt_of(text, column)

    def problem(
        self,
        path: KeyPath,
        code: str,
        message: str,
        hint: str = "",
        *,
        at_key: bool = False,
        severity: Severity = Severity.ERROR,
        within: tuple[int, int] | None = None,
    ) -> Problem:
        """A problem with the value at ``path``, or with its key.

        A path that the file does not have (a missing key) is shown at the nearest table above it, or at the end of
        the file. ``within`` points into the value's string: first character and length.
        """
        known = path
        position = None
        while position is None and known:
            position = self.positions.key(known) if at_key or known != path else self.positions.value(known)
            known = known[:-1]
        if position is not None and within is not None:
            position = _inside(position, within, self._lines[position.line - 1])
        # Nothing of it is there: the end of the file is where it belongs.
        position = position or Position(len(self._lines), len(self._lines[-1]) + 1)
        excerpt, excerpt_column = self.excerpt(position)
        return Problem(
            code=code,
            message=printable(message, max_characters=800),
            hint=printable(hint, max_characters=400),
            severity=severity,
            file=self.file,
            path=path,
            position=position,
            excerpt=excerpt,
            excerpt_column=excerpt_column,
        )


def excerpt_of(line: str, column: int) -> tuple[str, int]:
    """The part of a line around a column, and the column at which it begins; see `Document.excerpt`."""
    line = _USER_IN_URL.sub(lambda found: "://" + "*" * (len(found[0]) - 4) + "@", line)
    start = 0 if column <= _EXCERPT_CHARACTERS * 3 // 4 else column - _EXCERPT_CHARACTERS // 2
    shown = printable(line[start:].replace("\t", " ").rstrip("\r"), max_characters=_EXCERPT_CHARACTERS)
    return ("…" + shown[1:] if start else shown), start + 1


def load(path: Path) -> Document:
    """Read and parse a file. Raises `InvalidDeployment` with one problem when it cannot be read or is not TOML."""
    file = str(path)
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        hint = "name the deployment's file, or make one with `supervisor new DIRECTORY`"
        raise _refused(file, "file-not-found", "there is no such file", hint) from None
    except IsADirectoryError:
        hint = f"name the file in it, for instance {path / 'config.toml'}"
        raise _refused(file, "file-unreadable", "this is a directory, not a file", hint) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _refused(
            file, "file-unreadable", f"the file cannot be read: {reason}", "check its path and mode"
        ) from None
    if len(data) > MAX_FILE_BYTES:
        message = f"the file is larger than {MAX_FILE_BYTES // 1024} KiB, which no deployment needs"
        raise _refused(file, "file-too-large", message, "check that this is the right file")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = len(data[data.rfind(b"\n", 0, error.start) + 1 : error.start].decode("utf-8", "replace")) + 1
        raise InvalidDeployment(
            [
                Problem(
                    code="not-utf8",
                    message=f"the byte {data[error.start]:#04x} is not UTF-8 text",
                    hint="save the file in the encoding UTF-8",
                    file=file,
                    position=Position(line, column),
                )
            ]
        ) from None
    return parse(text, file)


def parse(text: str, file: str = "config.toml") -> Document:
    """Parse TOML text as if it stood in ``file``. Raises `InvalidDeployment` with one problem if it is not TOML."""
    # TOML knows two line ends; one in memory keeps every column right.
    text = text.replace("\r\n", "\n")
    try:
        return Document(file, text, tomllib.loads(text))
    except RecursionError:
        raise _refused(file, "syntax", "tables or arrays are nested too deeply", "write it flatter") from None
    except ValueError as error:
        # Not only TOMLDecodeError: a number of ten thousand digits is a plain ValueError of `int`.
        raise InvalidDeployment([_syntax_problem(text, file, str(error))]) from None


def _syntax_problem(text: str, file: str, message: str) -> Problem:
    match = _SYNTAX_PLACE.fullmatch(message)
    position = None
    if match:
        message = match["message"]
        lines = text.split("\n")
        if match["line"]:
            position = Position(int(match["line"]), int(match["column"]))
        else:
            position = _opening_quote(text, message)
        if position is None:
            last = max((number for number, line in enumerate(lines, 1) if line.strip()), default=1)
            position = Position(last, len(lines[last - 1].rstrip()) + 1)
            inside = message.startswith(("Invalid value", "Unterminated", "Unclosed"))
            message = "the file ends within a value" if inside else f"{message} (the file ends here)"
        message = _DECLARED.sub(lambda found: f"[{format_key_path(ast.literal_eval(found[0]))}]", message)
    document = Document(file, text, {})
    if position and _SECRET_KEY.search(text.split("\n")[position.line - 1]):
        document.hidden_lines.add(position.line)
    excerpt, excerpt_column = document.excerpt(position) if position else ("", 1)
    return Problem(
        code="syntax",
        message=f"not TOML: {printable(message)[:1].lower()}{printable(message)[1:]}",
        hint=_syntax_hint(message),
        file=file,
        position=position,
        excerpt=excerpt,
        excerpt_column=excerpt_column,
    )


def _opening_quote(text: str, message: str) -> Position | None:
    """Where text in quotes begins that nothing ends: TOML's reader only knows that the file ended in it."""
    missing = _MISSING_QUOTE.fullmatch(message)
    if missing is None:
        return None
    quote = missing[1] or ('"' * 3 if text.count('"' * 3) % 2 else '"')
    start = text.rfind(quote)
    return Position(text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start), len(quote))


def _syntax_hint(message: str) -> str:
    for part, hint in (
        ("Cannot overwrite", "a key may be given once; remove one of the two"),
        ("Cannot declare", "a table may be opened once; put its keys under one header"),
        ("Invalid value", 'text needs quotes ("like this"); true, false and numbers need none'),
        ("Expected '='", "write `key = value`"),
        ("Expected \"'", "close the quotes"),
        ("the file ends", "close the quotes or the bracket"),
        ("Unterminated", "close the quotes"),
        ("Illegal character", "close the quotes on the same line, or use three quotes for several lines"),
        ("Expected newline", "one `key = value` a line"),
        ("Unclosed", "close the bracket, or put commas between what stands in it"),
        ("at the end of a table declaration", "close the bracket behind the table's name"),
        ("Unescaped", "write \\\\ for a backslash, or put the text in single quotes ('C:\\data')"),
        ("initial character for a key", "write `key = value`; an inline table { … } stands on one line"),
    ):
        if part in message:
            return hint
    return "TOML is described at https://toml.io"


def _refused(file: str, code: str, message: str, hint: str) -> InvalidDeployment:
    return InvalidDeployment([Problem(code=code, message=message, hint=hint, file=file)])


def _blank(line: str) -> str:
    """The line with the inside of every string replaced, or all behind the ``=`` where quotes do not pair."""
    blanked, strings = _QUOTED.subn(lambda found: found[0][0] + "*" * (len(found[0]) - 2) + found[0][0], line)
    if not strings or line.count('"') % 2 or line.count("'") % 2 or "=" not in line:
        start = line.find("=") + 1
        return line[:start] + "*" * (len(line) - start)
    return blanked


def _inside(position: Position, within: tuple[int, int], line: str) -> Position:
    """The part of a string; where the string has escapes or several lines, its first character is near enough."""
    start, length = within
    written = line[position.column - 1 : position.column - 1 + position.length]
    if len(written) < 2 or "\\" in written or written.startswith(('"""', "'''")):
        return position
    return Position(position.line, position.column + 1 + start, max(length, 1))
