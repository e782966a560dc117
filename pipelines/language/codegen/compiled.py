"""What callers get: compiled programs and selects, and how their code is put to work."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pipelines.language.aggregates.aggregate import Aggregate
from pipelines.language.codegen.assembly import Assembly, assemble
from pipelines.language.dialect import Dialect
from pipelines.language.library.function import Occasion
from pipelines.language.limits import Limits
from pipelines.language.routine import Grouping, Program, Routine, Selection
from pipelines.language.script import RunFunction, SimpleOccasion
from pipelines.language.values import Value

__all__ = [
    "CompiledProgram", "CompiledSelection", "ProgramInstance", "QueryFunction", "StateCell", "compile_expression",
    "compile_program", "compile_selection",
]  # fmt: skip


_NOWHERE = SimpleOccasion()


class QueryFunction(Protocol):
    """An expression of a query as a Python function.

    It changes nothing, and what it returns shares no container with the query's constants. ``group``, ``window`` and
    ``aggregates`` (the states, by `AggregateUse`'s places) are given where the expression may use them. Raises
    `ScriptError`.
    """

    def __call__(
        self,
        event: Value,
        meta: Any = None,
        occasion: Occasion = _NOWHERE,
        group: Value = None,
        window: Value = None,
        aggregates: Sequence[Aggregate] = (),
    ) -> Any:
        """Work it out for one event."""


@dataclass(slots=True)
class StateCell:
    """Holds a script's ``state`` between events."""

    value: Value = None


@dataclass(frozen=True, slots=True)
class ProgramInstance:
    """A program at work, with a state of its own."""

    function: RunFunction
    cell: StateCell


@dataclass(frozen=True, slots=True)
class CompiledProgram:
    """A script's code: ``assembly.code`` defines the functions in a copy of the namespace."""

    assembly: Assembly

    def start(self, args: Value = None, state: Value = None) -> ProgramInstance:
        """An instance. ``args`` is what the script sees under that name; it and ``state`` are shared, not copied."""
        cell = StateCell(state)
        namespace = _own(self.assembly.namespace) | {"args": args, "cell": cell}
        exec(self.assembly.code, namespace)
        return ProgramInstance(namespace["main"], cell)

    def python_source(self) -> str:
        """The functions as Python text, for reading only: names of constants stand for their values."""
        return ast.unparse(self.assembly.module) + "\n"


@dataclass(frozen=True, slots=True)
class CompiledSelection:
    """The functions of a select.

    ``where`` and ``having`` return a boolean; they raise `ScriptError` for anything else. ``target`` returns the new
    value. ``accumulate`` evaluates the arguments of all aggregates and then adds them to ``aggregates``; it returns
    nothing. ``groups`` returns the groups of an event, each a list of values without its key: `Limits.groups` of them
    at most. ``None``: the select has no such part.
    """

    target: QueryFunction
    where: QueryFunction | None
    having: QueryFunction | None
    accumulate: QueryFunction | None
    groups: QueryFunction | None
    assembly: Assembly

    def own(self) -> CompiledSelection:
        """The same with a count of steps of its own: one for each operator, as they may pre-empt each other."""
        return _selection(self.assembly)

    def python_source(self) -> str:
        """The functions as Python text, for reading only."""
        return ast.unparse(self.assembly.module) + "\n"


def _own(namespace: dict[str, Any]) -> dict[str, Any]:
    return {**namespace, "steps": [0]}


def _selection(assembly: Assembly) -> CompiledSelection:
    namespace = _own(assembly.namespace)
    exec(assembly.code, namespace)
    return CompiledSelection(
        namespace["target"],
        namespace.get("where"),
        namespace.get("having"),
        namespace.get("accumulate"),
        namespace.get("groups"),
        assembly,
    )


def compile_program(program: Program, dialect: Dialect, limits: Limits) -> CompiledProgram:
    """Compile a script. Raises `CompileError` if it is nested too deeply for Python."""
    return CompiledProgram(assemble({"main": program.main}, dialect, limits, program))


def compile_selection(selection: Selection, dialect: Dialect, limits: Limits) -> CompiledSelection:
    """Compile the parts of a select. Raises `CompileError` if one is nested too deeply for Python."""
    parts: dict[str, Routine | Grouping | Selection] = {"target": selection.target}
    if selection.where is not None:
        parts["where"] = selection.where
    if selection.having is not None:
        parts["having"] = selection.having
    if selection.aggregates:
        parts["accumulate"] = selection
    if selection.grouping is not None:
        parts["groups"] = selection.grouping
    return _selection(assemble(parts, dialect, limits, None))


def compile_expression(routine: Routine, dialect: Dialect, limits: Limits) -> QueryFunction:
    """Compile one expression of a query, such as the script of a window. Raises `CompileError` as the others do."""
    assembly = assemble({"expression": routine}, dialect, limits, None)
    namespace = dict(assembly.namespace)
    exec(assembly.code, namespace)
    function: Callable[..., Any] = namespace["expression"]
    return function
