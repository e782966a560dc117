"""What changes, chooses, loops, or ends a script."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.language.tree.node import Expression, Node

if TYPE_CHECKING:
    from pipelines.language.tree.expressions import Path
    from pipelines.language.tree.patterns import Pattern

__all__ = ["Clause", "Drop", "Emit", "For", "ForClause", "Let", "Match", "Merge", "Operation", "Patch"]


@dataclass(slots=True, eq=False)
class Let(Expression):
    """``let target = value``; the value is a statement (it may be a `Match` or `For` with statements in it)."""

    target: Path
    value: Expression


@dataclass(slots=True, eq=False)
class Emit(Expression):
    """``emit value => port``. ``port`` is a `Literal` text or an `Interpolation`. Without a value: ``event``."""

    value: Expression | None
    port: Expression | None


@dataclass(slots=True, eq=False)
class Drop(Expression):
    """``drop``"""


@dataclass(slots=True, eq=False)
class Clause(Node):
    """``case pattern when guard => body``, or ``default => body`` with the pattern `Default`."""

    pattern: Pattern
    guard: Expression | None
    body: list[Expression]


@dataclass(slots=True, eq=False)
class Match(Expression):
    """``match target of … end``. ``statement``: its bodies are statements, all executed; otherwise only the last
    expression of a body is evaluated.
    """

    target: Expression
    clauses: list[Clause]
    statement: bool


@dataclass(slots=True, eq=False)
class ForClause(Node):
    """``case (key, value) when guard => body``. ``key_slot``, ``value_slot`` (analysis): shadow variables."""

    key: str
    value: str
    guard: Expression | None
    body: list[Expression]
    key_slot: int = -1
    value_slot: int = -1


@dataclass(slots=True, eq=False)
class For(Expression):
    """``for target of … end``"""

    target: Expression
    clauses: list[ForClause]
    statement: bool


@dataclass(slots=True, eq=False)
class Merge(Expression):
    """``merge target of value end``"""

    target: Expression
    value: Expression


@dataclass(slots=True, eq=False)
class Operation(Node):
    """One step of a `Patch`. ``name``: ``insert upsert update erase move copy merge``.

    ``key`` is ``None`` for ``merge => value``; ``value`` is ``None`` for ``erase``, and the new name for ``move`` and
    ``copy``.
    """

    name: str
    key: Expression | None
    value: Expression | None


@dataclass(slots=True, eq=False)
class Patch(Expression):
    """``patch target of … end``"""

    target: Expression
    operations: list[Operation]
