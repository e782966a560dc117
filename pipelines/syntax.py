"""Short names for the ``ast`` nodes that generated code is made of."""

from __future__ import annotations

import ast
from collections.abc import Sequence

__all__ = [
    "add",
    "assign",
    "attempt",
    "attribute",
    "branch",
    "call",
    "constant",
    "load",
    "method",
    "named",
    "same",
]


def load(name: str) -> ast.Name:
    """``name``, read."""
    return ast.Name(name, ast.Load())


def constant(value: str | int | float | bool | None) -> ast.Constant:
    """A literal."""
    return ast.Constant(value)


def attribute(owner: ast.expr, name: str) -> ast.Attribute:
    """``owner.name``"""
    return ast.Attribute(owner, name, ast.Load())


def call(function: ast.expr, *arguments: ast.expr) -> ast.Call:
    """``function(arguments…)``"""
    return ast.Call(function, list(arguments), [])


def method(owner: str, name: str, *arguments: ast.expr) -> ast.Expr:
    """The statement ``owner.name(arguments…)``"""
    return ast.Expr(call(attribute(load(owner), name), *arguments))


def assign(name: str, value: ast.expr) -> ast.Assign:
    """``name = value``"""
    return ast.Assign([ast.Name(name, ast.Store())], value)


def named(name: str, value: ast.expr) -> ast.NamedExpr:
    """``(name := value)``"""
    return ast.NamedExpr(ast.Name(name, ast.Store()), value)


def add(name: str, index: int, amount: ast.expr) -> ast.AugAssign:
    """``name[index] += amount``"""
    return ast.AugAssign(ast.Subscript(load(name), constant(index), ast.Store()), ast.Add(), amount)


def same(left: ast.expr, right: ast.expr, *, negated: bool = False) -> ast.Compare:
    """``left is right``, or ``left is not right``"""
    return ast.Compare(left, [ast.IsNot() if negated else ast.Is()], [right])


def branch(test: ast.expr, body: Sequence[ast.stmt], otherwise: Sequence[ast.stmt] = ()) -> ast.If:
    """``if test: body else: otherwise``"""
    return ast.If(test, list(body) or [ast.Pass()], list(otherwise))


def attempt(
    body: Sequence[ast.stmt],
    error: str | None,
    handler: Sequence[ast.stmt],
    otherwise: Sequence[ast.stmt] = (),
) -> ast.Try:
    """``try: body except Exception as error: handler else: otherwise``"""
    handlers = [ast.ExceptHandler(load("Exception"), error, list(handler) or [ast.Pass()])]
    return ast.Try(list(body) or [ast.Pass()], handlers, list(otherwise), [])
