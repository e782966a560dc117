"""`rename`: moves fields to other names or places."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import Field, model_validator

from pipelines.errors import EventError
from pipelines.field_path import MISSING, FieldPath, FieldPathOption, require_object
from pipelines.operator import Kind, Operator, operators
from pipelines.options import Options

__all__ = ["Rename"]


class RenameOptions(Options):
    """What to move where."""

    fields: dict[FieldPathOption, FieldPathOption] = Field(
        min_length=1, description="New field paths (dotted) by old ones."
    )

    @model_validator(mode="after")
    def _no_overlap(self) -> RenameOptions:
        for name, paths in (("old", list(self.fields)), ("new", list(self.fields.values()))):
            for index, path in enumerate(paths):
                for other in paths[index + 1 :]:
                    if path[: len(other)] == other[: len(path)]:
                        raise ValueError(f"the {name} places {path} and {other} lie within each other")
        return self


@operators.register
class Rename(Operator):
    """All fields move at once, so that two may change places.

    All fields move at the same time, so { a = 'b', b = 'a' } swaps them. A field that is missing is
    no error; what stood at the new place is replaced. An event that is no object, or that has
    something else than an object on the way to a new place, leaves unchanged by err.
    """

    name = "rename"
    summary = "Moves fields to other names or places."
    example = """
[pipelines.unify]
operators = [{ type = "rename", fields = { msg = "message", "user.id" = "user_id" } }]
"""

    options: RenameOptions
    Options = RenameOptions
    kind = Kind.EVENT

    def event_function(self) -> Callable[..., Any]:
        """Called for each event."""
        moves = list(self.options.fields.items())

        def rename_fields(value: Any) -> Any:
            require_object(value)
            taken = [(old, new, old.remove(value)) for old, new in moves]
            found = [(old, new, item) for old, new, item in taken if item is not MISSING]
            try:
                for _, new, _ in found:
                    new.check_settable(value)
            except EventError:
                self._put_back(value, found)
                raise
            for _, new, item in found:
                new.set(value, item)
            return value

        return rename_fields

    @staticmethod
    def _put_back(value: Any, found: list[tuple[FieldPath, FieldPath, Any]]) -> None:
        for old, _, item in found:
            old.set(value, item)
