"""Forced cooperative sleeps: no handler that computes and computes can keep all others from running.

A timer that only runs while the process burns CPU time (``ITIMER_VIRTUAL``, setitimer(2)) sends a signal every few
milliseconds. Python runs the signal's handler between two bytecodes of whatever greenlet runs. When that greenlet has
been at it for a whole tick without the hub having had a turn, the handler sleeps right there, for a nanosecond: the
greenlet stays suspended in the middle of its loop, and everybody else runs.

Where it does not sleep, because somebody would notice:

* in the hub, which is what everybody else waits for;
* inside code that keeps invariants over a switch-free stretch (`PROTECTED`), or anything called back from there;
* in a collection of garbage: the collector keeps the heads of its lists on the C stack, which a switch moves away;
* in a ``__del__``, which runs wherever the last reference happened to vanish.

A moment that is refused is only put off: the next tick tries again.
"""

from __future__ import annotations

import gc
import signal
from time import thread_time
from types import FrameType, TracebackType
from typing import Any, Final

import gevent
from gevent import get_hub, getcurrent
from gevent.monkey import is_module_patched

from actors.errors import HotLoop, Misuse
from actors.loop import ActorGreenlet
from actors.mailbox import Envelope

__all__ = ["PROTECTED", "Preemption"]

PROTECTED: Final = (
    "_frozen_importlib", "_frozen_importlib_external", "_weakrefset", "abc", "actors", "asyncio", "enum", "gevent",
    "greenlet", "importlib", "logging", "pipelines.language.queries.window_tickets", "pipelines.ticket",
    "ramps.tracker", "rich", "signal", "supervisor.taps", "threading", "weakref", "zipimport",
)  # fmt: skip
"""Packages and modules in whose code, and under which, nobody is made to sleep (`actors.testing` excepted).

Among them what protected code itself calls, or makes Python call, in the midst of its work: the name of a greenlet
that waits for room comes from gevent by way of `weakref`, and a lane is an `enum.IntEnum`, whose hash is Python code.
"""

# Positive, because gevent's sleep(0) does not let the hub look at sockets and timers (see `actors.scheduler`).
_SLEEP_SECONDS: Final = 1e-9
_MOST_RECORDS: Final = 64


class _Record:
    """CPU time that one message has used so far, as the ticks saw it."""

    __slots__ = ("envelope", "seconds")

    def __init__(self, envelope: Envelope) -> None:
        self.envelope = envelope
        self.seconds = 0.0


class Preemption:
    """The timer, its handler, and what they did. A context manager; opt-in, and one at a time in a process.

    ``interval_seconds``   CPU time between two ticks; a greenlet that hogs is put to sleep after one to two of them.
                           The operating system's own clock may be coarser (10 ms where it ticks 100 times a second).
    ``protected``          names of packages and modules whose code is never interrupted.

    It is also what enforces an actor's ``max_message_time``: a handler that has used more CPU time than that for one
    message gets `HotLoop` raised in it, give or take two ticks.
    """

    def __init__(self, interval_seconds: float = 0.005, protected: tuple[str, ...] = PROTECTED) -> None:
        if not interval_seconds > 0:
            raise ValueError("interval_seconds must be more than zero")
        self.interval_seconds = interval_seconds
        self.forced_sleeps = 0
        """How often a greenlet was made to sleep."""
        self.hot_loops = 0
        """How often `HotLoop` was raised."""
        self._protected = protected
        self._known: dict[str, bool] = {}
        self._running = False
        self._collecting = False
        self._hub: Any = None
        self._last: Any = None
        self._iteration = -1
        self._cpu_seconds = 0.0
        self._records: dict[Any, _Record] = {}
        self._handler_before: Any = None
        self._timer_before = (0.0, 0.0)

    def start(self) -> None:
        """Begin. Raises `Misuse` outside the main thread, and in a process that is not monkey-patched."""
        if self._running:
            raise Misuse("this pre-emption has been started already")
        if not is_module_patched("threading"):
            raise Misuse(
                "pre-emption needs gevent.monkey.patch_all() first: a greenlet that sleeps while it holds a lock of "
                "the operating system would stop the whole process"
            )
        if isinstance(getattr(signal.getsignal(signal.SIGVTALRM), "__self__", None), Preemption):
            raise Misuse("another pre-emption runs in this process already")
        self._hub = get_hub()
        try:
            self._handler_before = signal.signal(signal.SIGVTALRM, self._on_tick)
        except ValueError:
            raise Misuse(
                "pre-emption works by signals, which reach only the main thread; start it there"
            ) from None
        gc.callbacks.append(self._on_collection)
        self._cpu_seconds = thread_time()
        self._running = True
        # Native code that does not expect EINTR must not see it.
        signal.siginterrupt(signal.SIGVTALRM, False)
        self._timer_before = signal.setitimer(
            signal.ITIMER_VIRTUAL, self.interval_seconds, self.interval_seconds
        )

    def stop(self) -> None:
        """Put the timer and the handler back that were there before. A second call does nothing."""
        if not self._running:
            return
        self._running = False
        # In this order: with the previous handler (by default: death) in place, no tick of ours may come.
        signal.setitimer(signal.ITIMER_VIRTUAL, 0.0)
        before = self._handler_before
        signal.signal(signal.SIGVTALRM, signal.SIG_IGN if before is None else before)
        if self._timer_before[0]:
            signal.setitimer(signal.ITIMER_VIRTUAL, *self._timer_before)
        gc.callbacks.remove(self._on_collection)
        self._collecting = False
        self._last = None
        self._records = {}

    def __enter__(self) -> Preemption:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _on_collection(self, phase: str, _info: dict[str, int]) -> None:
        self._collecting = phase == "start"

    def _on_tick(self, _number: int, frame: FrameType | None) -> None:
        current = getcurrent()
        if current is self._hub or not self._running:
            self._last = None
            self._cpu_seconds = thread_time()
            return
        now = thread_time()
        seconds, self._cpu_seconds = now - self._cpu_seconds, now
        cell = getattr(current, "cell", None)
        if cell is not None:
            # All of the tick to whoever runs at its end: as often it is somebody else's as the other way round.
            cell.cpu_seconds += seconds
        record = self._account(current, seconds)
        iteration = self._hub.loop.iteration
        if self._last is not current or self._iteration != iteration:
            self._last, self._iteration = current, iteration
            return
        if self._collecting or not self._interruptible(frame):
            return
        self._last = None
        if record is not None and record.seconds > current.cell.max_message_time:
            self._records.pop(current, None)
            self.hot_loops += 1
            raise HotLoop(
                f"{current.cell.name} has computed for {record.seconds:.3g} s of CPU time on one message; "
                f"max_message_time is {current.cell.max_message_time:g} s"
            )
        self.forced_sleeps += 1
        gevent.sleep(_SLEEP_SECONDS)
        # It goes on hogging, most likely: no second tick of grace.
        self._last, self._iteration = current, self._hub.loop.iteration

    def _account(self, current: Any, seconds: float) -> _Record | None:
        """Charge the CPU time since the last tick to the message in hand, if its time is limited.

        It is a sample: part of that time may have been another greenlet's, but as often it is the other way round.
        """
        if type(current) is not ActorGreenlet or current.cell.max_message_time is None:
            return None
        envelope = current.cell.in_hand
        record = self._records.get(current)
        if envelope is None:
            return None
        if record is None or record.envelope is not envelope:
            # The first tick says nothing: the message may have been in hand for a microsecond.
            if len(self._records) >= _MOST_RECORDS:
                self._prune()
            self._records[current] = _Record(envelope)
            return None
        record.seconds += seconds
        return record

    def _prune(self) -> None:
        self._records = {
            greenlet: record
            for greenlet, record in self._records.items()
            if greenlet.cell.greenlet is greenlet and greenlet.cell.in_hand is record.envelope
        }

    def _interruptible(self, frame: FrameType | None) -> bool:
        """Whether no protected code is at work here: neither in this frame nor on the way to it.

        Protected frames at the outer end do not count: they are the actor loop, or a thread's first frames, from where
        other people's code is called that may block as it likes.
        """
        if frame is None or self._is_protected(frame):
            return False
        between = False
        while frame is not None:
            if self._is_protected(frame):
                between = True
            elif between or frame.f_code.co_name == "__del__":
                return False
            frame = frame.f_back
        return True

    def _is_protected(self, frame: FrameType) -> bool:
        module = str(frame.f_globals.get("__name__", ""))
        known = self._known.get(module)
        if known is None:
            dotted = module + "."
            known = self._known[module] = not dotted.startswith("actors.testing.") and any(
                dotted.startswith(name + ".") for name in self._protected
            )
        return known
