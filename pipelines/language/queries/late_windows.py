"""`LateWindows`: windows as dialect 0.9 has them, which close with the event after their last one."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from pipelines.language.library.function import Occasion
from pipelines.language.queries.cells import Cell
from pipelines.language.queries.windows import Windows

__all__ = ["LateWindows"]


class LateWindows(Windows):
    """A window closes when an event comes that does not belong to it any more.

    That event is then in the next one. Of a window and a wider one, what the narrower has summed up when both close
    goes into the wider one that begins then. Nothing closes without an event, so what is open at the end of the stream
    stays ``held``.
    """

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
        cells = [
            table.get(key) or table.add(key, Cell(values, self._summary.fresh())) for table in self.tables
        ]
        depth = 0
        for level, cell in enumerate(cells):
            if not self._moves_on(level, cell, measures[level]):
                break
            self._emit(level, cell, event, meta, occasion, results)
            depth += 1
        clear = depth == len(cells)
        for level in range(min(depth, len(cells) - 1), -1, -1):
            if clear:
                cells[level].state = self._summary.fresh()
            clear = True
            if level:
                self._merge(cells[level], cells[level - 1])
        try:
            self._add(cells[0], event, meta, occasion)
        except Exception:
            # It leaves by `err`, so it must not fill the window.
            cells[0].count -= measures[0] if self.windows[0].interval_ns is None else 0
            raise

    def _moves_on(self, level: int, cell: Cell, measure: int) -> bool:
        """Count the event; whether the window is over and the next one begins."""
        window = self.windows[level]
        if window.interval_ns is not None:
            if cell.until is not None and measure < cell.until:
                return False
            closes = cell.until is not None
            cell.until = measure + window.interval_ns
            return closes
        if window.size is not None and cell.count >= window.size:
            cell.count = measure
            return True
        cell.count += measure
        return False
