"""Declarations: constants, functions, intrinsics, modules, and what a query defines, put into a `Scope`."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.language import tree
from pipelines.language.analysis.calls import library_function
from pipelines.language.analysis.cautions import caution_hidden, caution_locals
from pipelines.language.analysis.frame import Frame, Surroundings, visit, visits
from pipelines.language.analysis.scope import ConstantEntry, Definition, FunctionEntry, Scope
from pipelines.language.analysis.statements import visit_clause, visit_sequence
from pipelines.language.diagnostic import Problems
from pipelines.language.dialect import Dialect
from pipelines.language.routine import Routine, RoutineKind
from pipelines.language.source import Span
from pipelines.language.tree import Expression, Literal

__all__ = ["DECLARATIONS", "analyse_declarations", "declare", "fold_value"]

DECLARATIONS = (tree.Const, tree.Fn, tree.Intrinsic, tree.Module, tree.Use)
"""What only declares something."""

_KINDS = {
    tree.Const: "constant",
    tree.Fn: "function",
    tree.Intrinsic: "function",
    tree.Module: "module",
    tree.Use: "module",
}
_DEFINITIONS = {tree.DefineWindow: "window", tree.DefineOperator: "operator", tree.DefineScript: "script"}


def analyse_declarations(
    items: Sequence[tree.Declaration | tree.Define], scope: Scope, dialect: Dialect, problems: Problems
) -> None:
    """Add declarations to a scope, in order. A tree can be analysed once: its nodes are changed."""
    announce(items, scope)
    for item in items:
        declare(item, scope, dialect, problems)


def announce(items: Sequence[tree.Statement | tree.Define], scope: Scope) -> None:
    """Note the names of functions before they are declared, for better words about a call that comes too early."""
    scope.announced.update(item.name for item in items if isinstance(item, tree.Fn | tree.Intrinsic))


def declare(item: tree.Declaration | tree.Define, scope: Scope, dialect: Dialect, problems: Problems) -> None:
    """Add one declaration to a scope."""
    if isinstance(item, tree.Const):
        _declare_constant(item, scope, dialect, problems)
    elif isinstance(item, tree.Fn):
        _declare_function(item, scope, dialect, problems)
    elif isinstance(item, tree.Intrinsic):
        _declare_intrinsic(item, scope, dialect, problems)
    elif isinstance(item, tree.Module):
        analyse_declarations(item.items, scope.enter(item.name), dialect, problems)
    elif isinstance(item, tree.Use):
        problems.error(
            f"the module `{'::'.join(item.names)}` was not loaded", item.span, code="module-not-found"
        )
    else:
        _declare_definition(item, scope, problems)


def _is_again(before: Span, now: Span) -> bool:
    """Whether this is the same place of the same file: a module that is used twice is no mistake."""
    return before.source.name == now.source.name and (before.start, before.end) == (now.start, now.end)


# Constants


def _declare_constant(item: tree.Const, scope: Scope, dialect: Dialect, problems: Problems) -> None:
    before = scope.constants.get(item.name)
    if before is not None:
        if not _is_again(before.span, item.span):
            problems.error(
                f"the constant `{item.name}` is defined twice",
                item.span,
                f"the first one is in line {before.span.line}",
                "defined-twice",
            )
        return
    entry = ConstantEntry(item.name, item.span)
    value = fold_value(item.value, scope, dialect, problems)
    if value is not None:
        entry.value = value.value
    scope.constants[item.name] = entry


def fold_value(expression: Expression, scope: Scope, dialect: Dialect, problems: Problems) -> Literal | None:
    """What a constant expression comes to; ``None`` with an error if it is none."""
    frame = Frame(Surroundings.CONSTANT, scope, dialect, problems)
    folded = visit(frame, expression)
    if isinstance(folded, Literal):
        return None if frame.broken else folded
    if not frame.broken:
        hint = f"`{frame.forbidden}` is no constant" if frame.forbidden else ""
        if scope.folding.exhausted:
            hint = "too much has to be worked out when this is compiled: work it out when the script runs"
        problems.error(
            "this is not constant: it cannot be worked out beforehand", expression.span, hint, "not-constant"
        )
    return None


# Functions


def _is_taken(name: str, span: Span, scope: Scope, problems: Problems) -> bool:
    before = scope.functions.get(name)
    if before is None:
        return False
    if not _is_again(before.span, span):
        problems.error(
            f"the function `{name}` is defined twice",
            span,
            f"the first one is in line {before.span.line}",
            "defined-twice",
        )
    return True


def _declare_function(item: tree.Fn, scope: Scope, dialect: Dialect, problems: Problems) -> None:
    if _is_taken(item.name, item.span, scope, problems):
        return
    frame = Frame(Surroundings.FUNCTION, scope, dialect, problems, item.name, len(item.parameters), item.open)
    for parameter in item.parameters:
        if parameter in frame.locals:
            problems.error(f"the parameter `{parameter}` is there twice", item.span, code="defined-twice")
            frame.slot(f"{parameter} {len(frame.locals)}")
        caution_hidden(frame, parameter, item.span)
        frame.slot(parameter)
        frame.assigned.add(parameter)
    routine = Routine(
        RoutineKind.FUNCTION, "::".join((*scope.path, item.name)), item.span, len(item.parameters), item.open
    )
    if item.cases is not None:
        for clause in item.cases:
            visit_clause(frame, clause, tail=True)
        routine.cases = item.cases
    else:
        routine.body = visit_sequence(frame, item.body, tail=True)
    routine.locals, routine.shadows, routine.recurs = list(frame.locals), frame.shadows, frame.recurs
    caution_locals(frame)
    scope.functions[item.name] = FunctionEntry(item.name, item.span, routine, calls=frame.calls)


def _declare_intrinsic(item: tree.Intrinsic, scope: Scope, dialect: Dialect, problems: Problems) -> None:
    if _is_taken(item.name, item.span, scope, problems):
        return
    frame = Frame(Surroundings.FUNCTION, scope, dialect, problems)
    function = library_function(frame, item.target, item.span)
    scope.functions[item.name] = FunctionEntry(item.name, item.span, library=function)


# Definitions


def _declare_definition(item: tree.Define, scope: Scope, problems: Problems) -> None:
    table = scope.definitions(type(item))
    before = table.get(item.name)
    if before is None:
        table[item.name] = Definition(item, scope)
    elif not _is_again(before.node.span, item.span):
        problems.error(
            f"the {_DEFINITIONS[type(item)]} `{item.name}` is defined twice",
            item.span,
            f"the first one is in line {before.node.span.line}",
            "defined-twice",
        )


# In a wrong place


@visits(*DECLARATIONS)
def _misplaced(
    frame: Frame, node: tree.Const | tree.Fn | tree.Intrinsic | tree.Module | tree.Use, tail: bool
) -> Expression:
    frame.error(
        f"a {_KINDS[type(node)]} cannot be declared here",
        node.span,
        "declare it outside of functions, matches and loops",
        "misplaced",
    )
    return Literal(node.span, None)
