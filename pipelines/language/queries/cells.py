"""`Cell`: one window of one group. `Table`: all of them of one window of a select."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any

from pipelines.language.queries.window import Window
from pipelines.values import key_of

__all__ = ["Cell", "Table", "key_of_group"]


def key_of_group(values: list[Any]) -> Hashable:
    """What tells groups apart: 1, 1.0 and true are three. Raises `EventError` for what has no JSON form."""
    if len(values) == 1:
        return key_of(values[0])
    return tuple(map(key_of, values))


class Cell:
    """One window of one group.

    ``state``: the aggregates. ``events``: how many came that are in no result yet; in a wider window, how many results
    of the narrower one. ``count``: how much those count, for windows of a size. ``until``: when it closes, for windows
    of an interval; ``None`` before that is known. ``group``: what the query reads by that name, once it was asked for.
    ``first``: for `WindowTickets`, in which batch that began which is in it.
    """

    __slots__ = ("count", "events", "first", "group", "state", "until", "values")

    def __init__(self, values: list[Any], state: Any) -> None:
        self.values = values
        self.state = state
        self.events = 0
        self.count = 0
        self.until: int | None = None
        self.group: list[Any] | None = None
        self.first = 0


class Table:
    """The cells of one window, by the key of their group.

    Those that were not used for one to two eviction periods are let go by `evict`: there are two generations, and what
    is used moves into the younger one.
    """

    def __init__(self, window: Window, most: int) -> None:
        self.window = window
        self.most = most if window.max_groups is None else min(most, window.max_groups)
        self._young: dict[Hashable, Cell] = {}
        self._old: dict[Hashable, Cell] = {}
        self._next_swap_ns = 0

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def get(self, key: Hashable) -> Cell | None:
        """The cell, which counts as used."""
        cell = self._young.get(key)
        if cell is None and self._old:
            cell = self._old.pop(key, None)
            if cell is not None:
                self._young[key] = cell
        return cell

    def peek(self, key: Hashable) -> Cell | None:
        """The cell, which does not count as used."""
        return self._young.get(key) or self._old.get(key)

    def add(self, key: Hashable, cell: Cell) -> Cell:
        """Put in a new one."""
        self._young[key] = cell
        return cell

    def remove(self, key: Hashable) -> None:
        """Forget one."""
        if self._young.pop(key, None) is None:
            self._old.pop(key, None)

    def all_keys(self) -> list[Hashable]:
        """All keys at this moment, the old ones first."""
        return [*self._old, *self._young]

    def has_room(self, keys: Iterable[Hashable]) -> bool:
        """Whether all of these groups can be in here at once."""
        new = {key for key in keys if key not in self._young and key not in self._old}
        return len(self) + len(new) <= self.most

    def evict(self, now_ns: int) -> Iterable[Cell]:
        """Those that were not used for too long, which are forgotten."""
        period = self.window.eviction_ns
        if period is None or now_ns <= self._next_swap_ns:
            return ()
        self._next_swap_ns = now_ns + period
        gone, self._old, self._young = self._old, self._young, {}
        return gone.values()
