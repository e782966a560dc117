"""Python text with holes becomes nodes of ``ast``: ``X if X.__class__ is str else encode(X)``, where ``X`` is a hole.

Names in capitals are holes, all others stand for themselves. The texts are ours, never a script's: what comes from a
script is put into the holes as a constant, or is a name with a number.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

__all__ = ["Location", "Part", "constant", "fill_expression", "fill_statements", "name", "store"]


class Location(NamedTuple):
    """Where a node of Python's ``ast`` stands: lines from 1, columns in bytes from 0."""

    line: int
    column: int
    end_line: int
    end_column: int


Part = ast.expr | str | Sequence[ast.stmt]
"""What goes into a hole: an expression, the name of a variable, or (for a hole that is a statement) statements."""


def _place(node: Any, here: Location) -> Any:
    node.lineno, node.col_offset, node.end_lineno, node.end_col_offset = here
    return node


def constant(value: Any, here: Location) -> ast.expr:
    """A value that Python writes as a literal."""
    made: ast.expr = _place(ast.Constant(value=value), here)
    return made


def name(identifier: str, here: Location) -> ast.expr:
    """The value of a variable."""
    made: ast.expr = _place(ast.Name(id=identifier, ctx=ast.Load()), here)
    return made


def store(identifier: str, value: ast.expr, here: Location) -> ast.stmt:
    """``identifier = value``"""
    target = _place(ast.Name(id=identifier, ctx=ast.Store()), here)
    made: ast.stmt = _place(ast.Assign(targets=[target], value=value), here)
    return made


@cache
def _parse_expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


@cache
def _parse_statements(text: str) -> list[ast.stmt]:
    return ast.parse(text).body


def fill_expression(text: str, here: Location, parts: dict[str, Part]) -> ast.expr:
    """The expression ``text``, at ``here``, with ``parts`` in its holes."""
    filled: ast.expr = _fill(_parse_expression(text), here, parts)
    return filled


def fill_statements(text: str, here: Location, parts: dict[str, Part]) -> list[ast.stmt]:
    """The statements ``text``, at ``here``, with ``parts`` in their holes. A hole that is empty becomes ``pass``."""
    return _fill_block(_parse_statements(text), here, parts)


def _fill(node: Any, here: Location, parts: dict[str, Part]) -> Any:
    if node.__class__ is ast.Name:
        part = parts.get(node.id, node.id)
        if not isinstance(part, str):
            return part
        return _place(ast.Name(id=part, ctx=node.ctx), here)
    fields: dict[str, Any] = {}
    for field, value in ast.iter_fields(node):
        if value.__class__ is list:
            if value and isinstance(value[0], ast.stmt):
                fields[field] = _fill_block(value, here, parts)
            else:
                fields[field] = [
                    _fill(one, here, parts) if isinstance(one, ast.AST) else one for one in value
                ]
        else:
            fields[field] = _fill(value, here, parts) if isinstance(value, ast.AST) else value
    made = node.__class__(**fields)
    return _place(made, here) if "lineno" in node._attributes else made


def _fill_block(statements: list[ast.stmt], here: Location, parts: dict[str, Part]) -> list[ast.stmt]:
    filled: list[ast.stmt] = []
    for statement in statements:
        hole = statement.value if statement.__class__ is ast.Expr else None
        part = parts.get(hole.id) if hole.__class__ is ast.Name else None
        if part is not None and not isinstance(part, str | ast.AST):
            filled += part
        else:
            filled.append(_fill(statement, here, parts))
    return filled or [_place(ast.Pass(), here)]
