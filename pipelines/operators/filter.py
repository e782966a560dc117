"""`filter`: keeps the events for which an expression is true."""

from __future__ import annotations

import ast

from pydantic import Field

from pipelines.expression import ExpressionOption
from pipelines.operator import Inline, Kind, Operator, Scope, operators
from pipelines.options import Options
from pipelines.syntax import assign, attempt, call, load

__all__ = ["Filter"]


class FilterOptions(Options):
    """What to keep."""

    expression: ExpressionOption = Field(
        description="Events for which this is true go on; the rest are dropped."
    )


@operators.register
class Filter(Operator):
    """Inlined; the rest are dropped and counted as ``false``. The language is that of `pipelines.expression`.

    Fields are written event.name, event.user.name, event.list[0] or event["any key"], metadata
    meta.name; a missing field is null, and an order (<, >=) between null and anything is false.
    There are and, or, not, ==, !=, <, <=, >, >=, in, not in, and the functions len, lower, upper,
    startswith, endswith, contains.
    """

    name = "filter"
    summary = "Keeps the events for which an expression is true."
    example = """
[pipelines.errors]
operators = [{ type = "filter", expression = 'event.status >= 500 and "internal" not in event.tags' }]
"""

    options: FilterOptions
    Options = FilterOptions
    kind = Kind.INLINE
    changes_values = False
    drop_reason = "false"

    def inline(self, scope: Scope) -> Inline:
        """The hopeful code, and the careful one for events that it stumbles over."""
        expression = self.options.expression
        keep = scope.local("true")
        hopeful = expression.hopeful(scope)
        careful = call(scope.bind("expression", expression), scope.value(), scope.meta())
        statements: list[ast.stmt] = [attempt([assign(keep, hopeful)], None, [assign(keep, careful)])]
        return Inline(tuple(statements), keep=load(keep))
