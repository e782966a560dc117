"""`Reply`: a value that one greenlet waits for and another one sets, once."""

from __future__ import annotations

from typing import Any

from gevent import getcurrent

from actors.clock import Cancellable, Clock
from actors.scheduler import Scheduler

__all__ = ["Reply"]


class Reply:
    """A one-shot slot for the answer to an `ask`, or for "it is ready", "it is gone".

    The waiter becomes runnable when it is set, and runs when the setter blocks: answering never switches.
    """

    __slots__ = (
        "_clock", "_deadline", "_expired", "_scheduler", "_timer", "_waiter", "error", "is_set", "value",
    )  # fmt: skip

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
        return self.wait_until(clock, None if timeout is None else clock.now() + timeout)

    def wait_until(self, clock: Clock, deadline: float | None) -> bool:
        """Block until it is set; False if it was not by ``deadline`` on this clock. One waiter at a time."""
        if self.is_set:
            return True
        current = getcurrent()
        self._expired = False
        self._timer: Cancellable | None = None
        self._clock = clock
        self._deadline = deadline
        start_timer = None
        if deadline is not None:
            # A timer costs more than a whole question, and most answers come before the hub has had a turn.
            start_timer = self._start_timer
            self._scheduler.defer(start_timer)
        try:
            while not self.is_set and not self._expired:
                self._waiter = current
                self._scheduler.park()
        finally:
            self._waiter = None
            if self._timer is not None:
                self._timer.cancel()
            elif start_timer is not None:
                self._scheduler.withdraw(start_timer)
        return self.is_set

    def _start_timer(self) -> None:
        # A call that an earlier wait left behind finds nothing to do, or does what this wait needs.
        if self._waiter is not None and self._timer is None and self._deadline is not None:
            self._timer = self._clock.call_later(self._deadline - self._clock.now(), self._expire)

    def _expire(self) -> None:
        self._expired = True
        waiter, self._waiter = self._waiter, None
        if waiter is not None:
            self._scheduler.make_ready(waiter)
