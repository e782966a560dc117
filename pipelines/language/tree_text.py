"""`describe`: a tree as plain values, for people who want to see what the parser made, and for editors."""

from __future__ import annotations

import math
from dataclasses import fields
from enum import Enum
from typing import Any

from pipelines.language import tree

__all__ = ["describe"]

_OF_THE_ANALYSIS = frozenset(
    [
        (tree.Root, "slot"), (tree.Root, "value"), (tree.Call, "function"), (tree.Call, "routine"),
        (tree.Call, "aggregate"), (tree.Call, "slot"), (tree.ForClause, "key_slot"), (tree.ForClause, "value_slot"),
        (tree.ExtractorPattern, "extractor"), (tree.AssignPattern, "slot"),
    ]
)  # fmt: skip


def describe(node: tree.Node) -> dict[str, Any]:
    """What can be written as JSON: ``node`` (its type), ``from`` and ``to`` (``line:column``; ``to`` is the place
    after its last character), and its fields, except those that the analysis fills.
    """
    found: dict[str, Any] = {"node": type(node).__name__, **_positions(node)}
    for field in fields(node):
        if field.name != "span" and (type(node), field.name) not in _OF_THE_ANALYSIS:
            found[field.name] = _show(getattr(node, field.name))
    return found


def _positions(node: tree.Node) -> dict[str, str]:
    first = node.span.source.position(node.span.start)
    last = node.span.source.position(node.span.end)
    return {"from": f"{first.line}:{first.column}", "to": f"{last.line}:{last.column}"}


def _show(value: Any) -> Any:
    if isinstance(value, tree.Node):
        return describe(value)
    if isinstance(value, (list, tuple)):
        return [_show(item) for item in value]
    if isinstance(value, dict):
        return {key: _show(item) for key, item in value.items()}
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, (str, int)) or (isinstance(value, float) and math.isfinite(value)):
        return value
    return str(value)
