"""The JSON Schema of deployments, for editors that complete and check TOML while it is written.

Made from the same declarations that `check` uses, so it can be no other. What JSON Schema cannot say (ports, cycles,
what a Python module holds) is left to ``supervisor check``.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from pipelines.registry import Component, Registry
from supervisor.deployment.families import FAMILIES
from supervisor.deployment.schema import (
    PIPELINE_KINDS,
    FlowTable,
    OfframpTable,
    OnrampTable,
    PipelineTable,
    SupervisorTable,
)

__all__ = ["deployment_schema"]

_NAMES = {"pattern": "^[A-Za-z0-9_-]{1,64}$"}


def deployment_schema() -> dict[str, Any]:
    """A JSON Schema (draft 2020-12) for whole files; a table's ``type`` decides which options it may have."""
    definitions: dict[str, Any] = {}
    for plural in ("codecs", "preprocessors", "postprocessors"):
        definitions[plural] = _part_schema(FAMILIES[plural], definitions)
    onramps = _ramp_schema(OnrampTable, FAMILIES["onramps"], definitions, {"preprocessors": "preprocessors"})
    offramps = _ramp_schema(
        OfframpTable, FAMILIES["offramps"], definitions, {"postprocessors": "postprocessors"}
    )
    pipelines = _model_schema(PipelineTable, definitions)
    definitions["operators"] = {
        "oneOf": [_member_schema(member, "type", definitions) for member in FAMILIES["operators"].members()]
    }
    pipelines["properties"]["operators"] = {"type": "array", "items": {"$ref": "#/$defs/operators"}}
    pipelines["oneOf"] = [{"required": [kind]} for kind in PIPELINE_KINDS]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Aftershock deployment",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "supervisor": _model_schema(SupervisorTable, definitions),
            "onramps": _named(onramps),
            "pipelines": _named(pipelines),
            "offramps": _named(offramps),
            "flows": {**_named(_model_schema(FlowTable, definitions)), "minProperties": 1},
        },
        "required": ["flows"],
        "$defs": definitions,
    }


def _named(table: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "propertyNames": _NAMES, "additionalProperties": table}


def _model_schema(model: type[BaseModel], definitions: dict[str, Any]) -> dict[str, Any]:
    """The model's own schema; what it refers to goes to the common definitions, under names that cannot clash."""
    prefix = f"{model.__module__}.{model.__qualname__}".replace("/", "_")
    schema = model.model_json_schema(ref_template=f"#/$defs/{prefix}:{{model}}")
    definitions.update({f"{prefix}:{name}": inner for name, inner in schema.pop("$defs", {}).items()})
    return schema


def _member_schema(member: type[Component], key: str, definitions: dict[str, Any]) -> dict[str, Any]:
    """A table whose ``key`` names the member, with the member's options beside it."""
    schema = _model_schema(member.Options, definitions)
    return {
        "type": "object",
        "title": member.name,
        "description": member.summary,
        "additionalProperties": False,
        "properties": {
            key: {"const": member.name, "description": member.summary},
            **schema.get("properties", {}),
        },
        "required": [key, *schema.get("required", [])],
    }


def _part_schema(registry: Registry[Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """A bare name, where the member can do without options, or a table."""
    members = registry.members()
    bare = [
        {"const": member.name, "description": member.summary}
        for member in members
        if not any(field.is_required() for field in member.Options.model_fields.values())
    ]
    tables = [_member_schema(member, "name", definitions) for member in members]
    return {"anyOf": [{"oneOf": bare}, {"oneOf": tables}]}


def _ramp_schema(
    common: type[BaseModel], registry: Registry[Any], definitions: dict[str, Any], steps: dict[str, str]
) -> dict[str, Any]:
    schema = _model_schema(common, definitions)
    shared = {key: value for key, value in schema["properties"].items() if key != "type"}
    shared["codec"] = {"$ref": "#/$defs/codecs", "description": shared["codec"]["description"]}
    for key, family in steps.items():
        description = shared[key]["description"]
        shared[key] = {"type": "array", "items": {"$ref": f"#/$defs/{family}"}, "description": description}
    tables = []
    for member in registry.members():
        table = _member_schema(member, "type", definitions)
        table["properties"] = {**shared, **table["properties"]}
        tables.append(table)
    return {"oneOf": tables}
