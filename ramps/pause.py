"""`Pause`: waiting on a clock that a test can move, and that somebody else can end."""

from __future__ import annotations

from gevent.event import Event

from actors.clock import Clock

__all__ = ["Pause"]


class Pause:
    """Waits for one greenlet at a time. `end` ends the wait under way and all later ones, until `allow`."""

    def __init__(self) -> None:
        self._ended = False
        self._wake = Event()

    @property
    def ended(self) -> bool:
        """Whether `end` was called since the last `allow`."""
        return self._ended

    def allow(self) -> None:
        """From now on, wait again."""
        self._ended = False

    def end(self) -> None:
        """Wake whoever waits. May be called from any greenlet of the hub."""
        self._ended = True
        self._wake.set()

    def wait(self, clock: Clock, seconds: float) -> bool:
        """Block for this long by this clock. False if it was ended instead."""
        # Before the look: whoever is pre-empted behind it must not forget that it was ended.
        self._wake.clear()
        if self._ended:
            return False
        timer = clock.call_later(seconds, self._wake.set)
        try:
            self._wake.wait()
        finally:
            timer.cancel()
        return not self._ended
