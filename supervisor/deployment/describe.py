"""What a declaration of options says, in words for people: read from the same JSON Schema that editors get."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from supervisor.deployment.toml_text import toml_value

__all__ = ["OptionDescription", "describe_options"]


@dataclass(frozen=True, slots=True)
class OptionDescription:
    """One option. ``default`` is TOML text; empty where there is none; ``required`` options have none.

    ``required_with`` names the table that may be left out as a whole, but not without this option; else it is empty.
    """

    name: str
    type: str
    default: str
    required: bool
    required_with: str
    description: str

    @property
    def obligation(self) -> str:
        """Whether a file has to give it, in words for people; empty if not."""
        if self.required_with:
            return f"required with `{self.required_with}`"
        return "required" if self.required else ""


_FORMATS = {
    "duration": 'duration, such as "250ms"',
    "size": 'size, such as "64KiB"',
    "address": 'address, such as "127.0.0.1:8080"',
    "path": "path",
    "uri": "URL",
}

_PLAIN = {
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "string": "text",
    "object": "table",
    "null": "nothing",
}


def describe_options(model: type[BaseModel]) -> list[OptionDescription]:
    """All options of a declaration in its own order; those of tables within it by dotted names (``retry.initial``)."""
    schema = model.model_json_schema()
    return _describe(schema, schema.get("$defs", {}), "", "")


def _describe(
    schema: dict[str, Any], definitions: dict[str, Any], prefix: str, optional_table: str
) -> list[OptionDescription]:
    described = []
    required = schema.get("required", [])
    for name, option in schema.get("properties", {}).items():
        default = option.get("default")
        table = _table_of(option, definitions)
        if table is not None and not isinstance(default, str | int | float | list):
            optional = optional_table if name in required else f"{prefix}{name}"
            described += _describe(table, definitions, f"{prefix}{name}.", optional)
            continue
        described.append(
            OptionDescription(
                name=prefix + name,
                type=_type(option, definitions),
                default="" if default is None else toml_value(default),
                required=name in required and not optional_table,
                required_with=optional_table if name in required else "",
                description=option.get("description", ""),
            )
        )
    return described


def _table_of(option: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any] | None:
    """The declaration of a nested table, ``None`` for anything else and for references to secrets."""
    options = [choice for choice in option.get("anyOf", [option]) if choice.get("type") != "null"]
    if len(options) != 1 or "$ref" not in options[0]:
        return None
    name = options[0]["$ref"].rpartition("/")[2]
    table: dict[str, Any] = definitions[name]
    return table if "properties" in table and name != "SecretReference" else None


def _type(option: dict[str, Any], definitions: dict[str, Any]) -> str:
    if "$ref" in option:
        name = option["$ref"].rpartition("/")[2]
        if name == "SecretReference":
            return 'secret: { env = "NAME" } or { file = "path" }'
        return _type(definitions[name], definitions)
    if "const" in option:
        return toml_value(option["const"])
    if "enum" in option:
        return ", ".join(toml_value(choice) for choice in option["enum"])
    for union in ("anyOf", "oneOf"):
        if union in option:
            choices = [_type(choice, definitions) for choice in option[union] if choice.get("type") != "null"]
            return " or ".join(dict.fromkeys(choices))
    if option.get("type") == "array":
        items = option.get("items")
        return f"list of {_type(items, definitions)}" if items else "list"
    if option.get("format") in _FORMATS:
        return _FORMATS[option["format"]]
    return _PLAIN.get(option.get("type", ""), "any value") + _range(option)


def _range(option: dict[str, Any]) -> str:
    low, high = option.get("minimum"), option.get("maximum")
    above, below = option.get("exclusiveMinimum"), option.get("exclusiveMaximum")
    words = []
    if low is not None and high is not None:
        words.append(f"{low} to {high}")
    elif low is not None:
        words.append(f"at least {low}")
    elif high is not None:
        words.append(f"at most {high}")
    if above is not None:
        words.append(f"more than {above}")
    if below is not None:
        words.append(f"less than {below}")
    return f", {', '.join(words)}" if words else ""
