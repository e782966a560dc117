"""Calls: of functions of the library, of the script's own, of aggregates, and `recur`."""

from __future__ import annotations

import pipelines.language.aggregates
import pipelines.language.library  # noqa: F401 - both fill their tables
from pipelines.language import tree
from pipelines.language.aggregates.aggregate import AGGREGATES, AggregateKind
from pipelines.language.analysis.frame import Frame, Surroundings, fold, visit, visits
from pipelines.language.analysis.hints import nearest
from pipelines.language.analysis.scope import FunctionEntry
from pipelines.language.dialect import DIALECTS, Dialect
from pipelines.language.library.function import FUNCTIONS, Function, arity_fault
from pipelines.language.routine import AggregateUse, Routine, RoutineKind
from pipelines.language.source import Span
from pipelines.language.tree import Expression, Literal

__all__ = ["library_function"]

_CORE, _AGGREGATES = "core", "aggr"
_MOST_CALLS = 1_000_000


def library_function(frame: Frame, names: tuple[str, ...], span: Span) -> Function | None:
    """The function of the library that `names` (``module``, …, ``name``) are; ``None`` with an error if none is."""
    module, name = "::".join(names[:-1]), names[-1]
    function = FUNCTIONS.get((module, name))
    if function is not None and _has(frame.dialect, function):
        return function
    hint = (
        f"dialect {function.dialect} of the language has it"
        if function
        else _near_function(frame, module, name)
    )
    frame.error(f"the library has no function `{module}::{name}`", span, hint, "undefined-function")
    return None


def _near_function(frame: Frame, module: str, name: str) -> str:
    inside = [known_name for known, known_name in FUNCTIONS if known == module]
    if inside:
        near = nearest(name, inside, frame.problems)
        return f"did you mean `{module}::{near}`?" if near else ""
    modules = {known for known, _ in FUNCTIONS}
    near = "record" if module == "object" else nearest(module, modules, frame.problems)
    return f"did you mean the module `{near}`?" if near else ""


def _has(dialect: Dialect, function: Function) -> bool:
    order = list(DIALECTS)
    return order.index(function.dialect) <= order.index(dialect.name)


@visits(tree.Call)
def _call(frame: Frame, node: tree.Call, tail: bool) -> Expression:
    names = node.names
    if names[0] == _AGGREGATES and len(names) == 3 and _AGGREGATES not in frame.scope.modules:
        return _call_aggregate(frame, node)
    if names[0] == _CORE and len(names) > 2:
        node.function = library_function(frame, names[1:], node.span)
    else:
        _resolve(frame, node)
    node.arguments = [visit(frame, argument) for argument in node.arguments]
    return _call_library(frame, node, node.function) if node.function else node


def _resolve(frame: Frame, node: tree.Call) -> None:
    entry = frame.scope.function(node.names)
    if entry is not None:
        entry.used = True
        node.routine, node.function = entry.routine, entry.library
        frame.broken |= entry.routine is None and entry.library is None
        if entry.routine is not None:
            _caution_arguments(frame, node, entry.routine)
        _count(frame, node, entry)
        return
    written = "::".join(node.names)
    frame.error(
        f"there is no function `{written}`",
        node.span,
        _undefined_hint(frame, node.names),
        "undefined-function",
    )


def _caution_arguments(frame: Frame, node: tree.Call, routine: Routine) -> None:
    """The language takes any number of arguments; what is too few is found only when the function reads it."""
    given, wanted = len(node.arguments), routine.parameters
    if given == wanted or (routine.open and given > wanted):
        return
    frame.problems.warning(
        f"`{'::'.join(node.names)}` has {wanted} parameter{'' if wanted == 1 else 's'}, and gets {given} "
        f"argument{'' if given == 1 else 's'}",
        node.span,
        "what is missing has no value" if given < wanted else "the others are in `args`",
        "wrong-arity",
    )


def _count(frame: Frame, node: tree.Call, entry: FunctionEntry) -> None:
    """Functions that call each other twice, and so on, take as long as one that never ends."""
    before = frame.calls
    frame.calls += 1 + entry.calls
    if before <= _MOST_CALLS < frame.calls:
        frame.error(
            f"the calls up to here can bring more than {_MOST_CALLS} calls in all",
            node.span,
            "let functions call fewer others",
            "too-many-calls",
        )


def _undefined_hint(frame: Frame, names: tuple[str, ...]) -> str:
    name = names[-1]
    if names == (frame.name,) and frame.surroundings is Surroundings.FUNCTION:
        return "a function calls itself by `recur(…)`"
    if len(names) == 1 and name in frame.scope.announced:
        return f"`{name}` is defined further down: move it before its first use"
    near = frame.scope.did_you_mean(names, "functions", frame.problems)
    if near:
        return near
    package = next(
        (one.package for (module, _), one in FUNCTIONS.items() if module == "::".join(names[:-1])), ""
    )
    if package and frame.scope.inside(names[:-1]) is None:
        return f"write `use {package}::{'::'.join(names[:-1])};` at the beginning"
    if frame.scope.path:
        return f"names are looked up in the module `{'::'.join(frame.scope.path)}` only"
    return ""


def _call_library(frame: Frame, node: tree.Call, function: Function) -> Expression:
    given = len(node.arguments)
    most = None if function.variadic else len(function.parameters)
    if given < function.required or (most is not None and given > most):
        fault = arity_fault(f"{function.module}::{function.name}", function.required, most, given)
        frame.error(fault.message, node.span, fault.hint, fault.code)
        return node
    values = [argument.value for argument in node.arguments if isinstance(argument, Literal)]
    if not function.folds or len(values) < given:
        return node
    folding = frame.scope.folding
    return fold(frame, node, lambda: folding.call(function.checked, values, function.takes_limits))


# Aggregates


def _call_aggregate(frame: Frame, node: tree.Call) -> Expression:
    written = "::".join(node.names)
    kind = AGGREGATES.get((node.names[1], node.names[2]))
    nested = frame.in_aggregate
    if kind is None:
        near = nearest(written, ["::".join((_AGGREGATES, *known)) for known in AGGREGATES], frame.problems)
        hint = f"did you mean `{near}`?" if near else ""
        frame.error(f"there is no aggregate `{written}`", node.span, hint, "undefined-function")
    elif frame.aggregates is None:
        frame.error(
            f"the aggregate `{written}` cannot be called here",
            node.span,
            "aggregates belong into the target and the `having` of a select",
            "misplaced",
        )
    elif nested:
        frame.error("an aggregate cannot be called within another one", node.span, code="misplaced")
    # The arguments are evaluated for each event, long before the loop or match around the call runs.
    visible, frame.visible, frame.in_aggregate = frame.visible, [], True
    node.arguments = [visit(frame, argument) for argument in node.arguments]
    frame.visible, frame.in_aggregate = visible, nested
    if kind is not None and frame.aggregates is not None and not nested:
        _number_aggregate(frame, node, kind, frame.aggregates)
    return node


def _number_aggregate(frame: Frame, node: tree.Call, kind: AggregateKind, uses: list[AggregateUse]) -> None:
    given = len(node.arguments)
    if not kind.least <= given <= kind.most:
        fault = arity_fault(f"{kind.module}::{kind.name}", kind.least, kind.most, given)
        frame.error(fault.message, node.span, fault.hint, fault.code)
    node.aggregate, node.slot = kind, len(uses)
    arguments = [
        Routine(
            RoutineKind.EXPRESSION,
            f"{kind.module}_{kind.name}_{place}",
            argument.span,
            shadows=frame.shadows,
            body=[argument],
        )
        for place, argument in enumerate(node.arguments)
    ]
    uses.append(AggregateUse(kind, arguments, node.span))


# Recursion


@visits(tree.Recur)
def _recur(frame: Frame, node: tree.Recur, tail: bool) -> Expression:
    given, wanted = len(node.arguments), frame.parameters
    if frame.surroundings is not Surroundings.FUNCTION:
        frame.error("`recur` stands in functions only", node.span, code="misplaced")
    elif not tail:
        frame.error(
            "`recur` must be the last thing that a function does",
            node.span,
            "it can stand at the end of the function, and at the end of a clause of a match that does",
            "misplaced",
        )
    elif given > wanted or (given < wanted and not frame.open):
        fault = arity_fault(f"`recur` in {frame.name}", 0 if frame.open else wanted, wanted, given)
        frame.error(fault.message, node.span, fault.hint, fault.code)
    frame.recurs = True
    node.arguments = [visit(frame, argument) for argument in node.arguments]
    return node
