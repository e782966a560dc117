"""From routines to one module of functions, and from that to code."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Any

from pipelines.language import tree
from pipelines.language.codegen.functions import (
    write_accumulation,
    write_condition,
    write_function,
    write_groups,
)
from pipelines.language.codegen.growth import MOST, growth
from pipelines.language.codegen.multiplying import multiplies
from pipelines.language.codegen.namespace import make_namespace
from pipelines.language.codegen.ownership import Holds, Ownership, walk
from pipelines.language.codegen.writer import Unit
from pipelines.language.diagnostic import CompileError, Diagnostic
from pipelines.language.dialect import Dialect
from pipelines.language.limits import Limits
from pipelines.language.routine import Grouping, Program, Routine, Selection
from pipelines.language.runtime.failure import make_failure, no_leaving
from pipelines.language.runtime.leaving import weighing
from pipelines.language.source import Source, Span
from pipelines.language.tree import RootKind

__all__ = ["Assembly", "Part", "assemble"]

Part = Routine | Grouping | Selection


@dataclass(frozen=True, slots=True)
class Assembly:
    """``code`` defines the functions of ``module`` in a namespace that has what ``namespace`` holds. What they return
    is at most ``growth`` times as large as what they get.
    """

    code: CodeType
    namespace: dict[str, Any]
    module: ast.Module
    growth: float


def assemble(
    parts: Mapping[str, Part], dialect: Dialect, limits: Limits, program: Program | None
) -> Assembly:
    """Write the functions of ``parts`` under their names, and of all routines that they call.

    Raises `CompileError` for what is nested deeper than Python can bear.
    """
    spans = [part.span for part in parts.values()]
    with _bearable(spans[0]):
        called = _called(parts.values())
        grown = max(
            [growth(part, called) for part in parts.values() if isinstance(part, Routine)], default=0.0
        )
        weighed = grown > MOST
        counted = multiplies(_bodies_of(parts.values()), called)
        namespace = make_namespace(limits, weighed)
        unit = Unit(dialect, limits, namespace, _shares_roots(program), weighed, counted)
        shared: dict[Routine, Holds] = {}
        owners: dict[Routine, Ownership] = {}
        for routine in called:
            owners[routine] = Ownership(routine, False, shared)
            results = [routine.body[-1]] if routine.body else [case.body[-1] for case in routine.cases or ()]
            shared[routine] = Holds.NOTHING
            for result in results:
                shared[routine] |= owners[routine].of(result) & Holds.SHARED
        events = program is None or program.assigns_event or program.assigns_meta
        statements: list[ast.stmt] = []
        for name, part in parts.items():
            statements += _write(unit, name, part, events, shared)
        names: dict[str, tuple[str, Source]] = {
            name: (name, part.span.source) for name, part in parts.items()
        }
        while unit.waiting:
            routine = unit.waiting.pop()
            name = unit.routines[routine]
            names[name] = (routine.name, routine.span.source)
            statements = write_function(unit, name, routine, owners[routine]) + statements
        module = ast.Module(body=statements, type_ignores=[])
        code = compile(module, spans[0].source.name, "exec", dont_inherit=True)
    for _, source in names.values():
        _remember(source)
    leaving = weighing(limits)["leaving"] if weighed else no_leaving
    unit.namespace["fail"] = make_failure(unit.sites.by_location, leaving)
    return Assembly(_renamed(code, names), unit.namespace, module, max(grown, 1.0))


@contextmanager
def _bearable(span: Span) -> Iterator[None]:
    try:
        yield
    except (RecursionError, MemoryError, SyntaxError):
        message = "this is nested too deeply"
        raise CompileError(
            [Diagnostic(message, span, "move some of it into functions", "too-deep")]
        ) from None


def _shares_roots(program: Program | None) -> bool:
    if program is None or program.assigns_meta:
        return True
    nodes = walk(program.main.body)
    return any(isinstance(node, tree.Root) and node.kind is RootKind.META for node in nodes)


def _write(unit: Unit, name: str, part: Part, events: bool, shared: dict[Routine, Holds]) -> list[ast.stmt]:
    if isinstance(part, Selection):
        return write_accumulation(unit, name, part)
    if isinstance(part, Grouping):
        return write_groups(unit, name, part)
    ownership = Ownership(part, events, shared)
    if name in ("where", "having"):
        return write_condition(unit, name, part, ownership)
    return write_function(unit, name, part, ownership)


def _bodies(part: Any) -> list[Any]:
    if isinstance(part, Routine):
        return [part.body, part.cases or []]
    if isinstance(part, Selection):
        return [routine.body for use in part.aggregates for routine in use.arguments]
    return [part.routine.body if part.routine else [], *(_bodies(one) for one in part.parts)]


def _bodies_of(parts: Iterable[Any]) -> list[Any]:
    return [body for part in parts for body in _bodies(part)]


def _calls(part: Any) -> list[Routine]:
    nodes = walk(_bodies(part))
    return [node.routine for node in nodes if isinstance(node, tree.Call) and node.routine is not None]


def _called(parts: Any) -> list[Routine]:
    """All functions that are called, those that are called before those that call them."""
    ordered: dict[Routine, None] = {}
    pending: list[tuple[Routine, bool]] = [(routine, False) for part in parts for routine in _calls(part)]
    while pending:
        routine, done = pending.pop()
        if routine in ordered:
            continue
        if done:
            ordered[routine] = None
        else:
            pending.append((routine, True))
            pending += [(one, False) for one in _calls(routine) if one not in ordered]
    return list(ordered)


def _remember(source: Source) -> None:
    """Let tracebacks and profilers find the lines of a text that is in no file."""
    if source.first_line == 1 and not Path(source.name).is_file():
        lines = [line + "\n" for line in source.text.split("\n")]
        linecache.cache[source.name] = (len(source.text), None, lines, source.name)


def _renamed(code: CodeType, names: dict[str, tuple[str, Source]]) -> CodeType:
    """The functions' code under the names that they have in the script, each in its own file."""
    constants: list[Any] = []
    for value in code.co_consts:
        if isinstance(value, CodeType) and value.co_name in names:
            name, source = names[value.co_name]
            value = value.replace(co_name=name, co_qualname=name, co_filename=source.name)
        constants.append(value)
    return code.replace(co_consts=tuple(constants))
