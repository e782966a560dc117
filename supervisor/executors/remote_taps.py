"""Taps of a fleet: looks at events in other processes, one question after the other for what was seen since."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from itertools import count

import gevent

from actors import ActorSystem
from supervisor.executors.executor_actor import ExecutorPart
from supervisor.taps.feed import MAX_TAPS, Sample, TapFeed, TooManyTaps
from supervisor.taps.shown import Shown
from supervisor.taps.taps import Taps, TapSpec

__all__ = ["AnsweringTaps", "AskingTaps"]

_ANSWER_SECONDS = 1.0
_PAUSE_SECONDS = 0.2


class AskingTaps:
    """In the parent. Only one question is under way for each tap and executor, so that a tap over there fills its own
    feed, which is bounded, and not the control channel. An executor that was started anew hears of it by the next one.
    """

    def __init__(self, system: ActorSystem, executors: Iterable[ExecutorPart], shown: Shown) -> None:
        self._system = system
        self._executors = tuple(executors)
        self._shown = shown
        self._numbers = count(1)
        self._open: dict[int, TapFeed] = {}

    def open(self, spec: TapSpec) -> TapFeed:
        """See `Taps.open`: in all executors."""
        spec.checked(self._shown)
        if len(self._open) >= MAX_TAPS:
            raise TooManyTaps
        number = next(self._numbers)
        asking: list[gevent.Greenlet[..., None]] = []
        feed = self._open[number] = TapFeed(on_close=partial(self._close, number, asking))
        asking += [gevent.spawn(self._ask, part, number, spec, feed) for part in self._executors]
        return feed

    def close(self) -> None:
        """End all looks."""
        for feed in list(self._open.values()):
            feed.close()

    def _ask(self, part: ExecutorPart, number: int, spec: TapSpec, feed: TapFeed) -> None:
        while True:
            reply = part.ask(self._system.scheduler, "tap", number, *spec)
            # Without a limit: if it ends, the reply says so, and what comes late would be lost.
            reply.wait(self._system.clock)
            if reply.error is None and not reply.value.error:
                feed.put_all(*reply.value.answer)
            if reply.error is not None or reply.value.error or feed.is_full:
                gevent.sleep(_PAUSE_SECONDS)

    def _close(self, number: int, asking: list[gevent.Greenlet[..., None]]) -> None:
        del self._open[number]
        gevent.killall(asking, block=False)
        for part in self._executors:
            part.ask(self._system.scheduler, "untap", number)


class AnsweringTaps:
    """In an executor."""

    def __init__(self, taps: Taps) -> None:
        self._taps = taps
        self._open: dict[int, TapFeed] = {}

    def take(self, number: int, spec: TapSpec) -> Sample:
        """What the parent's tap of that number has seen since the last time; the first time opens it. Blocks for a
        second at most.
        """
        feed = self._open.get(number)
        if feed is None:
            feed = self._open[number] = self._taps.open(spec)
        return feed.take(_ANSWER_SECONDS)

    def close(self, number: int) -> None:
        """The parent wants no more of it."""
        feed = self._open.pop(number, None)
        if feed is not None:
            feed.close()
