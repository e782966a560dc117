"""Where everything that waits takes its time from, so that tests can move it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

from gevent import get_hub

__all__ = ["Cancellable", "Clock", "HubClock"]


class Cancellable(Protocol):
    """A call that will be made later, unless it is cancelled."""

    def cancel(self) -> None:
        """Do not make the call. Harmless when it was made or cancelled before."""


class Clock(Protocol):
    """Monotonic time, wall time, and calls in the future."""

    def now(self) -> float:
        """Monotonic seconds from an arbitrary start."""

    def time_ns(self) -> int:
        """Wall clock, nanoseconds since 1970."""

    def call_later(self, seconds: float, callback: Callable[[], Any]) -> Cancellable:
        """Call back once after this many seconds, in the hub: the callback must not block."""


class _HubTimer:
    __slots__ = ("_callback", "_watcher")

    def __init__(self, watcher: Any, callback: Callable[[], Any]) -> None:
        self._watcher = watcher
        self._callback = callback
        # The loop's notion of now is stale inside a long callback; without the update the timer would fire early.
        watcher.start(self._fire, update=True)

    def _fire(self) -> None:
        self.cancel()
        self._callback()

    def cancel(self) -> None:
        watcher, self._watcher = self._watcher, None
        if watcher is not None:
            watcher.stop()
            watcher.close()


class HubClock:
    """The real clock, on gevent's hub of the calling thread."""

    __slots__ = ("_loop",)

    def __init__(self) -> None:
        self._loop = get_hub().loop

    # The functions themselves: every question looks at the clock, and a method would cost as much again.
    now = staticmethod(time.monotonic)
    time_ns = staticmethod(time.time_ns)

    def call_later(self, seconds: float, callback: Callable[[], Any]) -> Cancellable:
        """Call back once after this many seconds, in the hub: the callback must not block."""
        return _HubTimer(self._loop.timer(max(seconds, 0.0)), callback)
