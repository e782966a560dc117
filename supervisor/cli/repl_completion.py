"""What the Tab key offers at the prompt of ``supervisor script -i``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import pipelines.language.library  # noqa: F401  # it fills the table
from pipelines.language.library.function import FUNCTIONS
from pipelines.language.tokens import KEYWORDS
from supervisor.cli.repl_session import Session

__all__ = ["complete"]

_WORD = re.compile(r"[\w:.$`]*$")
_FIELD = re.compile(r"[^\W_]\w*")
_COMMANDS = (":event", ":help", ":quit")


def complete(session: Session, line: str) -> list[str]:
    """The words that may stand at the end of ``line`` in place of the one that is begun there."""
    begun = _WORD.search(line)
    word = begun[0] if begun else ""
    if line == word and word.startswith(":"):
        return _fitting(_COMMANDS, word)
    path, dot, _ = word.rpartition(".")
    if dot:
        return _fitting((f"{path}.{name}" for name in _fields(session, path)), word)
    functions = {f"{module}::{_quoted(name)}(" for module, name in FUNCTIONS}
    modules = {f"{function.package or 'core'}::{function.module}" for function in FUNCTIONS.values()}
    if "use" in line.split():
        return _fitting(modules, word)
    return _fitting({*functions, *KEYWORDS, *map(_quoted, session.locals)}, word)


def _fields(session: Session, path: str) -> list[str]:
    first, *rest = path.split(".")
    known = {"event": session.event, "state": session.state}
    value: Any = known.get(first, session.locals.get(first.strip("`")))
    for name in (one.strip("`") for one in rest):
        value = value.get(name) if isinstance(value, dict) else None
    return [_quoted(name) for name in value if _FIELD.fullmatch(name)] if isinstance(value, dict) else []


def _quoted(name: str) -> str:
    """As it is written where a name is meant."""
    return f"`{name}`" if name in KEYWORDS else name


def _fitting(words: Iterable[str], word: str) -> list[str]:
    begun = word.replace("`", "")
    return sorted(candidate for candidate in words if candidate.replace("`", "").startswith(begun))
