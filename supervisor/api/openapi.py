"""The OpenAPI document of the routes: generated, so that it cannot be wrong about them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import models_json_schema

from supervisor.api.models import ProblemDocument
from supervisor.api.routing import Route

__all__ = ["openapi_document"]

_REFERENCES = "#/components/schemas/{model}"
_VARIABLE = re.compile(r"<(?:[a-z]+:)?([a-z_]+)>")
_ALWAYS = (400, 401, 403)
_WITH_BODY = (413, 415, 422)


def openapi_document(routes: Iterable[Route], version: str) -> dict[str, Any]:
    """The document (OpenAPI 3.1.0) of these routes."""
    schemas: dict[str, Any] = {}
    _, problem = models_json_schema([(ProblemDocument, "serialization")], ref_template=_REFERENCES)
    schemas.update(problem["$defs"])
    paths: dict[str, Any] = {}
    for route in routes:
        path = _VARIABLE.sub(r"{\1}", route.path)
        paths.setdefault(path, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Aftershock",
            "version": version,
            "description": "What runs in a deployment, how it is, and what can be done to it.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}, {}],
    }


def _operation(route: Route, schemas: dict[str, Any]) -> dict[str, Any]:
    statuses = [
        *_ALWAYS,
        *(_WITH_BODY if route.body or route.takes else ()),
        *((422,) if route.query else ()),
        *route.problems,
    ]
    success = "204" if route.answer is None else "200"
    content = (
        {}
        if route.answer is None
        else {"content": {route.content_type: {"schema": _schema(route.answer, schemas)}}}
    )
    problem = {"application/problem+json": {"schema": {"$ref": _REFERENCES.format(model="ProblemDocument")}}}
    operation: dict[str, Any] = {
        "operationId": f"{route.method.lower()}{re.sub(r'[^a-zA-Z0-9]+', '_', route.path).rstrip('_')}",
        "summary": route.summary,
        "tags": [route.tag],
        "parameters": [*_path_parameters(route), *_query_parameters(route, schemas)],
        "responses": {
            success: {"description": "It is as asked.", **content},
            **{str(status): {"description": "It is not well.", **content} for status in route.also},
            **{
                str(status): {"description": "A problem.", "content": problem}
                for status in sorted(set(statuses))
            },
        },
    }
    if route.description:
        operation["description"] = route.description
    if route.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _schema(route.body, schemas)}},
        }
    if route.takes:
        operation["requestBody"] = {
            "required": True,
            "content": {route.takes: {"schema": {"type": "string"}}},
        }
    if route.public:
        operation["security"] = [{}]
    return operation


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in _VARIABLE.findall(route.path)
    ]


def _query_parameters(route: Route, schemas: dict[str, Any]) -> list[dict[str, Any]]:
    if route.query is None:
        return []
    schema = route.query.model_json_schema(ref_template=_REFERENCES)
    schemas.update(schema.pop("$defs", {}))
    required = schema.get("required", [])
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "description": option.get("description", ""),
            "schema": {key: value for key, value in option.items() if key != "description"},
        }
        for name, option in schema.get("properties", {}).items()
    ]


def _schema(type_: Any, schemas: dict[str, Any]) -> dict[str, Any]:
    if isinstance(type_, type) and issubclass(type_, BaseModel):
        schema = type_.model_json_schema(ref_template=_REFERENCES, mode="validation")
        schemas.update(schema.pop("$defs", {}))
        schemas[type_.__name__] = schema
        return {"$ref": _REFERENCES.format(model=type_.__name__)}
    schema = TypeAdapter(type_).json_schema(ref_template=_REFERENCES, mode="serialization")
    schemas.update(schema.pop("$defs", {}))
    return schema
