"""`Problem`: one thing that is wrong with a deployment's file, where it is, and what to do about it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple

__all__ = [
    "InvalidDeployment",
    "KeyPath",
    "Position",
    "Problem",
    "Severity",
    "closest",
    "format_key_path",
    "printable",
]

KeyPath = tuple[str | int, ...]
"""Keys and indices from the top of the document, for instance ``("flows", "main", "links", 2)``."""


class Severity(Enum):
    """Whether the deployment can run all the same."""

    ERROR = "error"
    WARNING = "warning"


class Position(NamedTuple):
    """A stretch of a line: ``line`` and ``column`` count from 1 and in characters, ``length`` is at least 1."""

    line: int
    column: int
    length: int = 1


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding of `supervisor.deployment.check.check`.

    ``code`` is a stable word for scripts ("unknown-key"); ``message`` says what is wrong and ``hint`` what to do;
    ``excerpt`` is the line of the file from ``excerpt_column`` on, with everything that may be a secret blanked out.
    """

    code: str
    message: str
    hint: str = ""
    severity: Severity = Severity.ERROR
    file: str = ""
    path: KeyPath = ()
    position: Position | None = None
    excerpt: str = ""
    excerpt_column: int = 1

    @property
    def place(self) -> str:
        """``file:line:column``, as far as it is known."""
        if self.position is None:
            return self.file
        return f"{self.file}:{self.position.line}:{self.position.column}"

    def __str__(self) -> str:
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.place}: {self.severity.value}[{self.code}]: {self.message}{hint}"

    def to_json(self) -> dict[str, Any]:
        """The problem as plain data, for ``--json``."""
        position = self.position
        return {
            "code": self.code,
            "severity": self.severity.value,
            "message": self.message,
            "hint": self.hint,
            "file": self.file,
            "line": position.line if position else None,
            "column": position.column if position else None,
            "path": list(self.path),
        }


class InvalidDeployment(Exception):
    """A deployment that cannot be used; ``problems`` holds everything that was found, warnings included."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def format_key_path(path: KeyPath) -> str:
    """A key path as TOML writes it: ``flows.main.links[2]``."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            key = step if _BARE_KEY.fullmatch(step) else '"' + printable(step).replace('"', '\\"') + '"'
            text += f".{key}" if text else key
    return text


def printable(text: str, max_characters: int = 120) -> str:
    """The text without anything that could steer a terminal, cut where it is too long to be read."""
    # Cut first: a hostile value of a megabyte must not be worked through once per message.
    cut = text if len(text) <= max_characters else text[: max_characters - 1] + "…"
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", cut)


def closest(name: str, known: Iterable[str]) -> str:
    """``did you mean `x`?``, or the known names where none is close, or nothing where there are none at all."""
    names = sorted(known)
    wanted = name[:80].lower()
    # One wrong letter of two is as close as short names can be.
    near = difflib.get_close_matches(wanted, names, n=1, cutoff=0.6 if len(name) > 3 else 0.5)
    # `certificate` and `cert` have too few letters in common to be close, and yet mean the same.
    near = near or [other for other in names if len(other) > 2 and wanted.startswith(other)]
    if near:
        return f"did you mean `{near[0]}`?"
    return f"known are: {', '.join(names)}" if names else ""
