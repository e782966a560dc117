"""Checks one table of a document against a declaration, and collects what is wrong with it."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from pipelines.errors import ConfigurationError
from supervisor.deployment.load import Document
from supervisor.deployment.problem import KeyPath, Problem, Severity
from supervisor.deployment.wording import holds_secret, plain_words

__all__ = ["Findings", "map_paths"]

Model = TypeVar("Model", bound=BaseModel)


class Findings:
    """The problems of one document, as they are found."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Problem] = []

    @property
    def errors(self) -> int:
        """How many of the problems forbid running."""
        return sum(problem.severity is Severity.ERROR for problem in self.problems)

    def error(self, path: KeyPath, code: str, message: str, hint: str = "", **place: Any) -> None:
        """Note an error; ``place`` as for `Document.problem`."""
        self.problems.append(self.document.problem(path, code, message, hint, **place))

    def warning(self, path: KeyPath, code: str, message: str, hint: str = "", **place: Any) -> None:
        """Note a warning; ``place`` as for `Document.problem`."""
        self.problems.append(
            self.document.problem(path, code, message, hint, severity=Severity.WARNING, **place)
        )

    def configuration_error(
        self, path: KeyPath, who: str, error: ConfigurationError, code: str = "bad-value"
    ) -> None:
        """Note what a part said about its own options; the error's path leads on from ``path``."""
        self.error(path + error.path, code, f"{who}: {error}", error.hint)

    def table(self, path: KeyPath, who: str) -> dict[str, Any] | None:
        """The table at ``path``: empty if it is not there, ``None`` (and an error) if it is something else."""
        value: Any = self.document.tables
        for step in path:
            value = value.get(step, {})
        if isinstance(value, dict):
            return value
        self.error(
            path,
            "bad-value",
            f"{who} must be a table",
            f"write [{'.'.join(map(str, path))}] and its keys below",
        )
        return None

    def validate(
        self,
        model: type[Model],
        table: dict[str, Any],
        path: KeyPath,
        who: str,
        also_known: Iterable[str] = (),
    ) -> Model | None:
        """The checked table, or ``None`` and one problem for each thing that is wrong with it.

        ``who`` begins each message ("onramp `access`"); ``also_known`` are keys beside the model's that a misspelt
        key may have meant.
        """
        try:
            # JSON mode is the strict one that still takes text for paths and lists for tuples: a quoted "5" is no
            # number and `true` is not 1.
            return model.model_validate_json(json.dumps(table, default=_plain), strict=True)
        except ValidationError as invalid:
            errors = _one_per_place(invalid, table)
        if not errors:
            # Only defaults failed, written as objects (a Path) that JSON cannot hold: what the file says is right.
            return model.model_validate(table)
        for inner, error in errors:
            code, message, hint = plain_words(error, inner, model, set(also_known))
            if code == "unknown-key" or holds_secret(model, inner):
                # A secret under a misspelt key is still a secret.
                self.document.hide(path + inner)
            self.error(path + inner, code, f"{who}: {message}", hint, at_key=code == "unknown-key")
        return None


def map_paths(options: Model, change: Callable[[Path], Path]) -> Model:
    """The same options with every path in them, also in tables within them, changed."""
    changed: dict[str, Any] = {}
    for name in type(options).model_fields:
        value = getattr(options, name)
        new = value
        if isinstance(value, Path):
            new = change(value)
        elif isinstance(value, BaseModel):
            new = map_paths(value, change)
        if new is not value:
            changed[name] = new
    return options.model_copy(update=changed) if changed else options


def _one_per_place(invalid: ValidationError, table: dict[str, Any]) -> list[tuple[KeyPath, dict[str, Any]]]:
    """Each wrong place once: a union reports one error for each of its members, and names them in the path."""
    found: dict[KeyPath, dict[str, Any]] = {}
    for error in invalid.errors(include_url=False):
        if error["loc"] and error["loc"][0] not in table and error["type"] != "missing":
            continue
        inner = _path_in(table, error["loc"], missing=error["type"] == "missing")
        # The deepest member of a union is the one that was meant; of equals, the first.
        found.setdefault(inner, dict(error))
    return [(inner, error) for inner, error in found.items() if not _has_deeper(inner, found)]


def _has_deeper(path: KeyPath, found: dict[KeyPath, dict[str, Any]]) -> bool:
    return found[path]["type"] not in ("missing", "extra_forbidden", "value_error") and any(
        len(other) > len(path) and other[: len(path)] == path for other in found
    )


def _path_in(table: Any, location: tuple[int | str, ...], *, missing: bool) -> KeyPath:
    """The steps of pydantic's location that are keys of the file; the others name members of unions."""
    path: KeyPath = ()
    value = table
    for position, step in enumerate(location):
        is_key = isinstance(value, dict) and step in value
        is_index = isinstance(value, list) and isinstance(step, int) and step < len(value)
        if is_key or is_index:
            value = value[step]
        elif not (missing and position == len(location) - 1):
            continue
        path += (step,)
    return path


def _plain(value: object) -> str:
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    raise TypeError(f"not a TOML value: {value!r}")
