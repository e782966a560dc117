"""`RequestsInFlight`: sends several requests at a time, each in a greenlet of its own, within a limit and a rate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, TypeVar

from gevent.event import Event
from gevent.pool import Group

from actors.clock import Clock
from ramps.errors import ConnectionLost
from ramps.network.adaptive_limit import AdaptiveLimit
from ramps.network.request_rate import RequestRate
from ramps.pause import Pause

__all__ = ["RequestsInFlight"]

Item = TypeVar("Item")


class RequestsInFlight:
    """What remains from one batch of requests to the next: the limit that was found, and when the next one is due.

    ``limit``: so many at a time, or ``"auto"`` for as many as the server does well with (`AdaptiveLimit`), but at most
    ``most``. ``per_second``: how many may begin in a second, ``None`` for any number.
    """

    def __init__(self, limit: int | Literal["auto"], most: int, per_second: float | None) -> None:
        self._adaptive = AdaptiveLimit(most) if limit == "auto" else None
        self._fixed = 1 if limit == "auto" else limit
        self._rate = None if per_second is None else RequestRate(per_second)

    @property
    def limit(self) -> int:
        """How many requests may be under way now."""
        return self._fixed if self._adaptive is None else self._adaptive.limit

    def send_all(self, items: Sequence[Item], send: Callable[[Item], None], clock: Clock) -> None:
        """Call ``send`` for each item, in order, several at a time. Blocks until all that were begun are over.

        After a failure no more are begun. Raises the failure that asks for the longest wait, or the first. Whoever is
        killed in here takes those that are under way with him.
        """
        failures: list[Exception] = []
        # It holds each greenlet from before it runs, so that a kill at any moment finds all of them.
        workers = Group()
        changed, pause = Event(), Pause()
        under_way = 0

        def work(item: Item) -> None:
            nonlocal under_way
            try:
                self._send(item, send, clock, under_way)
            except Exception as error:
                failures.append(error)
                pause.end()
            finally:
                under_way -= 1
                changed.set()

        def no_room() -> bool:
            return under_way >= self.limit and not failures

        def wait_while(busy: Callable[[], bool]) -> None:
            # Before the look: whoever is pre-empted behind it must not forget what happens meanwhile.
            changed.clear()
            while busy():
                changed.wait()
                changed.clear()

        try:
            for item in items:
                wait_while(no_room)
                if failures or not self._wait_for_turn(pause, clock):
                    break
                under_way += 1
                workers.spawn(work, item)
            wait_while(lambda: under_way > 0)
        finally:
            workers.kill()
        if failures:
            raise max(failures, key=lambda error: getattr(error, "retry_after_seconds", None) or 0.0)

    def _send(self, item: Item, send: Callable[[Item], None], clock: Clock, in_flight: int) -> None:
        adaptive = self._adaptive
        if adaptive is None:
            send(item)
            return
        era, started = adaptive.era, clock.now()
        try:
            send(item)
        except ConnectionLost:
            adaptive.pushed_back(era)
            raise
        adaptive.answered(clock.now() - started, in_flight, era)

    def _wait_for_turn(self, pause: Pause, clock: Clock) -> bool:
        if self._rate is None:
            return True
        seconds = self._rate.reserve(clock.now())
        return pause.wait(clock, seconds) if seconds else not pause.ended
