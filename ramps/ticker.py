"""`Ticker`: regular intervals that do not drift."""

from __future__ import annotations

from actors.clock import Clock
from ramps.pause import Pause

__all__ = ["Ticker"]


class Ticker:
    """Ticks at whole multiples of ``interval`` seconds after it was made.

    Of the ticks that pass while nobody waits, the latest comes late and the others are left out.
    """

    def __init__(self, clock: Clock, interval: float) -> None:
        self._clock = clock
        self._interval = interval
        self._started = clock.now()
        self._ticks = 0

    def wait(self, pause: Pause) -> bool:
        """Block until the next tick. False if the pause was ended instead."""
        elapsed = self._clock.now() - self._started
        self._ticks = max(self._ticks + 1, int(elapsed / self._interval))
        return pause.wait(self._clock, max(self._ticks * self._interval - elapsed, 0.0))
