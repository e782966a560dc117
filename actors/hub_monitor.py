"""Reports what no signal can interrupt: one long call into C that keeps the hub, and so everybody, waiting.

A native thread looks a few times a second whether the hub has had a turn. A call that releases the interpreter lock
is reported while it lasts; one that holds it (a catastrophic regular expression) is reported in the moment when it lets
go, which is still inside the statement that made it.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from types import FrameType, TracebackType
from typing import Any, Final

from gevent import get_hub
from gevent.hub import Hub
from gevent.monkey import get_original

from actors.errors import Misuse
from actors.log import get_logger
from actors.loop import ActorGreenlet

__all__ = ["BlockedHub", "HubMonitor"]

_log = get_logger("actors")

_thread_ident = get_original("_thread", "get_ident")
_start_thread = get_original("_thread", "start_new_thread")
_allocate_lock = get_original("_thread", "allocate_lock")

_MOST_FRAMES: Final = 50
_SHORTEST_LOOK_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class BlockedHub:
    """One report."""

    actor: str
    """The actor whose code runs; empty when it is not an actor's."""
    seconds: float
    """How long the hub has had no turn, at least."""
    stack: str
    """Where the thread is now, the innermost call last."""


class HubMonitor:
    """Watches the hub of the thread that makes it. A context manager.

    ``threshold_seconds``   how long the hub may go without a turn. A hub with nothing to do is never reported.
    ``on_report``           called with each `BlockedHub`, in the monitor's own native thread: it must not touch gevent.
    ``pause_seconds``       the least time between two reports, so that one bad actor does not fill the log.

    Each report is also one line in the log. It looks four times in each ``threshold_seconds``, at most every 50 ms.
    """

    def __init__(
        self,
        threshold_seconds: float = 1.0,
        on_report: Callable[[BlockedHub], None] | None = None,
        pause_seconds: float = 10.0,
    ) -> None:
        if not threshold_seconds > 0:
            raise ValueError("threshold_seconds must be more than zero")
        self.threshold_seconds = threshold_seconds
        self.reports = 0
        """Reports so far."""
        self._on_report = on_report
        self._pause_seconds = pause_seconds
        self._loop = get_hub().loop
        self._thread = _thread_ident()
        self._stop: Any = None
        self._stopped: Any = None

    def start(self) -> None:
        """Begin to watch. Raises `Misuse` when it does already."""
        if self._stop is not None:
            raise Misuse("this hub monitor has been started already")
        self._stop, self._stopped = _allocate_lock(), _allocate_lock()
        self._stop.acquire()
        self._stopped.acquire()
        _start_thread(self._watch, (self._stop, self._stopped))

    def stop(self) -> None:
        """End the thread and wait for it, which takes no longer than a report. A second call does nothing."""
        if self._stop is None:
            return
        self._stop.release()
        self._stopped.acquire()
        self._stop = None

    def __enter__(self) -> HubMonitor:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _watch(self, stop: Any, stopped: Any) -> None:
        try:
            self._look_until(stop)
        finally:
            stopped.release()

    def _look_until(self, stop: Any) -> None:
        pause = max(_SHORTEST_LOOK_SECONDS, self.threshold_seconds / 4)
        iteration, since, silent_until = -1, monotonic(), 0.0
        while not stop.acquire(timeout=pause):
            frame = sys._current_frames().get(self._thread)
            now = monotonic()
            if frame is None or self._loop.iteration != iteration or frame.f_code is Hub.run.__code__:
                iteration, since = self._loop.iteration, now
            elif now - since >= self.threshold_seconds and now >= silent_until:
                silent_until = now + self._pause_seconds
                self._report(frame, now - since)
            del frame

    def _report(self, frame: FrameType, seconds: float) -> None:
        stack = "".join(traceback.format_stack(frame, limit=_MOST_FRAMES))
        report = BlockedHub(_actor_of(frame), seconds, stack)
        self.reports += 1
        try:
            _log.warning(
                "Nothing else could run: a call does not return.",
                actor=report.actor,
                seconds=round(seconds, 3),
                stack=stack,
            )
            if self._on_report is not None:
                self._on_report(report)
        except Exception as error:
            _log.error("A hub monitor's callback failed.", error=repr(error))


def _actor_of(frame: FrameType) -> str:
    outer: FrameType | None = frame
    while outer is not None:
        if outer.f_code is ActorGreenlet._run.__code__:
            return str(outer.f_locals["cell"].name)
        outer = outer.f_back
    return ""
