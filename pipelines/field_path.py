r"""`FieldPath`: where in an event a value is, written as dotted text: ``user.name``; a dot in a key as ``a\.b``."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from pipelines.errors import EventError

__all__ = ["MISSING", "FieldPath", "FieldPathOption", "parse_field_path"]

_MAX_CHARACTERS = 1024
_MAX_DEPTH = 32


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Any = _Missing()
"""What `FieldPath.get` and `FieldPath.remove` return where there is no such field; ``None`` is a value."""


class FieldPath(tuple[str, ...]):
    """The keys from an event down to a field. A path goes through objects only, not through arrays."""

    __slots__ = ()

    def __str__(self) -> str:
        return ".".join(key.replace("\\", "\\\\").replace(".", "\\.") for key in self)

    def get(self, value: Any, default: Any = MISSING) -> Any:
        """The field's value, or ``default`` where a key is missing or something on the way is no object."""
        try:
            for key in self:
                value = value[key]
        except (KeyError, TypeError):
            # Nothing else than an object takes a text as its index.
            return default
        return value

    def check_settable(self, value: Any) -> None:
        """Raise `EventError` if `set` would: something on the way exists and is no object."""
        for depth, key in enumerate(self):
            if not isinstance(value, dict):
                at = f"the field {str(FieldPath(self[:depth]))!r}" if depth else "the event"
                raise EventError(f"{str(self)!r} cannot be set: {at} is {describe(value)}, not an object")
            if key not in value:
                return
            value = value[key]

    def set(self, value: Any, new: Any) -> None:
        """Put ``new`` in place, making the objects on the way that are missing. Raises `EventError`, changing
        nothing, where something on the way is no object.
        """
        self.check_settable(value)
        for key in self[:-1]:
            value = value.setdefault(key, {})
        value[self[-1]] = new

    def remove(self, value: Any) -> Any:
        """Take the field out and return what it held, or `MISSING` if it was not there."""
        parent = FieldPath(self[:-1]).get(value)
        return parent.pop(self[-1], MISSING) if isinstance(parent, dict) else MISSING


def describe(value: Any) -> str:
    """The kind of a value in the words of JSON, with its article."""
    if value is None:
        return "null"
    names = {
        dict: "an object",
        list: "an array",
        str: "a string",
        bool: "a boolean",
        int: "a number",
        float: "a number",
    }
    return names.get(type(value), f"a {type(value).__name__}")


def require_object(value: Any) -> None:
    """Raise `EventError` unless the event is an object."""
    if not isinstance(value, dict):
        raise EventError(f"the event is {describe(value)}, not an object, so it has no fields")


def parse_field_path(text: object) -> FieldPath:
    r"""The path from text such as ``user.name`` or ``a\.b``. Raises ``ValueError`` with the remedy."""
    if isinstance(text, FieldPath):
        return text
    if not isinstance(text, str):
        raise ValueError(f"{text!r} is not a field path; write text such as 'user.name'")  # noqa: TRY004 pydantic collects ValueError
    if len(text) > _MAX_CHARACTERS:
        raise ValueError(f"a field path has at most {_MAX_CHARACTERS} characters; this one has {len(text)}")
    keys = [""]
    characters = iter(text)
    for character in characters:
        if character == ".":
            keys.append("")
        elif character == "\\":
            escaped = next(characters, "")
            if escaped not in (".", "\\"):
                raise ValueError(
                    rf"{text!r}: a backslash stands before a dot or a backslash only: 'a\.b', 'a\\b'"
                )
            keys[-1] += escaped
        else:
            keys[-1] += character
    if not all(keys):
        raise ValueError(rf"{text!r} has an empty key; write 'user.name', and a dot inside a key as '\.'")
    if len(keys) > _MAX_DEPTH:
        raise ValueError(f"a field path has at most {_MAX_DEPTH} keys; this one has {len(keys)}")
    return FieldPath(keys)


FieldPathOption = Annotated[
    FieldPath,
    BeforeValidator(parse_field_path),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "format": "field-path", "examples": ["user.name"]}),
]
"""An option that is a `FieldPath`, written as dotted text."""
