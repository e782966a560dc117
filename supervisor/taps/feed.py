"""`TapFeed`: what a look at events has seen, on its way to whoever looks. Bounded; what finds no room is counted."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from gevent.event import Event

__all__ = ["MAX_TAPS", "Sample", "TapFeed", "TooManyTaps"]

MAX_TAPS = 16
"""At a time, in a deployment."""

_MAX_WAITING = 256


class TooManyTaps(RuntimeError):
    """So many look already that no more may."""

    def __init__(self) -> None:
        super().__init__(f"there are {MAX_TAPS} taps already; end one of them first")


class Sample(NamedTuple):
    """What was seen since the last time."""

    events: list[dict[str, Any]]
    """Each with ``at_ns``, ``edge``, ``value``, ``meta``, ``origin``, ``ingest_ns`` and ``executor``."""
    missed: int
    """Events that passed, and were not shown: too many in a second, or no time to look at them."""


class TapFeed:
    """For one who looks. ``on_take`` is called before each wait, ``on_close`` once."""

    def __init__(
        self, on_take: Callable[[], None] = lambda: None, on_close: Callable[[], None] = lambda: None
    ) -> None:
        self._on_take = on_take
        self._on_close = on_close
        self._waiting: deque[dict[str, Any]] = deque()
        self._missed = 0
        self._news = Event()
        self.closed = False

    @property
    def is_full(self) -> bool:
        """Whether the next event would only be counted."""
        return len(self._waiting) >= _MAX_WAITING

    def put(self, event: dict[str, Any]) -> None:
        """One more event. Does not block."""
        if self.is_full:
            self._missed += 1
            return
        self._waiting.append(event)
        if not self._news.is_set():
            self._news.set()

    def put_all(self, events: Iterable[dict[str, Any]], missed: int) -> None:
        """What was seen elsewhere. Does not block."""
        self.miss(missed)
        for event in events:
            self.put(event)

    def miss(self, count: int) -> None:
        """So many events passed that are not shown. Wakes nobody."""
        self._missed += count

    def take(self, timeout: float) -> Sample:
        """What has come, as soon as there is an event, but after ``timeout`` seconds in any case. Blocks. Ask again and
        again: that is also when it looks whether the components are still the same.
        """
        self._on_take()
        self._news.clear()
        if not self._waiting and not self.closed:
            self._news.wait(timeout)
        events = [self._waiting.popleft() for _ in range(len(self._waiting))]
        missed, self._missed = self._missed, 0
        return Sample(events, missed)

    def close(self) -> None:
        """Look no more: whoever waits in `take` goes on. A second call does nothing."""
        if not self.closed:
            self.closed = True
            self._on_close()
            self._news.set()
