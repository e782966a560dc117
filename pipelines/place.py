"""One place in generated code: what is known about the event there, and how an operator's own code may refer to it."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass

from pipelines.namespace import Namespace
from pipelines.syntax import constant, load

__all__ = ["Flow", "PlaceScope"]


@dataclass(frozen=True, slots=True)
class Flow:
    """What is known about the event at one place of the code.

    Names of the local variables that hold it (``meta`` is ``None`` where there can be none; ``place`` is the event's
    index in the batch, which tells where its bytes are, or ``None`` where they are not known any more); whether another
    branch still needs the value as it is now; how deep the code is nested; and the index of the event that it was made
    from, however changed, or ``None`` where that may be an earlier one.
    """

    value: str
    meta: str | None
    place: str | None
    shared: bool = False
    depth: int = 0
    origin: str | None = None


class PlaceScope:
    """The `pipelines.operator.Scope` of one place. ``local`` makes fresh names of variables."""

    def __init__(self, local: Callable[[str], str], namespace: Namespace, flow: Flow) -> None:
        self.local = local
        self._namespace = namespace
        self._flow = flow

    def value(self) -> ast.expr:
        """The variable with the event's value."""
        return load(self._flow.value)

    def meta(self) -> ast.expr:
        """The variable with its metadata, or the constant ``None``."""
        return load(self._flow.meta) if self._flow.meta else constant(None)

    def ingest_ns(self) -> ast.expr:
        """The variable with the time of its batch."""
        return load("ingest_ns")

    def batch(self) -> ast.expr:
        """The variable with the batch."""
        return load("batch")

    def bind(self, hint: str, thing: object) -> ast.expr:
        """The name of an object."""
        return self._namespace.bind(hint, thing)
