"""Short names for the ``ast`` nodes that generated code is made of."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

__all__ = [
    "add",
    "add_up",
    "assign",
    "attempt",
    "attribute",
    "branch",
    "call",
    "constant",
    "define",
    "item",
    "load",
    "loop_over",
    "method",
    "named",
    "names_to_store",
    "replace_last_assignment",
    "same",
    "unpack",
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


def item(owner: ast.expr, key: str) -> ast.Subscript:
    """``owner[key]``"""
    return ast.Subscript(owner, constant(key), ast.Load())


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


def add_up(name: str) -> ast.AugAssign:
    """``drops[3] += drops_3``, for the name ``drops_3``"""
    counters, _, slot = name.rpartition("_")
    return add(counters, int(slot), load(name))


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
    """``try: body except (Exception, SystemExit) as error: handler else: otherwise``

    A user's ``sys.exit`` costs its event, as any other failure does: it is not for one event to end the program.
    """
    caught = ast.Tuple([load("Exception"), load("SystemExit")], ast.Load())
    handlers = [ast.ExceptHandler(caught, error, list(handler) or [ast.Pass()])]
    return ast.Try(list(body) or [ast.Pass()], handlers, list(otherwise), [])


def names_to_store(names: Sequence[str]) -> ast.Tuple:
    """``a, b, c`` on the left side of an assignment or in a loop."""
    return ast.Tuple([ast.Name(name, ast.Store()) for name in names], ast.Store())


def unpack(names: Sequence[str], value: ast.expr) -> ast.Assign:
    """``a, b, c = value``"""
    return ast.Assign([names_to_store(names)], value)


def loop_over(names: Sequence[str], lists: Sequence[ast.expr], body: Sequence[ast.stmt]) -> ast.For:
    """``for a in first: body``, or ``for a, b in zip(first, second): body``"""
    if len(names) == 1:
        return ast.For(ast.Name(names[0], ast.Store()), lists[0], list(body), [])
    return ast.For(names_to_store(names), call(load("zip"), *lists), list(body), [])


def replace_last_assignment(
    statements: Sequence[ast.stmt], name: str, by: Callable[[ast.expr], list[ast.stmt]]
) -> list[ast.stmt] | None:
    """The statements with something else in place of the ``name = value`` that each branch ends with.

    ``None`` where one does not end with it: what takes its place would be missing, or come too early.
    """
    *before, last = statements or [ast.Pass()]
    if isinstance(last, ast.If):
        body = replace_last_assignment(last.body, name, by)
        otherwise = replace_last_assignment(last.orelse, name, by)
        if body is None or otherwise is None:
            return None
        return [*before, ast.If(last.test, body, otherwise)]
    if isinstance(last, ast.Assign) and isinstance(last.targets[0], ast.Name) and last.targets[0].id == name:
        return [*before, *by(last.value)]
    return None


def define(name: str, arguments: Sequence[str], body: Sequence[ast.stmt]) -> ast.FunctionDef:
    """``def name(arguments…): body``"""
    parameters = ast.arguments([], [ast.arg(argument) for argument in arguments], None, [], [], None, [])
    # By keywords, because a field was added in Python 3.12.
    return ast.FunctionDef(name=name, args=parameters, body=list(body), decorator_list=[])
