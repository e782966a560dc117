"""`Namespace`: the names that generated code refers to, and the objects behind them."""

from __future__ import annotations

import ast
from typing import Any

from pipelines.counters import Counters
from pipelines.syntax import add, constant, load

__all__ = ["Namespace"]


class Namespace:
    """The globals of generated functions: shared by all functions of one pipeline, one name per object."""

    def __init__(self, counters: Counters, runtime: dict[str, Any]) -> None:
        self.names: dict[str, Any] = {**runtime, "drops": counters.drops, "created": counters.created}
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

    def drop(self, operator_id: str, reason: str) -> ast.stmt:
        """The statement that counts a dropped event."""
        return add("drops", self._counters.slot(operator_id, reason), constant(1))
