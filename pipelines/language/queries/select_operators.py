"""The operators that a select without windows becomes: `Keep`, `Target`, `GroupedTarget`; `Pass` for none at all."""

from __future__ import annotations

import ast
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

from pipelines.language.codegen import CompiledSelection, QueryFunction
from pipelines.language.diagnostic import Diagnostic, ScriptError
from pipelines.language.faults import Fault
from pipelines.language.library.function import Occasion
from pipelines.language.limits import Limits
from pipelines.language.runtime.json_text import encode_sorted
from pipelines.language.runtime.leaving import weighing
from pipelines.language.source import Span
from pipelines.operator import Inline, Kind, Operator, Scope
from pipelines.syntax import call, constant
from pipelines.values import copy_value

__all__ = ["GroupedTarget", "Keep", "Pass", "Target", "group_with_key"]

_NO_META: MappingProxyType[str, Any] = MappingProxyType({})


def group_with_key(values: list[Any], span: Span) -> list[Any]:
    """What ``group`` is: the values, and the JSON text of them. Raises `ScriptError` for what is nested too deeply."""
    try:
        return [*values, encode_sorted(values)]
    except Fault as fault:
        raise ScriptError(Diagnostic(fault.message, span, fault.hint, fault.code)) from None


class Pass(Operator):
    """Does nothing. It stands where two ways lead from one place to the same other one, and where none leads on."""

    name = "stream"
    summary = "Passes events on."
    kind = Kind.INLINE
    changes_values = False
    may_fail = False

    def inline(self, scope: Scope) -> Inline:
        """No code."""
        return Inline()


class Keep(Operator):
    """``where`` or ``having``: drops the events for which ``test`` is false, and counts them by ``reason``.

    ``test`` is the operator's own (`CompiledSelection.own`). ``sees_meta``: ``$`` is the event's metadata; otherwise it
    is null. ``uses_group``: the test asks for ``group``.
    """

    name = "keep"
    summary = "Keeps the events for which a condition of a query is true."
    kind = Kind.INLINE
    changes_values = False

    def __init__(
        self, test: QueryFunction, reason: str, *, sees_meta: bool = True, uses_group: bool = False
    ) -> None:
        super().__init__(None)
        self._uses_group = uses_group
        self.drop_reason = reason
        self._test = test
        self._sees_meta = sees_meta

    def inline(self, scope: Scope) -> Inline:
        """One call."""
        meta: ast.expr = constant(None)
        if self._sees_meta:
            meta = scope.bind("no_meta", _NO_META)
            if not isinstance(scope.meta(), ast.Constant):
                meta = ast.BoolOp(ast.Or(), [scope.meta(), meta])
        arguments = [scope.value(), meta, scope.batch()]
        if self._uses_group:
            arguments.append(ast.List([constant(None), constant("[null]")], ast.Load()))
        return Inline(keep=call(scope.bind("test", self._test), *arguments))


class Target(Operator):
    """``select`` of anything but ``event``, without windows and groups: one call for each event.

    A value that other branches see as well is only read, and what comes out may hold parts of it.
    """

    name = "select"
    summary = "Makes a new value of each event."
    kind = Kind.EVENT
    changes_values = False
    reads_meta = True
    reads_batch = True

    def __init__(self, compiled: CompiledSelection, *, uses_group: bool) -> None:
        super().__init__(None)
        self._target = compiled.own().target
        self._uses_group = uses_group

    def event_function(self) -> Callable[..., Any]:
        """The target's own function, if it does not ask for ``group``."""
        target = self._target
        if not self._uses_group:
            return target

        def run(event: Any, meta: dict[str, Any], batch: Occasion) -> Any:
            return target(event, meta, batch, [None, "[null]"])

        return run


class GroupedTarget(Operator):
    """``select … group by`` without windows: one result for each group of an event."""

    name = "select"
    summary = "Makes a new value of each event, for each of its groups."
    kind = Kind.MANY
    changes_values = False
    reads_meta = True
    reads_batch = True
    drop_reason = "having"

    def __init__(self, compiled: CompiledSelection, *, uses_group: bool, span: Span, limits: Limits) -> None:
        super().__init__(None)
        self._compiled = compiled.own()
        self._light = weighing(limits)["light"]
        self._uses_group = uses_group
        self._span = span

    def event_function(self) -> Callable[..., Any]:
        """One call of the target for each group."""
        groups_of, target, having = self._compiled.groups, self._compiled.target, self._compiled.having
        uses_group, span = self._uses_group, self._span
        assert groups_of is not None

        def run(event: Any, meta: dict[str, Any], batch: Occasion) -> list[Any]:
            results: list[Any] = []
            for values in groups_of(event, meta, batch) or [[None]]:
                group = group_with_key(values, span) if uses_group else None
                value = target(event, meta, batch, group)
                if having is None or having(value, None, batch, group):
                    results.append(value)
            return results if len(results) < 2 else self._apart(results)

        return run

    def _apart(self, results: list[Any]) -> list[Any]:
        """They may hold the same parts of the event, and each is somebody else's from here on."""
        try:
            self._light(results)
        except Fault as fault:
            hint = "let the target hold less of the event, or group it by less"
            raise ScriptError(Diagnostic(fault.message, self._span, hint, fault.code)) from None
        return [copy_value(value) for value in results]
