"""A clock that moves only when a test says so."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from typing import Any

import gevent

from actors.clock import Cancellable

__all__ = ["VirtualClock"]


class _Call:
    __slots__ = ("callback", "cancelled", "due", "number")

    def __init__(self, due: float, number: int, callback: Callable[[], Any]) -> None:
        self.due = due
        self.number = number
        self.callback = callback
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True

    def __lt__(self, other: _Call) -> bool:
        return (self.due, self.number) < (other.due, other.number)


class VirtualClock:
    """Time for tests: `advance` makes the calls that fall due, in order, and lets actors react in between.

    ``start_ns`` is the wall clock's start; monotonic time starts at zero. ``react`` is what lets actors react: it
    blocks until they have.
    """

    def __init__(
        self, start_ns: int = 1_600_000_000_000_000_000, react: Callable[[], None] | None = None
    ) -> None:
        self._now = 0.0
        self._start_ns = start_ns
        self._react = react or settle
        self._calls: list[_Call] = []
        self._numbers = itertools.count()

    def now(self) -> float:
        """Seconds since the clock was made."""
        return self._now

    def time_ns(self) -> int:
        """Nanoseconds since 1970."""
        return self._start_ns + round(self._now * 1e9)

    def call_later(self, seconds: float, callback: Callable[[], Any]) -> Cancellable:
        """Call back when `advance` passes that moment."""
        call = _Call(self._now + max(seconds, 0.0), next(self._numbers), callback)
        heapq.heappush(self._calls, call)
        return call

    def next_call(self) -> float | None:
        """Seconds until the next call falls due, or ``None``."""
        while self._calls and self._calls[0].cancelled:
            heapq.heappop(self._calls)
        return self._calls[0].due - self._now if self._calls else None

    def advance(self, seconds: float) -> None:
        """Move on, making each call at its own moment. After each, greenlets that can run get to run.

        Callbacks run in the caller's greenlet; with the real clock they run in the hub. Blocks cooperatively.
        """
        end = self._now + seconds
        while True:
            due = self.next_call()
            if due is None or self._now + due > end:
                break
            call = heapq.heappop(self._calls)
            self._now = max(self._now, call.due)
            call.callback()
            self._react()
        self._now = end
        self._react()


def settle(passes: int = 5) -> None:
    """Let every greenlet that can run do so: a few passes of the hub, I/O and timers of zero length included."""
    for _ in range(passes):
        gevent.sleep(1e-6)
