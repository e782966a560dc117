"""Writes ``api-reference.md`` from the OpenAPI document of the routes."""

from __future__ import annotations

import ast
import inspect
import itertools
import sys
from typing import Any

from table_cells import cell

from supervisor.api.openapi import openapi_document
from supervisor.api.routes import all_routes
from supervisor.api.service import Service
from supervisor.observation import snapshot
from supervisor.supervision.status import ActorStatus

__all__ = ["api_reference", "open_api"]

API_HEAD = """\
# Reference of the HTTP API

Every operation, and the models of what they take and answer. What they are for, and who may ask, is in
[api.md](api.md). This page is generated from the OpenAPI document that a running deployment answers at `/openapi.json`;
to change it, change `supervisor/api/` and run `python docs/generate.py`.

Any operation may answer a problem document (`ProblemDocument`) with 400, 401 or 403; where there is a body also with
413, 415 or 422. Below are those that an operation has besides.
"""

_COMMON_PROBLEMS = {"400", "401", "403", "413", "415", "422"}


def open_api() -> dict[str, Any]:
    """The OpenAPI document, of no deployment: the routes are the same for all."""
    nobody: Any = None
    return openapi_document(all_routes(Service(nobody)), version="")


def api_reference() -> str:
    """The text of ``api-reference.md``."""
    document = open_api()
    parts = [API_HEAD]
    tag = ""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if operation["tags"][0] != tag:
                tag = operation["tags"][0]
                parts.append(f"## {tag}\n")
            parts.append(_operation(f"{method.upper()} {path}", operation))
    parts.append("## Models\n")
    parts += [_model(name, schema) for name, schema in sorted(document["components"]["schemas"].items())]
    return "\n".join(parts)


def _operation(title: str, operation: dict[str, Any]) -> str:
    lines = [f"### `{title}`", "", operation["summary"], ""]
    if operation.get("description"):
        lines += [operation["description"], ""]
    parameters = operation["parameters"]
    if parameters:
        lines += ["| parameter | in | type | |", "|---|---|---|---|"]
        for one in parameters:
            about = one.get("description") or one["schema"].get("description", "")
            lines.append(f"| `{one['name']}` | {one['in']} | {_type(one['schema'])} | {cell(about)} |")
        lines.append("")
    bodies = operation.get("requestBody", {}).get("content", {}).values()
    facts = [f"Takes {_type(content['schema'])}." for content in bodies]
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            facts += [
                f"Answers {status}: {_type(content['schema'])} (`{kind}`)."
                for kind, content in response.get("content", {}).items()
            ] or [f"Answers {status}, without a body."]
    problems = [
        status for status in operation["responses"] if status[0] in "45" and status not in _COMMON_PROBLEMS
    ]
    if problems:
        facts.append(f"Problems: {', '.join(problems)}.")
    return "\n".join([*lines, " ".join(facts), ""])


def _model(name: str, schema: dict[str, Any]) -> str:
    lines = [f"### {name}", "", schema.get("description", ""), ""]
    lines += ["| field | type | |", "|---|---|---|"]
    documented = _attributes(name)
    for field, about in schema.get("properties", {}).items():
        meaning = about.get("description") or documented.get(field, "")
        lines.append(f"| `{field}` | {_type(about)} | {cell(meaning)} |")
    return "\n".join([*lines, ""]).replace("``", "`")


def _attributes(name: str) -> dict[str, str]:
    """What stands below the fields of a class of what is observed: its schema does not have that."""
    for module in (snapshot, sys.modules[ActorStatus.__module__]):
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            if isinstance(node, ast.ClassDef) and node.name == name:
                return {
                    field.target.id: inspect.cleandoc(text.value.value)
                    for field, text in itertools.pairwise(node.body)
                    if isinstance(field, ast.AnnAssign)
                    and isinstance(field.target, ast.Name)
                    and isinstance(text, ast.Expr)
                    and isinstance(text.value, ast.Constant)
                    and isinstance(text.value.value, str)
                }
    return {}


def _type(schema: dict[str, Any]) -> str:
    """A JSON Schema's type in a few words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {_type(schema['additionalProperties'])}"
    return str(schema.get("type", "any"))
