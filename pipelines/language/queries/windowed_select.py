"""`WindowedSelect`: a select with windows as an operator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pipelines.batch import Batch
from pipelines.emit import Drop, Emit
from pipelines.failure import error_event
from pipelines.language.codegen import CompiledSelection
from pipelines.language.library.function import Occasion
from pipelines.language.limits import Limits
from pipelines.language.queries.cells import Cell
from pipelines.language.queries.eager_windows import EagerWindows
from pipelines.language.queries.late_windows import LateWindows
from pipelines.language.queries.select_operators import group_with_key
from pipelines.language.queries.window import Window
from pipelines.language.queries.window_tickets import WindowTickets
from pipelines.language.queries.windows import Failure, Windows
from pipelines.language.routine import Selection
from pipelines.language.script import SimpleOccasion
from pipelines.operator import Kind, Operator
from pipelines.ticket import Outcome, Ticket
from pipelines.values import copy_value

__all__ = ["WindowedSelect"]


class _Summary:
    """The aggregates and the target of a select, for `Windows`."""

    def __init__(
        self, compiled: CompiledSelection, selection: Selection, limits: Limits, *, copies: bool
    ) -> None:
        self._compiled = compiled
        self._limits = limits
        self._makes = [use.kind.make for use in selection.aggregates]
        self._uses_group = selection.uses_group
        self._span = selection.span
        self._copies = copies

    def fresh(self) -> Any:
        return [make(self._limits) for make in self._makes]

    def add(self, state: Any, cell: Cell, window: str, event: Any, meta: Any, occasion: Occasion) -> None:
        if self._compiled.accumulate is not None:
            self._compiled.accumulate(event, meta, occasion, self._group(cell), window, state)

    def merge(self, state: Any, narrower: Any) -> None:
        for aggregate, other in zip(state, narrower, strict=True):
            aggregate.merge(other)

    def result(self, state: Any, cell: Cell, window: str, event: Any, meta: Any, occasion: Occasion) -> Any:
        group = self._group(cell)
        value = self._compiled.target(event, meta, occasion, group, window, state)
        having = self._compiled.having
        if having is not None and not having(value, None, occasion, group, window, state):
            return Drop
        return copy_value(value) if self._copies else value

    def _group(self, cell: Cell) -> list[Any] | None:
        if not self._uses_group:
            return None
        if cell.group is None:
            cell.group = group_with_key(cell.values, self._span)
        return cell.group


class WindowedSelect(Operator):
    """Each event goes into the windows of its groups; what leaves is what the target makes of a window that closes.

    ``node_id`` is the operator's id in its graph, ``limits.groups`` bounds the groups of each window. An event for
    which something fails leaves by ``err``, and so does, in place of a result, a window for which the target fails. In
    the account an event is ``held`` while it is in an open window, and then merged into its result; what ``having``
    refuses and what is evicted counts as dropped.
    """

    name = "select"
    summary = "Sums up the events of windows."
    kind = Kind.HOLD
    holds_tickets = True
    emits_errors = True

    def __init__(
        self,
        node_id: str,
        compiled: CompiledSelection,
        selection: Selection,
        windows: Sequence[Window],
        *,
        eager: bool,
        limits: Limits,
    ) -> None:
        super().__init__(None)
        self._node_id = node_id
        compiled = compiled.own()
        self._groups_of = compiled.groups
        self._keeps_meta = not eager
        # In the old dialect the target sees the event that closes a window and that the next one keeps.
        summary = _Summary(compiled, selection, limits, copies=not eager)
        kind = EagerWindows if eager else LateWindows
        self._windows: Windows = kind(windows, summary, limits.groups)
        self.wants_ticks = eager and any(
            window.follows_the_clock or window.eviction_ns is not None for window in windows
        )
        self.discarded = self._windows.discarded
        self._last: Batch | None = None

    def hold(self, value: Any, meta: dict[str, Any] | None, batch: Batch) -> Sequence[Emit]:
        """Take one event in: the results of the windows that it closes."""
        known = meta or {}
        groups: list[list[Any]] = []
        if self._groups_of is not None:
            groups = self._groups_of(value, known, batch)
        self._last = batch
        tickets = self._windows.tickets
        if batch.ticket is not None:
            if tickets is None:
                tickets = self._windows.tickets = WindowTickets()
            tickets.enter(batch)
        try:
            results = self._windows.take(groups or [[None]], value, known, batch)
        finally:
            self._count()
            if tickets is not None:
                tickets.hand_to(batch)
        if not results:
            return ()
        return [self._emit(result, meta) for result in results]

    def release(self, now_ns: int) -> list[tuple[str, Batch]]:
        """The results of the windows whose time is over."""
        return self._given_out(self._windows.tick, now_ns)

    def finish(self) -> list[tuple[str, Batch]]:
        """In dialect 0.11, the results of all windows that are open. In 0.9 only an event can close a window; what is
        in those that are open must come again.
        """
        try:
            return self._given_out(self._windows.finish, self.clock_ns())
        finally:
            if self._windows.tickets is not None:
                self._windows.tickets.lose()

    def _occasion(self, now_ns: int) -> Occasion:
        return SimpleOccasion(now_ns, self._last.origin if self._last else "")

    def _count(self) -> None:
        windows = self._windows
        self.held, self.merged, self.created = windows.held, windows.merged, windows.created

    def _emit(self, result: Any, meta: dict[str, Any] | None) -> Emit:
        if isinstance(result, Failure):
            # The event may be in other windows, which took it.
            event = error_event(self.component, self._node_id, result.error, copy_value(result.event))
            return Emit(event, "err", copy_value(meta))
        return Emit(result, "out", copy_value(meta) if self._keeps_meta else None)

    def _given_out(self, close: Callable[[Occasion], list[Any]], now_ns: int) -> list[tuple[str, Batch]]:
        tickets = self._windows.tickets
        try:
            results = close(self._occasion(now_ns))
            self._count()
            return self._batches(results, now_ns, None if tickets is None else tickets.take())
        except BaseException:
            # The results of what was closed are lost.
            ticket = None if tickets is None else tickets.take()
            if ticket is not None:
                ticket.answer(Outcome.FAILED)
            raise

    def _batches(self, results: list[Any], now_ns: int, ticket: Ticket | None) -> list[tuple[str, Batch]]:
        last = self._last
        if not results or last is None:
            if ticket is not None:
                # What was closed came to nothing: `having` refused it, or it was evicted.
                ticket.answer()
            return []
        size = last.size // max(1, len(last.values))
        values: dict[str, list[Any]] = {}
        for result in results:
            emit = self._emit(result, None)
            values.setdefault(emit.port, []).append(emit.value)
        batches = [
            (
                port,
                Batch(
                    found,
                    ingest_ns=now_ns,
                    origin=last.origin,
                    size=size * len(found),
                    route=last.route,
                    ticket=None if ticket is None else ticket.fork(),
                ),
            )
            for port, found in values.items()
        ]
        if ticket is not None:
            ticket.answer()
        return batches
