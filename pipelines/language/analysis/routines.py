"""What others call: a script, or a part of a query, becomes a `Program`, `Selection`, `Routine` or `Parameters`."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.language import tree
from pipelines.language.analysis.cautions import (
    caution_aggregates,
    caution_locals,
    caution_sequence,
    caution_unused,
    sort_warnings,
)
from pipelines.language.analysis.declarations import DECLARATIONS, announce, declare, fold_value
from pipelines.language.analysis.frame import Frame, Surroundings, visit
from pipelines.language.analysis.scope import Scope
from pipelines.language.diagnostic import Problems
from pipelines.language.dialect import Dialect
from pipelines.language.limits import Limits
from pipelines.language.routine import (
    AggregateUse,
    Grouping,
    Parameters,
    Program,
    Routine,
    RoutineKind,
    Selection,
)
from pipelines.language.source import Span
from pipelines.language.tree import Expression, Literal, RootKind

__all__ = [
    "analyse_parameters",
    "analyse_script",
    "analyse_select",
    "analyse_window_script",
]


def analyse_script(
    script: tree.Script, dialect: Dialect, problems: Problems, limits: Limits | None = None
) -> Program:
    """Resolve a script, whose constants keep to ``limits``. A tree can be analysed once: its nodes are changed.

    It has a scope of its own: a script that a query embeds sees nothing of the query.
    """
    scope = Scope.within(limits)
    frame = Frame(Surroundings.SCRIPT, scope, dialect, problems)
    statements: list[Expression] = []
    announce(script.statements, scope)
    caution_sequence(frame, [one for one in script.statements if not isinstance(one, DECLARATIONS)])
    for statement in script.statements:
        if isinstance(statement, DECLARATIONS):
            declare(statement, scope, dialect, problems)
        else:
            statements.append(visit(frame, statement))
    last = script.statements[-1] if script.statements else None
    if isinstance(last, tree.Const) and last.name in scope.constants:
        scope.constants[last.name].used = True
        statements.append(Literal(last.span, scope.constants[last.name].value))
    if statements:
        caution_unused(scope, problems)
    else:
        # There is nothing but declarations: the event passes.
        statements.append(tree.Path(script.span, tree.Root(script.span, RootKind.EVENT), []))
    caution_locals(frame)
    sort_warnings(problems)
    routine = Routine(
        RoutineKind.SCRIPT,
        "script",
        script.span,
        locals=list(frame.locals),
        shadows=frame.shadows,
        body=statements,
    )
    return Program(
        routine,
        frozenset(frame.ports - {"out"}),
        frame.open_ports,
        frame.assigns_event,
        frame.assigns_meta,
        frame.uses_state,
    )


# Parts of queries


def analyse_parameters(
    parameters: Sequence[tree.Parameter], scope: Scope, dialect: Dialect, problems: Problems
) -> Parameters:
    """Work out what stands after ``with``, or in ``#!config``: each value must be constant."""
    result = Parameters()
    for parameter in parameters:
        if parameter.name in result.values:
            problems.error(f"`{parameter.name}` is given twice", parameter.span, code="defined-twice")
            continue
        folded = fold_value(parameter.value, scope, dialect, problems)
        result.values[parameter.name] = folded.value if folded else None
        result.spans[parameter.name] = parameter.value.span
    return result


def analyse_window_script(
    expression: Expression, scope: Scope, dialect: Dialect, problems: Problems
) -> Routine:
    """Resolve the script of a window. ``scope`` is that of the module in which the window is defined."""
    frame = Frame(Surroundings.WINDOW, scope, dialect, problems)
    return _part(frame, "window", expression)


def _part(frame: Frame, name: str, expression: Expression, clause: Span | None = None) -> Routine:
    """One expression of a query. Locals in it are an error at ``clause``, or at the whole expression."""
    span = expression.span
    frame.forbidden = ""
    body = visit(frame, expression)
    if frame.forbidden:
        _refuse_local(frame, clause or span)
    # What is forbidden is a local: the routine has none.
    return Routine(RoutineKind.EXPRESSION, name, span, shadows=frame.shadows, body=[body])


def _refuse_local(frame: Frame, span: Span) -> None:
    name = frame.forbidden
    if name in (RootKind.GROUP.value, RootKind.WINDOW.value, RootKind.ARGS.value):
        hint = f"`{name}` is known in the target and in `having` only"
    elif (
        frame.surroundings.is_select
        and frame.scope.constant((name,))
        and not frame.dialect.constants_in_select
    ):
        hint = f"a select sees the constant `{name}` in dialect 0.11 only"
    else:
        hint = f"`{name}` is none of `event`, `$`, `group` and `window`; did you mean `event.{name}`?"
    frame.error("local variables are not allowed here", span, hint, "local-in-query")


def analyse_select(select: tree.Select, scope: Scope, dialect: Dialect, problems: Problems) -> Selection:
    """Resolve the expressions of a select. Its windows and ports are not looked at."""
    aggregates: list[AggregateUse] = []
    windowed = bool(select.windows) and dialect.constants_in_select
    frame = Frame(Surroundings.TARGET, scope, dialect, problems, aggregates=aggregates, windowed=windowed)
    passes_event = _is_event(select.target)
    target = _part(frame, "target", select.target)
    where = None
    if select.where:
        where = _part(Frame(Surroundings.FILTER, scope, dialect, problems), "where", select.where)
    grouping = _grouping(select.group_by, scope, dialect, problems) if select.group_by else None
    having_frame = Frame(Surroundings.HAVING, scope, dialect, problems, aggregates=aggregates)
    having = _part(having_frame, "having", select.having) if select.having else None
    caution_aggregates(select, aggregates, problems)
    sort_warnings(problems)
    return Selection(
        span=select.span,
        target=target,
        aggregates=aggregates,
        having=having,
        where=where,
        grouping=grouping,
        passes_event=passes_event,
        uses_window=frame.uses_window or having_frame.uses_window,
        uses_group=frame.uses_group or having_frame.uses_group,
    )


def _is_event(target: Expression) -> bool:
    return isinstance(target, tree.Path) and target.root.kind is RootKind.EVENT and not target.segments


def _grouping(
    group: tree.GroupBy, scope: Scope, dialect: Dialect, problems: Problems, clause: Span | None = None
) -> Grouping:
    clause = clause or group.span
    routine = None
    if group.expression is not None:
        frame = Frame(Surroundings.FILTER, scope, dialect, problems)
        routine = _part(frame, "group_by", group.expression, clause)
    parts = [_grouping(part, scope, dialect, problems, clause) for part in group.parts]
    return Grouping(group.span, routine, parts, group.each)
