"""`AdaptiveLimit`: how many requests a server is sent at a time, found out by how long its answers take. Pure.

Additive increase, multiplicative decrease, as TCP does it (V. Jacobson, *Congestion Avoidance and Control*, 1988), but
by latency, as TCP Vegas does (L. Brakmo, L. Peterson, 1995): beyond what a server can work on, requests only wait in
its queue, and answers take longer in proportion. Vector and Netflix's concurrency-limits do alike.

Time goes in *rounds* of as many answers as there may be requests at a time, `_ANSWERS_AT_LEAST` or more. At the end of
each, the median of its latencies is held against the *floor*, the smallest such median of late::

    median > tolerance * floor    limit *= 1 - 1/4
    otherwise                     limit += 1, if the limit was reached

and when the server says "later", or says nothing in time, the limit is halved. Requests that were begun under a higher
limit say nothing about the present one and do not count. A floor that was not met for `_ROUNDS_A_FLOOR_LASTS` rounds is
forgotten, and found again with half the requests for one round: a server may have become slower for good, and with a
queue that never empties nobody sees what it could do. With one request at a time there is no queue of ours, so what
is measured then is the floor.
"""

from __future__ import annotations

from statistics import median

__all__ = ["AdaptiveLimit"]

_ANSWERS_AT_LEAST = 16
_ROUNDS_A_FLOOR_LASTS = 64
_DECREASE = 0.75
# Latencies beyond the clock's resolution say nothing of queues: a loopback server would be judged by noise.
_NOISE_SECONDS = 0.001


class AdaptiveLimit:
    """The limit, between 1 and ``most``; it begins at 1. The caller counts what is in flight, and tells how it went.

    ``tolerance`` is how many times as long as at best an answer may take.
    """

    def __init__(self, most: int, tolerance: float = 1.75) -> None:
        self._most = most
        self._tolerance = tolerance
        self._limit = 1
        self._floor_seconds: float | None = None
        self._rounds_since_floor = 0
        self._probing = False
        self._latencies: list[float] = []
        self._reached = False
        self.era = 0
        """Grows whenever the limit falls. Note it when a request begins, and give it back with its answer."""

    @property
    def limit(self) -> int:
        """How many requests may be under way now."""
        return max(1, self._limit // 2) if self._probing else self._limit

    def answered(self, seconds: float, in_flight: int, era: int) -> None:
        """A request that was begun in this era was answered after so many seconds; so many were under way with it."""
        if era != self.era:
            return
        self._latencies.append(seconds)
        self._reached = self._reached or in_flight >= self.limit
        if len(self._latencies) >= max(self.limit, _ANSWERS_AT_LEAST):
            self._end_round(median(self._latencies))

    def pushed_back(self, era: int) -> None:
        """For one that was begun in this era, the server said "later", or was too late itself."""
        if era == self.era:
            self._set_limit(self._limit // 2)
            self._probing = False

    def _end_round(self, seconds: float) -> None:
        reached, self._reached = self._reached, False
        self._latencies = []
        floor = self._floor_seconds
        if self._probing or self.limit == 1 or floor is None or seconds <= floor:
            self._floor_seconds = seconds
            self._rounds_since_floor = 0
        else:
            self._rounds_since_floor += 1
        if self._probing:
            self._probing = False
        elif floor is not None and seconds > self._tolerance * floor + _NOISE_SECONDS and self._limit > 1:
            self._set_limit(int(self._limit * _DECREASE))
        elif self._rounds_since_floor >= _ROUNDS_A_FLOOR_LASTS:
            self._probing = True
            self.era += 1
        elif reached:
            self._limit = min(self._most, self._limit + 1)

    def _set_limit(self, limit: int) -> None:
        self._limit = max(1, limit)
        self._latencies = []
        self._reached = False
        self.era += 1
