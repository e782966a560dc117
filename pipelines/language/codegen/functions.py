"""The frame of each function: its parameters, its ``try``, and what must be done before its body."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any, Final

from pipelines.language import tree
from pipelines.language.codegen import assignments as _assignments  # noqa: F401 - they register what they write
from pipelines.language.codegen import operators as _operators  # noqa: F401
from pipelines.language.codegen.matches import write_cases
from pipelines.language.codegen.ownership import Ownership, walk
from pipelines.language.codegen.paths import local_variable
from pipelines.language.codegen.statements import condition, write_body
from pipelines.language.codegen.template import fill_statements
from pipelines.language.codegen.values import surplus_of, value_for
from pipelines.language.codegen.writer import EMITTED, RETURNED, Policy, Unit, Writer
from pipelines.language.routine import Grouping, Routine, RoutineKind, Selection
from pipelines.language.tree import RootKind

__all__ = ["write_accumulation", "write_condition", "write_function", "write_groups"]

_TRY: Final = "try:\n  BODY\nexcept Exception as error:\n  raise fail(error) from None"
_QUERY_PARAMETERS: Final = "event, meta=None, occasion=nowhere, group=None, window=None, aggregates=()"


def _writer(unit: Unit, routine: Routine, ownership: Ownership) -> Writer:
    writer = Writer(unit, routine, ownership)
    nodes = walk([routine.body, routine.cases or []])
    asked = [node.path.root for node in nodes if isinstance(node, tree.Present)]
    writer.perhaps_missing = frozenset(root.slot for root in asked if root.kind is RootKind.LOCAL)
    return writer


def _framed(writer: Writer, name: str, parameters: str) -> list[ast.stmt]:
    """What was written, as the function ``name``."""
    begin: list[ast.stmt] = []
    if writer.unit.counts and writer.routine.kind is not RoutineKind.FUNCTION:
        begin = fill_statements("steps[0] = 0", writer.here, {})
    body = [*begin, *fill_statements(_TRY, writer.here, {"BODY": writer.body})]
    # The name and the parameters are ours; nothing of a script's text is in them.
    return fill_statements(f"def {name}({parameters}):\n  BODY", writer.here, {"BODY": body})


def write_function(unit: Unit, name: str, routine: Routine, ownership: Ownership) -> list[ast.stmt]:
    """The function of a routine."""
    writer = _writer(unit, routine, ownership)
    _prepare(writer)
    if routine.kind is RoutineKind.FUNCTION:
        writer.count_step()
    if routine.recurs:
        writer.put("calls = 0")
        with writer.loop(routine.body[0] if routine.body else routine.cases[0]) as body:  # type: ignore[index]
            _write_routine(writer)
        writer.put("while True:\n  BODY", BODY=body)
    else:
        _write_routine(writer)
    return _framed(writer, name, _parameters(routine))


def _parameters(routine: Routine) -> str:
    if routine.kind is RoutineKind.SCRIPT:
        return "event, meta, occasion"
    if routine.kind is RoutineKind.EXPRESSION:
        return _QUERY_PARAMETERS
    names = [f"{local_variable(slot)}=MISSING" for slot in range(routine.parameters)]
    return ", ".join(["occasion", *names, "*args"])


def _prepare(writer: Writer) -> None:
    routine = writer.routine
    if routine.kind is RoutineKind.SCRIPT and any(
        isinstance(node, tree.Root) and node.kind is RootKind.STATE for node in walk(routine.body)
    ):
        writer.put("state = cell.value")
    for slot in range(routine.parameters):
        if slot not in writer.perhaps_missing:
            # Reading it now fails, as it must.
            writer.put("if V is MISSING: del V", V=local_variable(slot))
        if slot in writer.ownership.changed:
            writer.put("V = own(V)", V=local_variable(slot))
    for slot in sorted(writer.perhaps_missing):
        if slot >= routine.parameters:
            writer.put("V = MISSING", V=local_variable(slot))
    for slot in range(routine.parameters, len(routine.locals)):
        if slot not in writer.perhaps_missing:
            # Python takes a variable for a local one only if something assigns it; this is never run.
            writer.put("if False:\n  V = None", V=local_variable(slot))
    if routine.kind is RoutineKind.FUNCTION and surplus_of(routine):
        writer.put("args = list(args)")


def _write_routine(writer: Writer) -> None:
    if writer.routine.cases is not None:
        write_cases(writer, writer.routine.cases)
    else:
        is_function = writer.routine.kind is RoutineKind.FUNCTION
        write_body(writer, writer.routine.body, RETURNED if is_function else EMITTED)


# Parts of queries


def write_condition(unit: Unit, name: str, routine: Routine, ownership: Ownership) -> list[ast.stmt]:
    """``where`` or ``having``: true or false, and nothing else."""
    writer = _writer(unit, routine, ownership)
    test = condition(writer, routine.body[0])
    writer.put("return TEST", TEST=test)
    return _framed(writer, name, _QUERY_PARAMETERS)


def write_accumulation(unit: Unit, name: str, selection: Selection) -> list[ast.stmt]:
    """Evaluate the arguments of all aggregates, then add them: to all, or, if one refuses, to none of them."""
    arguments = [routine.body[0] for use in selection.aggregates for routine in use.arguments]
    writer = _part(unit, name, selection, arguments)
    values = iter(writer.expressions(arguments, lambda one: value_for(writer, one, Policy.STORED)))
    calls: list[tuple[Any, list[ast.expr]]] = [
        (use, [writer.name(writer.kept(next(values))) for _ in use.arguments]) for use in selection.aggregates
    ]
    numbered = [(slot, use, given) for slot, (use, given) in enumerate(calls)]
    for _, use, given in numbered if len(numbered) > 1 else ():
        if use.kind.check is not None and given:
            writer.here = writer.locate(use.span)
            _put_call(writer, writer.name(unit.add("check", use.kind.check)), given)
    # Those whose state may refuse come before those that can refuse no more.
    for slot, use, given in sorted(numbered, key=lambda one: one[1].kind.check is not None):
        writer.here = writer.locate(use.span)
        _put_call(writer, writer.make("aggregates[SLOT].add", SLOT=writer.constant(slot)), given)
    return _framed(writer, name, _QUERY_PARAMETERS)


def _put_call(writer: Writer, function: ast.expr, arguments: list[ast.expr]) -> None:
    call = writer.make("FUNCTION()", FUNCTION=function)
    call.args = arguments  # type: ignore[attr-defined]
    writer.put("CALL", CALL=call)


def _part(
    unit: Unit, name: str, node: Selection | Grouping, expressions: Sequence[tree.Expression]
) -> Writer:
    routine = Routine(RoutineKind.EXPRESSION, name, node.span, body=list(expressions))
    return _writer(unit, routine, Ownership(routine, True, {}))


def write_groups(unit: Unit, name: str, grouping: Grouping) -> list[ast.stmt]:
    """The groups that an event belongs to."""
    leaves: list[Grouping] = []
    pending = [grouping]
    while pending:
        one = pending.pop()
        leaves += [one] if one.routine is not None else []
        pending += reversed(one.parts)
    writer = _part(unit, name, grouping, [leaf.routine.body[0] for leaf in leaves if leaf.routine])
    writer.put("groups = []")
    for leaf in leaves:
        value = value_for(writer, leaf.routine.body[0], Policy.LEAVING)  # type: ignore[union-attr]
        writer.here = writer.locate(leaf.span)
        text = "groups = by_each(groups, VALUE, limits)" if leaf.each else "groups = by_value(groups, VALUE)"
        writer.put(text, VALUE=value)
    writer.put("return groups")
    return _framed(writer, name, _QUERY_PARAMETERS)
