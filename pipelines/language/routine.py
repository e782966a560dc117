"""`Routine`: resolved code that becomes one Python function. What the analysis hands to the code generator."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from pipelines.language.aggregates.aggregate import AggregateKind
from pipelines.language.source import Span
from pipelines.language.tree import Clause, Expression

__all__ = ["AggregateUse", "Grouping", "Parameters", "Program", "Routine", "RoutineKind", "Selection"]


class RoutineKind(Enum):
    """What the body is, which says how it ends."""

    SCRIPT = "script"
    """Emits the value of its last statement."""
    FUNCTION = "function"
    """Returns it. ``event``, ``$`` and ``state`` are null in here."""
    EXPRESSION = "expression"
    """A part of a query: one expression in ``body``, whose value it returns."""


@dataclass(slots=True, eq=False)
class Routine:
    """One body. Declarations are gone from it: constants are folded in, calls hold the routines that they call.

    ``name`` is for tracebacks. ``locals``: the names of local variables by slot, those of the parameters first.
    ``shadows``: the names of shadow variables by slot. ``cases`` (of ``fn … of``): clauses over the parameters, the
    default last; ``body`` is empty then. ``recurs``: there is a `Recur` in it.
    """

    kind: RoutineKind
    name: str
    span: Span
    parameters: int = 0
    open: bool = False
    locals: list[str] = field(default_factory=list)
    shadows: list[str] = field(default_factory=list)
    body: list[Expression] = field(default_factory=list)
    cases: list[Clause] | None = None
    recurs: bool = False


@dataclass(slots=True)
class Program:
    """A script, ready to be compiled.

    ``ports``: those that ``emit`` names by a literal, besides ``out``; ``open_ports``: some port is computed.
    ``assigns_event``, ``assigns_meta``, ``uses_state``: whether the script itself can do so (functions cannot).
    """

    main: Routine
    ports: frozenset[str] = frozenset()
    open_ports: bool = False
    assigns_event: bool = False
    assigns_meta: bool = False
    uses_state: bool = False


@dataclass(slots=True, eq=False)
class AggregateUse:
    """An aggregate called in a select: its kind, the arguments to evaluate for each event, and where it stands."""

    kind: AggregateKind
    arguments: list[Routine]
    span: Span


@dataclass(slots=True, eq=False)
class Selection:
    """The expressions of a select, ready to be compiled. Each `Routine` is an `RoutineKind.EXPRESSION`.

    In ``target`` and ``having`` a `Call` with ``aggregate`` stands for the value of ``aggregates[call.slot]``.
    ``passes_event``: the target is exactly ``event``.
    """

    span: Span
    target: Routine
    aggregates: list[AggregateUse]
    having: Routine | None
    where: Routine | None
    grouping: Grouping | None
    passes_event: bool
    uses_window: bool
    uses_group: bool


@dataclass(slots=True, eq=False)
class Parameters:
    """``with a = 1, b = 2``, folded: values, and where each stands."""

    values: dict[str, Any] = field(default_factory=dict)
    spans: dict[str, Span] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Grouping:
    """``group by``, resolved: one of an expression, ``set`` with parts, ``each``."""

    span: Span
    routine: Routine | None = None
    parts: list[Grouping] = field(default_factory=list)
    each: bool = False
