"""Constants, functions, modules; and a whole script."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.language.tree.node import Expression, Node

if TYPE_CHECKING:
    from pipelines.language.tree.queries import Define
    from pipelines.language.tree.statements import Clause

__all__ = ["Const", "Declaration", "Fn", "Intrinsic", "Module", "Script", "Statement", "Use"]


@dataclass(slots=True, eq=False)
class Const(Expression):
    """``const name = value``"""

    name: str
    value: Expression
    documentation: str = ""


@dataclass(slots=True, eq=False)
class Intrinsic(Node):
    """``intrinsic fn name(parameters) as target`` (``target``: module words and the function's name)."""

    name: str
    parameters: list[str]
    open: bool
    target: tuple[str, ...]
    documentation: str = ""


@dataclass(slots=True, eq=False)
class Fn(Node):
    """``fn name(parameters) with body end``; ``open``: with ``...``.

    ``fn name(parameters) of case (…) => … default => … end`` has ``cases`` instead of a body: clauses whose pattern is
    a closed `TuplePattern`, and the default last.
    """

    name: str
    parameters: list[str]
    open: bool
    body: list[Statement]
    cases: list[Clause] | None = None
    documentation: str = ""


@dataclass(slots=True, eq=False)
class Module(Node):
    """``mod name with … end``. The preprocessor makes these of ``use`` as well."""

    name: str
    items: list[Declaration | Define]
    documentation: str = ""


@dataclass(slots=True, eq=False)
class Use(Node):
    """``use a::b as c;`` where the preprocessor has not run (formatter, ``language ast``)."""

    names: tuple[str, ...]
    alias: str | None


Declaration = Const | Fn | Intrinsic | Module | Use
Statement = Expression | Fn | Intrinsic | Module | Use


@dataclass(slots=True, eq=False)
class Script(Node):
    """A whole script, or the body of an embedded one."""

    statements: list[Statement]
    documentation: str = ""
