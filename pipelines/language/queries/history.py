"""``debug::history``: writes into the metadata that an event was here."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from pipelines.operator import Kind, Operator

__all__ = ["History"]


class History(Operator):
    """Appends ``evt: OP(NUMBER)`` to the list ``$NAME``, which it makes if there is none.

    Our events have no numbers of their own: the operator counts them, from 0.
    """

    name = "history"
    summary = "Writes into the metadata that an event was here."
    kind = Kind.EVENT
    changes_values = False
    reads_meta = True
    writes_meta = True
    may_fail = False

    def __init__(self, op: str, key: str) -> None:
        super().__init__(None)
        self._op = op
        self._key = key

    def event_function(self) -> Callable[..., Any]:
        """One more entry."""
        op, key, numbers = self._op, self._key, itertools.count()

        def note(value: Any, meta: dict[str, Any]) -> Any:
            entry = f"evt: {op}({next(numbers)})"
            before = meta.get(key)
            meta[key] = [*before, entry] if type(before) is list else [entry]
            return value

        return note
