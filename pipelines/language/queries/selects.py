"""From a ``select`` to the steps that it becomes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from pipelines.language import tree
from pipelines.language.analysis import Scope, analyse_select
from pipelines.language.codegen import CompiledSelection, compile_selection
from pipelines.language.diagnostic import Problems
from pipelines.language.dialect import Dialect
from pipelines.language.limits import Limits
from pipelines.language.queries.plan import Step
from pipelines.language.queries.select_operators import GroupedTarget, Keep, Target
from pipelines.language.queries.window import Window
from pipelines.language.queries.windowed_select import WindowedSelect
from pipelines.language.routine import Selection
from pipelines.operator import Operator

__all__ = ["select_steps"]


def select_steps(
    select: tree.Select,
    windows: list[Window],
    place: str,
    scope: Scope,
    dialect: Dialect,
    limits: Limits,
    problems: Problems,
) -> tuple[Step, ...]:
    """The operators in a row; none for ``select event`` without anything else, and none if an error was noted.

    ``place`` tells this select from others in the ids of its operators. A condition is an operator of its own, so that
    what it drops costs no more than the condition.
    """
    before = len(problems.errors)
    selection = analyse_select(select, scope, dialect, problems)
    if selection.aggregates and not select.windows:
        problems.error(
            "an aggregate sums up the events of a window, and this select has none",
            selection.aggregates[0].span,
            f"name one: `from {select.source.name}[my_window]`",
            "aggregate-without-window",
        )
    if len(problems.errors) > before:
        return ()
    if selection.passes_event and not (windows or selection.where or selection.having or selection.grouping):
        return ()
    compiled = compile_selection(selection, dialect, limits)
    steps = []
    if compiled.where is not None:
        keep = partial(_keep_where, compiled)
        steps.append(Step(f"where@{place}", keep, select.span, compiled.python_source))
    if windows:
        node_id = f"select@{place}"
        make = partial(
            WindowedSelect,
            node_id,
            compiled,
            selection,
            windows,
            eager=dialect.eager_windows,
            limits=limits,
        )
        steps.append(_target_step(node_id, make, select, compiled))
    else:
        steps += _without_windows(select, selection, compiled, place, limits)
    return tuple(steps)


def _without_windows(
    select: tree.Select, selection: Selection, compiled: CompiledSelection, place: str, limits: Limits
) -> list[Step]:
    node_id = f"select@{place}"
    if selection.grouping is not None:
        grouped = partial(
            GroupedTarget,
            compiled,
            uses_group=selection.uses_group,
            span=selection.grouping.span,
            limits=limits,
        )
        return [_target_step(node_id, grouped, select, compiled)]
    steps = []
    if not selection.passes_event:
        target = partial(Target, compiled, uses_group=selection.uses_group)
        steps.append(_target_step(node_id, target, select, compiled))
    if compiled.having is not None:
        keep = partial(_keep_having, compiled, selection)
        steps.append(Step(f"having@{place}", keep, select.span, compiled.python_source))
    return steps


def _target_step(
    node_id: str, make: Callable[[], Operator], select: tree.Select, compiled: CompiledSelection
) -> Step:
    return Step(node_id, make, select.span, compiled.python_source, compiled.assembly.growth)


def _keep_where(compiled: CompiledSelection) -> Keep:
    test = compiled.own().where
    assert test is not None
    return Keep(test, "where")


def _keep_having(compiled: CompiledSelection, selection: Selection) -> Keep:
    test = compiled.own().having
    assert test is not None
    return Keep(test, "having", sees_meta=selection.passes_event, uses_group=selection.uses_group)
