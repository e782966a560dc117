"""`Windows`: the windows of one select, for all groups. What both dialects have in common.

The two differ in when a window closes, which is in `late_windows` (0.9) and `eager_windows` (0.11).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple, Protocol

from pipelines.emit import Drop
from pipelines.errors import EventError
from pipelines.language.diagnostic import ScriptError
from pipelines.language.library.function import Occasion
from pipelines.language.queries.cells import Cell, Table, key_of_group
from pipelines.language.queries.window import Window
from pipelines.language.queries.window_tickets import WindowTickets

__all__ = ["Failure", "Summary", "Windows"]


class Summary(Protocol):
    """What a select makes of the events of a window. ``group`` is what the script reads by that name."""

    def fresh(self) -> Any:
        """The state of its aggregates for an empty window."""

    def add(self, state: Any, cell: Cell, window: str, event: Any, meta: Any, occasion: Occasion) -> None:
        """Take one event in. May raise."""

    def merge(self, state: Any, narrower: Any) -> None:
        """Take in the state of a narrower window, which stays as it is."""

    def result(self, state: Any, cell: Cell, window: str, event: Any, meta: Any, occasion: Occasion) -> Any:
        """The target's value, or `Drop` if ``having`` is false for it. May raise."""


class Failure(NamedTuple):
    """Among results: something that failed, and what stands for the event that it cost."""

    error: Exception
    event: Any


class Windows:
    """The windows of a select, narrowest first; ``most`` bounds the groups of each.

    It counts what an operator of `Kind.HOLD` has to count: each event is ``held`` in the narrowest window of each of
    its groups, goes into that window's result, and a wider window's result is ``created``. ``discarded`` are results
    that ``having`` refuses, and events in windows that were evicted.
    """

    def __init__(self, windows: Sequence[Window], summary: Summary, most: int) -> None:
        self.windows = tuple(windows)
        self.tables = tuple(Table(window, most) for window in windows)
        self._summary = summary
        self._evicts = any(window.eviction_ns is not None for window in windows)
        self._is_plain = len(windows) == 1 and windows[0].script is None and not self._evicts
        self.tickets: WindowTickets | None = None
        """Who keeps the tickets of what is in the windows, if there are any."""
        self.held = 0
        self.merged = 0
        self.created = 0
        self.discarded: Counter[str] = Counter()

    def take(
        self, groups: Sequence[list[Any]], event: Any, meta: dict[str, Any], occasion: Occasion
    ) -> list[Any]:
        """Take one event into its groups: the results of the windows that this closes, and at most one `Failure`.

        Raises what the windows' scripts raise, and `EventError` if it would make too many groups; nothing has changed
        then. What fails later is raised as well if nothing else has come of the event.
        """
        if self._is_plain and len(groups) == 1:
            quick = self._take_quickly(key_of_group(groups[0]), event, meta, occasion)
            if quick is not None:
                return quick
        measures = [window.measure(event, meta, occasion) for window in self.windows]
        keys = [key_of_group(values) for values in groups]
        if self._evicts:
            self._evict(occasion.ingest_ns)
        for table in self.tables:
            if len(table) + len(keys) > table.most and not table.has_room(keys):
                raise _too_many(table)
        results: list[Any] = []
        failure: Failure | None = None
        outcomes = 0
        for key, values in zip(keys, groups, strict=True):
            is_new = self.tables[0].peek(key) is None
            try:
                self._take(key, values, measures, event, meta, occasion, results)
                outcomes += 1
            except Exception as error:
                failure = failure or Failure(error, event)
                if is_new:
                    self._forget_empty(key)
        if failure is not None:
            results.append(failure)
            outcomes += 1
        self.created += outcomes - 1
        return results

    def tick(self, occasion: Occasion) -> list[Any]:
        """The results of the windows that close at this time."""
        return []

    def finish(self, occasion: Occasion) -> list[Any]:
        """The stream is at its end: the results of the windows that are still open."""
        return []

    def _take_quickly(
        self, key: Hashable, event: Any, meta: dict[str, Any], occasion: Occasion
    ) -> list[Any] | None:
        """What `take` returns for an event that goes into the open window of one group; ``None`` to do it in full.

        Asked only if there is one window, without script and eviction, which is the usual case.
        """
        return None

    def _take(
        self,
        key: Hashable,
        values: list[Any],
        measures: list[int],
        event: Any,
        meta: dict[str, Any],
        occasion: Occasion,
        results: list[Any],
    ) -> None:
        raise NotImplementedError

    def _add(self, cell: Cell, event: Any, meta: dict[str, Any], occasion: Occasion) -> None:
        self._summary.add(cell.state, cell, self.windows[0].name, event, meta, occasion)
        if self.tickets is not None:
            self.tickets.add(cell)
        cell.events += 1
        self.held += 1

    def _emit(
        self, level: int, cell: Cell, event: Any, meta: Any, occasion: Occasion, results: list[Any]
    ) -> None:
        """The result of a cell; the caller empties it."""
        name = self.windows[level].name
        try:
            value = self._summary.result(cell.state, cell, name, event, meta, occasion)
        except Exception as error:
            if isinstance(error, ScriptError):
                # It is the window that is lost, and not the event that closes it.
                error.event = None
            value = Failure(error, {"window": name, "group": cell.values})
        if value is Drop:
            self.discarded["having"] += 1
        else:
            results.append(value)
        if cell.events and self.tickets is not None:
            self.tickets.close(cell)
        if level == 0 and cell.events:
            self.held -= cell.events
            self.merged += cell.events - 1
        else:
            self.created += 1
        cell.events = 0

    def _merge(self, wider: Cell, narrower: Cell) -> None:
        self._summary.merge(wider.state, narrower.state)
        if self.tickets is not None and narrower.first:
            self.tickets.merge(wider, narrower)
        wider.events += 1

    def _evict(self, now_ns: int) -> None:
        for level, table in enumerate(self.tables):
            for cell in table.evict(now_ns):
                if cell.events and self.tickets is not None:
                    self.tickets.close(cell)
                if level == 0:
                    self.held -= cell.events
                    self.discarded["evicted"] += cell.events
                elif cell.events:
                    # What would have become a result on top of those of narrower windows.
                    self.created += 1
                    self.discarded["evicted"] += 1

    def _forget_empty(self, key: Hashable) -> None:
        """An event that fails must not leave anything behind, or such events would fill the tables."""
        for table in self.tables:
            cell = table.peek(key)
            if cell is not None and not cell.events:
                table.remove(key)


def _too_many(table: Table) -> EventError:
    return EventError(
        f"the window {table.window.name} has {table.most} groups already, which is its limit; "
        "set eviction_period, group by something with fewer values, or raise the limit"
    )
