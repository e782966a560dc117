"""`set`: puts constant values into fields."""

from __future__ import annotations

import ast
from typing import Any

from pydantic import Field

from pipelines.field_path import FieldPathOption, require_object
from pipelines.operator import Inline, Kind, Operator, Scope, operators
from pipelines.options import Options
from pipelines.syntax import branch, call, constant, load
from pipelines.values import copy_value

__all__ = ["Set"]

_SCALARS = (str, int, float, bool)


class SetOptions(Options):
    """What to put where."""

    fields: dict[FieldPathOption, Any] = Field(min_length=1, description="Values by field path (dotted).")


@operators.register
class Set(Operator):
    """Inlined where all fields are at the top of the event and all values are plain.

    Objects on the way to a field are made where they are missing. An event that is no object, or
    that has something else than an object on the way, leaves unchanged by err.
    """

    name = "set"
    summary = "Puts constant values into fields."
    example = """
[pipelines.label]
operators = [{ type = "set", fields = { environment = "production", "host.rack" = 12 } }]
"""

    options: SetOptions
    Options = SetOptions
    kind = Kind.INLINE

    def inline(self, scope: Scope) -> Inline:
        """One assignment a field, or a call if it is not that simple."""
        fields = self.options.fields
        if not all(len(path) == 1 and isinstance(new, _SCALARS) for path, new in fields.items()):
            return Inline((ast.Expr(call(scope.bind("set_fields", self._set_fields), scope.value())),))
        is_object = call(load("isinstance"), scope.value(), load("dict"))
        refuse = ast.Expr(call(scope.bind("require_object", require_object), scope.value()))
        statements: list[ast.stmt] = [branch(ast.UnaryOp(ast.Not(), is_object), [refuse])]
        for path, new in fields.items():
            target = ast.Subscript(scope.value(), constant(path[0]), ast.Store())
            statements.append(ast.Assign([target], constant(new)))
        return Inline(tuple(statements))

    def _set_fields(self, value: Any) -> None:
        require_object(value)
        # All are checked before the first is set, so that the error event shows the event as it came.
        for path in self.options.fields:
            path.check_settable(value)
        for path, new in self.options.fields.items():
            path.set(value, copy_value(new))
