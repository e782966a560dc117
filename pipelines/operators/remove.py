"""`remove`: takes fields out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import Field

from pipelines.field_path import FieldPathOption, require_object
from pipelines.operator import Kind, Operator, operators
from pipelines.options import Options

__all__ = ["Remove"]


class RemoveOptions(Options):
    """What to take out."""

    fields: list[FieldPathOption] = Field(min_length=1, description="Field paths (dotted).")


@operators.register
class Remove(Operator):
    """Fields that are not there are no error."""

    name = "remove"
    summary = "Takes fields out of events."
    example = """
[pipelines.anonymous]
operators = [{ type = "remove", fields = ["password", "user.email"] }]
"""
    description = "A field that is missing is no error. An event that is no object leaves by err."

    options: RemoveOptions
    Options = RemoveOptions
    kind = Kind.EVENT

    def event_function(self) -> Callable[..., Any]:
        """Called for each event."""
        fields = self.options.fields

        def remove_fields(value: Any) -> Any:
            require_object(value)
            for path in fields:
                path.remove(value)
            return value

        return remove_fields
