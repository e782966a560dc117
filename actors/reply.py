"""`Reply`: a value that one greenlet waits for and another one sets, once."""

from __future__ import annotations

from typing import Any

from gevent import getcurrent

from actors.clock import Clock
from actors.scheduler import Scheduler

__all__ = ["Reply"]


class Reply:
    """A one-shot slot for the answer to an `ask`, or for "it is ready", "it is gone".

    The waiter becomes runnable when it is set, and runs when the setter blocks: answering never switches.
    """

    __slots__ = ("_scheduler", "_waiter", "error", "is_set", "value")

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._waiter: Any = None
        self.is_set = False
        self.value: Any = None
        self.error: BaseException | None = None

    def set(self, value: Any = None, error: BaseException | None = None) -> None:
        """Answer. Later answers are ignored. Does not block or switch."""
        if self.is_set:
            return
        self.is_set = True
        self.value = value
        self.error = error
        waiter, self._waiter = self._waiter, None
        if waiter is not None:
            self._scheduler.make_ready(waiter)

    def wait(self, clock: Clock, timeout: float | None = None) -> bool:
        """Block until it is set; False if that took longer than ``timeout`` seconds. One waiter at a time."""
        if self.is_set:
            return True
        current = getcurrent()
        expired = False

        def expire() -> None:
            nonlocal expired
            expired = True
            waiter, self._waiter = self._waiter, None
            if waiter is not None:
                self._scheduler.make_ready(waiter)

        timer = None if timeout is None else clock.call_later(timeout, expire)
        try:
            while not self.is_set and not expired:
                self._waiter = current
                self._scheduler.park()
        finally:
            self._waiter = None
            if timer is not None:
                timer.cancel()
        return self.is_set
