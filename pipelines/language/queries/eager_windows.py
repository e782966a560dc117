"""`EagerWindows`: windows as dialect 0.11 has them, which close when they are full and on time."""

from __future__ import annotations

import heapq
from collections.abc import Hashable, Sequence
from typing import Any

from pipelines.language.library.function import Occasion
from pipelines.language.queries.cells import Cell
from pipelines.language.queries.window import Window
from pipelines.language.queries.windows import Summary, Windows

__all__ = ["EagerWindows"]


class EagerWindows(Windows):
    """A window of a size closes with the event that fills it; one of an interval when its time is over.

    A window opens with the first event of its group that finds none open, so a group without open windows takes no
    memory; one that ``emits_empty`` stays open. When a window closes, what it has summed up goes into the wider one,
    and that closes as well if this fills it, or if its time is over. Time alone closes a window with ticks, unless a
    script tells its time; a wider one waits for a narrower one of its group that is still open. The end of the stream
    closes everything that anything is in.
    """

    def __init__(self, windows: Sequence[Window], summary: Summary, most: int) -> None:
        super().__init__(windows, summary, most)
        self._due: tuple[list[tuple[int, int, Hashable]], ...] = tuple([] for _ in windows)
        self._opened = 0

    def tick(self, occasion: Occasion) -> list[Any]:
        """The results of the windows that close at this time."""
        results: list[Any] = []
        now_ns = occasion.ingest_ns
        for level, due in enumerate(self._due):
            while due and due[0][0] <= now_ns:
                until, _, key = heapq.heappop(due)
                cell = self.tables[level].peek(key)
                if cell is None or cell.until != until or self._waits(level, key):
                    continue
                if cell.events or self.windows[level].emits_empty:
                    self._close(level, key, cell, None, occasion, results)
                else:
                    self.tables[level].remove(key)
        if self._evicts:
            self._evict(now_ns)
        return results

    def finish(self, occasion: Occasion) -> list[Any]:
        """The stream is at its end: the results of the windows that are still open."""
        results: list[Any] = []
        for level, table in enumerate(self.tables):
            for key in table.all_keys():
                cell = table.peek(key)
                if cell is not None and cell.events:
                    self._close(level, key, cell, None, occasion, results)
                table.remove(key)
        return results

    def _take_quickly(
        self, key: Hashable, event: Any, meta: dict[str, Any], occasion: Occasion
    ) -> list[Any] | None:
        cell = self.tables[0].get(key)
        if cell is None or (cell.until is not None and occasion.ingest_ns >= cell.until):
            return None
        self._add(cell, event, meta, occasion)
        results: list[Any] = []
        if cell.until is None:
            cell.count += 1
            if cell.count >= (self.windows[0].size or 0):
                self._close(0, key, cell, [1], occasion, results)
        return results

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
        table, window = self.tables[0], self.windows[0]
        cell = table.get(key)
        if cell is not None and cell.until is not None and measures[0] >= cell.until:
            self._close(0, key, cell, measures, occasion, results)
            cell = table.get(key)
        for level in range(len(self.tables) - 1, 0, -1):
            if self.tables[level].get(key) is None:
                self._open(level, key, values, measures[level])
        cell = cell or self._open(0, key, values, measures[0])
        self._add(cell, event, meta, occasion)
        if window.interval_ns is None:
            cell.count += measures[0]
            if window.size is not None and cell.count >= window.size:
                self._close(0, key, cell, measures, occasion, results)

    def _open(self, level: int, key: Hashable, values: list[Any], measure: int | None) -> Cell:
        """``measure`` is the time, for windows of an interval; ``None`` if nobody knows it."""
        cell = self.tables[level].add(key, Cell(values, self._summary.fresh()))
        interval_ns = self.windows[level].interval_ns
        if interval_ns is not None and measure is not None:
            self._close_at(level, key, cell, measure + interval_ns)
        return cell

    def _close_at(self, level: int, key: Hashable, cell: Cell, until: int) -> None:
        cell.until = until
        if not self.windows[level].follows_the_clock:
            return
        due, table = self._due[level], self.tables[level]
        # Where no ticks come, those that events have closed must not pile up.
        for _ in range(2):
            if due:
                oldest = table.peek(due[0][2])
                if oldest is None or oldest.until != due[0][0]:
                    heapq.heappop(due)
        self._opened += 1
        heapq.heappush(due, (until, self._opened, key))

    def _close(
        self,
        level: int,
        key: Hashable,
        cell: Cell,
        measures: list[int] | None,
        occasion: Occasion,
        results: list[Any],
    ) -> None:
        """Without ``measures`` there is no event that closes it: time does, or the end of the stream."""
        window, state = self.windows[level], cell.state
        self._emit(level, cell, None, None, occasion, results)
        closed = Cell(cell.values, state)
        closed.first = cell.first
        now_ns = occasion.ingest_ns if measures is None else measures[level]
        if window.emits_empty and window.interval_ns is not None and cell.until is not None:
            cell.state = self._summary.fresh()
            on_time = cell.until + window.interval_ns
            self._close_at(level, key, cell, on_time if on_time > now_ns else now_ns + window.interval_ns)
        else:
            self.tables[level].remove(key)
        if level + 1 < len(self.windows):
            self._widen(level + 1, key, closed, measures, occasion, results)

    def _widen(
        self,
        level: int,
        key: Hashable,
        closed: Cell,
        measures: list[int] | None,
        occasion: Occasion,
        results: list[Any],
    ) -> None:
        window = self.windows[level]
        measure: int | None = None
        if measures is not None:
            measure = measures[level]
        elif window.script is None:
            measure = 1 if window.interval_ns is None else occasion.ingest_ns
        cell = self.tables[level].get(key) or self._open(level, key, closed.values, measure)
        self._merge(cell, closed)
        if window.size is not None and window.interval_ns is None:
            # Without an event there is nothing to ask the script about; what closed counts for one then.
            cell.count += 1 if measure is None else measure
            if cell.count >= window.size:
                self._close(level, key, cell, measures, occasion, results)
        elif measure is not None and cell.until is not None and measure >= cell.until:
            self._close(level, key, cell, measures, occasion, results)

    def _waits(self, level: int, key: Hashable) -> bool:
        """Whether there is something in a narrower window, which closes this one as well when it closes."""
        cells = (table.peek(key) for table in self.tables[:level])
        return any(cell is not None and cell.events for cell in cells)
