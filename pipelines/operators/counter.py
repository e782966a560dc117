"""`counter`: numbers the events."""

from __future__ import annotations

import ast
import itertools

from pipelines.operator import Inline, Kind, Operator, Scope, operators
from pipelines.syntax import call, constant

__all__ = ["Counter"]


@operators.register
class Counter(Operator):
    """Inlined. Each instance of a pipeline counts for itself, from 1, and from 1 again after a restart."""

    name = "counter"
    summary = 'Numbers the events: the value becomes { "count": n, "event": value }.'
    example = """
[pipelines.numbered]
operators = [{ type = "counter" }]
"""

    kind = Kind.INLINE
    may_fail = False

    def __init__(self, options: object = None) -> None:
        super().__init__(options)
        self._next = itertools.count(1).__next__

    def inline(self, scope: Scope) -> Inline:
        """One new object."""
        keys: list[ast.expr | None] = [constant("count"), constant("event")]
        return Inline(value=ast.Dict(keys, [call(scope.bind("next", self._next)), scope.value()]))
