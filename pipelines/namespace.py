"""`Namespace`: the names that generated code refers to, and the objects behind them."""

from __future__ import annotations

import ast
from typing import Any

from pipelines.counters import Counters
from pipelines.syntax import load

__all__ = ["Namespace"]


class Namespace:
    """The globals of generated functions: shared by all functions of one pipeline, one name per object."""

    def __init__(self, counters: Counters, runtime: dict[str, Any]) -> None:
        self.names: dict[str, Any] = {**runtime, "drops": counters.drops, "created": counters.created}
        self.names["joined"] = counters.joined
        self._counters = counters
        self._known: dict[int, str] = {}

    def bind(self, hint: str, thing: object) -> ast.expr:
        """The name of an object."""
        # The object stays in ``names``, so that its id cannot be given to another one.
        name = self._known.get(id(thing))
        if name is None:
            # Local variables end in a digit (`value_3`), so none can take the place of an object.
            name = f"{hint}_{len(self.names)}_"
            self.names[name] = thing
            self._known[id(thing)] = name
        return load(name)

    def drop_slot(self, operator_id: str, reason: str) -> int:
        """The index in ``drops`` where the drops of an operator for one reason are counted."""
        return self._counters.slot(operator_id, reason)

    def join_slot(self, port: str) -> int:
        """The index in ``joined`` where the events of a port that leave with those of another are counted."""
        return self._counters.join_slot(port)
