"""`remove`: takes fields out."""

from __future__ import annotations

import ast

from pydantic import Field

from pipelines.field_path import FieldPathOption, require_object
from pipelines.operator import Inline, Kind, Operator, Scope, operators
from pipelines.options import Options
from pipelines.syntax import attribute, branch, call, constant, load

__all__ = ["Remove"]


class RemoveOptions(Options):
    """What to take out."""

    fields: list[FieldPathOption] = Field(min_length=1, description="Field paths (dotted).")


@operators.register
class Remove(Operator):
    """Inlined. Fields that are not there are no error."""

    name = "remove"
    summary = "Takes fields out of events."
    example = """
[pipelines.anonymous]
operators = [{ type = "remove", fields = ["password", "user.email"] }]
"""
    description = "A field that is missing is no error. An event that is no object leaves by err."

    options: RemoveOptions
    Options = RemoveOptions
    kind = Kind.INLINE

    def inline(self, scope: Scope) -> Inline:
        """One ``pop`` a field at the top of the event, a call for one that lies deeper."""
        is_object = call(load("isinstance"), scope.value(), load("dict"))
        refuse = ast.Expr(call(scope.bind("require_object", require_object), scope.value()))
        statements: list[ast.stmt] = [branch(ast.UnaryOp(ast.Not(), is_object), [refuse])]
        for path in self.options.fields:
            if len(path) == 1:
                take = call(attribute(scope.value(), "pop"), constant(path[0]), constant(None))
            else:
                take = call(scope.bind("remove", path.remove), scope.value())
            statements.append(ast.Expr(take))
        return Inline(tuple(statements))
