"""pydantic's findings in plain words, without ever showing what may be a secret."""

from __future__ import annotations

import json
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from pipelines.options import SecretReference
from supervisor.deployment.problem import closest, format_key_path, printable

__all__ = ["Wording", "describe_value", "field_at", "fields_by_key", "holds_secret", "plain_words"]

Wording = tuple[str, str, str]
"""Code, message, hint."""

_MUST_BE = {
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing_size": "a smaller number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_type": 'text in quotes, such as "this"',
    "path_type": 'a path in quotes, such as "data/input.log"',
    "list_type": 'a list, such as ["one", "two"]',
    "tuple_type": 'a list, such as ["one", "two"]',
    "set_type": 'a list, such as ["one", "two"]',
    "frozen_set_type": 'a list, such as ["one", "two"]',
    "dict_type": "a table, such as { key = 1 }",
    "mapping_type": "a table, such as { key = 1 }",
    "model_type": "a table, such as { key = 1 }",
    "model_attributes_type": "a table, such as { key = 1 }",
    "dataclass_type": "a table, such as { key = 1 }",
    "none_required": "left out",
    "finite_number": "a finite number",
    "bytes_type": 'text in quotes, such as "this"',
}

_LIMITS = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
    "multiple_of": ("multiple_of", "a multiple of"),
}

_LENGTHS = {
    "too_short": ("min_length", "at least", "items"),
    "too_long": ("max_length", "at most", "items"),
    "string_too_short": ("min_length", "at least", "characters"),
    "string_too_long": ("max_length", "at most", "characters"),
}


def describe_value(value: object) -> str:
    """A value as people wrote it, short: ``"5s"``, ``true``, ``a list``."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    if isinstance(value, str):
        return printable(json.dumps(value, ensure_ascii=False), max_characters=60)
    if isinstance(value, bool | int | float):
        return printable(json.dumps(value), max_characters=60)
    return "nothing" if value is None else printable(str(value), max_characters=60)


def fields_by_key(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The declared options by the keys of the file: an option that is a word of Python (``class``) has an alias."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def field_at(model: type[BaseModel], path: tuple[str | int, ...]) -> FieldInfo | None:
    """The declaration of the option at ``path``; indices and the keys of free tables lead to the option itself."""
    models: list[type[BaseModel]] = [model]
    field: FieldInfo | None = None
    for step in map(str, path):
        found = next((fields[step] for fields in map(fields_by_key, models) if step in fields), None)
        if found is not None:
            field, models = found, _models_in(found.annotation)
    return field


def holds_secret(model: type[BaseModel], path: tuple[str | int, ...]) -> bool:
    """Whether what a user writes at ``path`` may be a secret: the option there, or one above it, takes a `Secret`."""
    return any(
        SecretReference in _models_in(field.annotation)
        for length in range(1, len(path) + 1)
        if (field := field_at(model, path[:length])) is not None
    )


def plain_words(
    error: dict[str, Any], path: tuple[str | int, ...], model: type[BaseModel], others: set[str]
) -> Wording:
    """One pydantic error (an item of ``ValidationError.errors()``) in plain words.

    ``path`` is where it is within the table; ``others`` are keys that the same table takes besides the model's.
    """
    kind, context = error["type"], error.get("ctx", {})
    name = f"`{format_key_path(path)}`" if path else "the table"
    if kind == "json_invalid":
        return "bad-value", f"{name} is nested too deeply", "write it flatter"
    if kind == "missing":
        field = field_at(model, path)
        about = (field.description or "") if field else ""
        return "missing-key", f"{name} is missing", about
    if kind == "extra_forbidden":
        return _unknown_key(path, model, others)
    if holds_secret(model, path):
        return (
            "bad-value",
            f"{name} must say where the secret is kept",
            'write { env = "NAME" } or { file = "path" }',
        )
    got = describe_value(error.get("input"))
    if kind in ("value_error", "assertion_error"):
        return _from_validator(str(context.get("error", error["msg"])), name, bool(path))
    if kind in ("literal_error", "enum"):
        choices = _quoted(context.get("expected", ""))
        hint = closest(error["input"], choices) if isinstance(error.get("input"), str) else ""
        listed = ", ".join(f'"{choice}"' for choice in choices)
        return (
            "bad-value",
            f"{name} must be one of {listed}; got {got}",
            hint if hint.startswith("did") else "",
        )
    return "bad-value", f"{name} must be {_demand(kind, context, str(error['msg']))}; got {got}", ""


def _demand(kind: str, context: dict[str, Any], message: str) -> str:
    if kind in _MUST_BE:
        return _MUST_BE[kind]
    if kind in _LIMITS:
        key, words = _LIMITS[kind]
        return f"{words} {context[key]}"
    if kind in _LENGTHS:
        key, words, unit = _LENGTHS[kind]
        count = context[key]
        return f"{words} {count} {unit if count != 1 else unit[:-1]} long"
    if kind == "string_pattern_mismatch":
        return f"text that matches {context['pattern']}"
    # What is left is rare (dates, URLs): pydantic's own words, in the shape of ours.
    for prefix in ("Input should be ", "Value should be "):
        message = message.removeprefix(prefix)
    return printable(message[:1].lower() + message[1:])


def _unknown_key(path: tuple[str | int, ...], model: type[BaseModel], others: set[str]) -> Wording:
    key, above = str(path[-1]), path[:-1]
    if above:
        field = field_at(model, above)
        known = {
            name for one in (_models_in(field.annotation) if field else []) for name in fields_by_key(one)
        }
        return "unknown-key", f"`{format_key_path(above)}` has no key `{printable(key)}`", closest(key, known)
    known = set(fields_by_key(model)) | others
    return "unknown-key", f"there is no option `{printable(key)}`", closest(key, known)


def _from_validator(text: str, name: str, named: bool) -> Wording:
    """A validator's own message: what stands behind the first semicolon is the remedy."""
    message, _, hint = printable(text, max_characters=400).partition("; ")
    if not named:
        return "bad-value", message, hint
    verb = message.startswith(("must ", "needs ", "is ", "has ", "cannot ", "may "))
    return "bad-value", f"{name} {message}" if verb else f"{name}: {message}", hint


def _quoted(expected: str) -> list[str]:
    """The choices in pydantic's ``'a', 'b' or 'c'``."""
    return [part for index, part in enumerate(expected.split("'")) if index % 2]


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in _models_in(argument)]
