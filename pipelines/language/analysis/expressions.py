"""Expressions without names: literals, texts, containers, operators, merge and patch."""

from __future__ import annotations

from typing import Any

from pipelines.language import tree
from pipelines.language.analysis.frame import Frame, fold, visit, visit_value, visits
from pipelines.language.analysis.hints import nearest
from pipelines.language.runtime.binaries import FIELD_TYPES
from pipelines.language.tree import Expression, Literal

_MOST_BITS = 64


@visits(tree.Literal)
def _literal(frame: Frame, node: tree.Literal, tail: bool) -> Expression:
    return node


@visits(tree.Interpolation)
def _interpolation(frame: Frame, node: tree.Interpolation, tail: bool) -> Expression:
    node.parts = [part if isinstance(part, str) else visit(frame, part) for part in node.parts]
    values: list[Any] = []
    for part in node.parts:
        if not isinstance(part, str | Literal):
            return node
        values.append(part if isinstance(part, str) else part.value)
    return fold(frame, node, lambda: frame.scope.folding.text(values))


@visits(tree.BinaryLiteral)
def _binary_literal(frame: Frame, node: tree.BinaryLiteral, tail: bool) -> Expression:
    for field in node.fields:
        field.value = visit(frame, field.value)
        if field.type not in FIELD_TYPES:
            near = nearest(field.type or "", [name for name in FIELD_TYPES if name], frame.problems)
            hint = f"did you mean `{near}`?" if near else "types are `binary`, `signed-integer`, `little`, …"
            frame.error(
                f"there is no type `{field.type}` for a part of a binary", field.span, hint, "bad-binary-type"
            )
        if field.bits is not None and not 1 <= field.bits <= _MOST_BITS:
            frame.error(
                f"a part of a binary has 1 to {_MOST_BITS} bits, not {field.bits}",
                field.span,
                "divide it into several parts",
                "bad-binary-size",
            )
    return node


@visits(tree.List)
def _list(frame: Frame, node: tree.List, tail: bool) -> Expression:
    node.items = [visit(frame, item) for item in node.items]
    literals = [item.value for item in node.items if isinstance(item, Literal)]
    if len(literals) < len(node.items):
        return node
    return fold(frame, node, lambda: frame.scope.folding.array(literals))


@visits(tree.Record)
def _record(frame: Frame, node: tree.Record, tail: bool) -> Expression:
    fields: list[tuple[str, Any]] = []
    for field in node.fields:
        field.key = visit(frame, field.key)
        field.value = visit(frame, field.value)
        if isinstance(field.key, Literal) and isinstance(field.value, Literal):
            fields.append((field.key.value, field.value.value))
    if len(fields) < len(node.fields):
        return node
    return fold(frame, node, lambda: frame.scope.folding.record(fields))


@visits(tree.Unary)
def _unary(frame: Frame, node: tree.Unary, tail: bool) -> Expression:
    node.operand = operand = visit(frame, node.operand)
    if not isinstance(operand, Literal):
        return node
    return fold(frame, node, lambda: frame.scope.folding.unary(node.operator, operand.value))


@visits(tree.Binary)
def _binary(frame: Frame, node: tree.Binary, tail: bool) -> Expression:
    node.left = left = visit(frame, node.left)
    node.right = right = visit(frame, node.right)
    if not (isinstance(left, Literal) and isinstance(right, Literal)):
        return node
    return fold(frame, node, lambda: frame.scope.folding.binary(node.operator, left.value, right.value))


@visits(tree.Merge)
def _merge(frame: Frame, node: tree.Merge, tail: bool) -> Expression:
    node.target = visit(frame, node.target)
    node.value = visit(frame, node.value)
    return node


@visits(tree.Patch)
def _patch(frame: Frame, node: tree.Patch, tail: bool) -> Expression:
    node.target = visit(frame, node.target)
    for operation in node.operations:
        operation.key = visit_value(frame, operation.key)
        operation.value = visit_value(frame, operation.value)
    return node
