"""`TimeSlice`: lets loops that might never block give way to everybody else."""

from __future__ import annotations

from time import perf_counter

import gevent
from gevent import getcurrent

__all__ = ["TimeSlice"]


class TimeSlice:
    """For loops over input that is always at hand: call `give_way` once per chunk.

    A socket that always has data and an intake that always has room never block, so nothing else would run.
    ``seconds`` is how long others wait at most, apart from the chunk in hand.
    """

    __slots__ = ("_end", "_seconds")

    def __init__(self, seconds: float = 0.005) -> None:
        self._seconds = seconds
        self._end = perf_counter() + seconds

    def give_way(self) -> None:
        """Let others run if the slice is spent. May switch."""
        if perf_counter() < self._end:
            return
        cell = getattr(getcurrent(), "cell", None)
        if cell is None:
            # Positive on purpose: after sleep(0) gevent runs up to fifty callbacks before it looks at
            # sockets.
            gevent.sleep(1e-9)
        else:
            # The actors of a system share their slices. With one of its own, each of 64 onramps that take turns would
            # find it spent after every chunk, and the data in the cache would never be used twice.
            cell.system.scheduler.checkpoint()
        self._end = perf_counter() + self._seconds
