"""The hand-off run queue on top of gevent's hub, and the time slice.

gevent resumes greenlets first in, first out. With many chains source → pipeline → sink, that puts one batch of each
chain in flight before the first is consumed, and the working set leaves the cache. Here a greenlet that gives a batch
to a waiting one is *pushed on a stack* and the other runs at once (`wake`); a greenlet that blocks *pops the stack*. A
chain runs like nested calls, on hot data. For a single message the receiver is pushed instead (`make_ready`), and the
sender goes on: one switch then serves all that it sends before it blocks.

Two things keep that fair. When the time slice is spent, everything on the stack is moved to first-in-first-out queues,
one entry each, and the hub gets control; of the two queues, that of the actors goes before that of all others, so that
what is in flight is finished before more is made. And whatever is on the stack or in a queue when the hub runs is
resumed by a hub timer (`_drain`), so it runs even if the greenlet that should have popped it died or blocked in plain
gevent I/O. It is a *timer*, not a callback, because gevent runs up to 50 queued callbacks before it looks at sockets
and timers: fifty slices of 5 ms would keep I/O waiting for a quarter of a second.

Every greenlet on the stack or in the queue is suspended inside `wake`, `park` or `yield_now` of this scheduler and
expects to be resumed with the value ``_RESUME``. If anything else resumes it (``kill``, ``gevent.Timeout``), it takes
itself off first, so it is never resumed twice.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from time import perf_counter
from typing import Any, Final, NoReturn

from gevent import get_hub, getcurrent
from gevent.monkey import get_original

from actors.errors import Misuse

__all__ = ["Scheduler"]

_RESUME: Final = object()

# In a monkey-patched program `threading.get_ident` tells greenlets apart; here threads are wanted.
_thread_ident = get_original("_thread", "get_ident")

# libev fires a timer of zero length at once and again within the same pass only if it is positive and tiny; gevent's
# own sleep(0) bypasses the event loop. One nanosecond means: after the next look at sockets and timers.
_NEXT_PASS_SECONDS: Final = 1e-9

# A pair of actors that never stop telling each other things has one turn in so many taken away for everybody else.
_TAKERS_IN_A_ROW: Final = 32

_WRONG_THREAD: Final = (
    "an actor was used from another thread than the one that its system runs in; hand the call over with "
    "ActorSystem.call_threadsafe"
)


class Scheduler:
    """Decides which parked greenlet runs next. One per `ActorSystem`; belongs to the thread that made it.

    ``slice_seconds``: how long chains of hand-offs may keep the hub, and with it I/O, timers and everybody else,
    waiting. Longer keeps data hotter, shorter keeps latency lower.
    """

    __slots__ = (
        "_armed", "_closed", "_deferred", "_iteration", "_loop", "_ready", "_stack", "_takers",
        "_takers_in_a_row", "_thread", "_timer", "hub", "slice_end", "slice_seconds",
    )  # fmt: skip

    def __init__(self, slice_seconds: float = 0.005) -> None:
        self.hub = get_hub()
        self.slice_seconds = slice_seconds
        self._loop = self.hub.loop
        self._stack: list[Any] = []
        self._ready: deque[Any] = deque()
        self._takers: deque[Any] = deque()
        self._takers_in_a_row = 0
        self._deferred: list[Callable[[], None]] = []
        self._timer: Any = self._loop.timer(_NEXT_PASS_SECONDS)
        self._thread = _thread_ident()
        self._armed = False
        self._closed = False
        self._iteration = -1
        self.slice_end = 0.0
        """When the slice ends (`time.perf_counter`), as far as `spent` knows."""

    def close(self) -> None:
        """Release the hub timer, as soon as everybody who is ready now has run. A second call does nothing."""
        self._closed = True
        if not self._armed:
            self._release()

    def __len__(self) -> int:
        """Greenlets that are ready to run and have not been resumed yet."""
        return len(self._stack) + len(self._takers) + len(self._ready)

    def spent(self) -> bool:
        """Whether the current time slice is over.

        When it is, and the hub has had a turn since it began, the next one begins: nobody keeps the hub waiting for
        longer than two slices.
        """
        now = perf_counter()
        if now < self.slice_end:
            return False
        iteration = self._loop.iteration
        if iteration != self._iteration:
            self._iteration = iteration
            self.slice_end = now + self.slice_seconds
            return False
        return True

    def wake(self, greenlet: Any) -> None:
        """Run a parked greenlet now, the caller later: the hand-off.

        The caller goes on when the woken one blocks. From the hub itself, and when the slice is spent, the greenlet is
        queued instead and the caller goes on: it is about to yield in its own loop, where it holds nothing, and who is
        suspended in here keeps hold of what it sends. The woken greenlet must be parked and not woken yet; claiming it
        is the caller's business. Raises `Misuse` in any other thread; the greenlet is woken all the same, so that
        nobody waits for ever.
        """
        if _thread_ident() != self._thread:
            self._wake_from_elsewhere(greenlet)
        current = getcurrent()
        if current is self.hub or (perf_counter() >= self.slice_end and self.spent()):
            self._queue(greenlet)
            if not self._armed:
                self._arm()
            return
        self._stack.append(current)
        if not self._armed:
            self._arm()
        try:
            if greenlet.switch(_RESUME) is not _RESUME:
                self._forget(current)
        except BaseException:
            self._forget(current)
            raise

    def make_ready(self, greenlet: Any) -> None:
        """Let a parked greenlet run as soon as the caller blocks. Never switches. Safe to call from the hub.

        Raises `Misuse` in any other thread; the greenlet is woken all the same.
        """
        if _thread_ident() != self._thread:
            self._wake_from_elsewhere(greenlet)
        self._stack.append(greenlet)
        if not self._armed:
            self._arm()

    def park(self) -> None:
        """Suspend the caller until somebody wakes it. May return for no reason: wait in a loop on your condition.

        Raises `Misuse` in the hub, which nobody could wake, and in any other thread than the scheduler's own.
        """
        if _thread_ident() != self._thread:
            raise Misuse(_WRONG_THREAD)
        current = getcurrent()
        if current is self.hub:
            raise Misuse("a callback of the hub must not block; start a greenlet for what has to wait")
        stack = self._stack
        if stack:
            if perf_counter() < self.slice_end or not self.spent():
                try:
                    if stack.pop().switch(_RESUME) is not _RESUME:
                        self._forget(current)
                except BaseException:
                    self._forget(current)
                    raise
                return
            self._queue_stack()
        self._to_hub(current)

    def defer(self, call: Callable[[], None]) -> None:
        """Have this called in the hub, before anybody is resumed there: for what is needed only if the hub gets a turn.

        It must not block, nor raise.
        """
        self._deferred.append(call)
        if not self._armed:
            self._arm()

    def withdraw(self, call: Callable[[], None]) -> None:
        """Undo `defer`, if this was the last call deferred. Otherwise it is left, and must be harmless."""
        if self._deferred and self._deferred[-1] is call:
            self._deferred.pop()

    def checkpoint(self) -> None:
        """For hot loops: go on while the slice lasts, then let everybody else run, I/O and timers included."""
        if self.spent():
            self.yield_now()

    def yield_now(self) -> None:
        """Let everybody else run, I/O and timers included, then go on: the forced cooperative sleep."""
        current = getcurrent()
        if current is self.hub:
            return
        self._queue(current)
        self._queue_stack()
        self._to_hub(current)

    def _to_hub(self, current: Any) -> None:
        try:
            if self.hub.switch() is not _RESUME:
                self._forget(current)
        except BaseException:
            self._forget(current)
            raise

    def _queue_stack(self) -> None:
        # The top of the stack first: it is the one that holds hot data. One entry each, and all of them behind what
        # waits already, so that no greenlet at the bottom of a busy stack can starve.
        if self._stack:
            for greenlet in reversed(self._stack):
                self._queue(greenlet)
            self._stack.clear()
        if not self._armed:
            self._arm()

    def _queue(self, greenlet: Any) -> None:
        # What takes messages goes before what makes them. Otherwise each time an actor's slice ends, all sources run
        # before its next one and fill every mailbox on the way to it; with 64 chains and full mailboxes that was 68,000
        # events in flight instead of 64, 260 MB instead of 70, and a third of the throughput, for ever.
        if getattr(greenlet, "takes_messages", False):
            self._takers.append(greenlet)
        else:
            self._ready.append(greenlet)

    def _next(self) -> Any:
        """Whose turn it is, or ``None``. Actors that tell each other things for ever keep nobody else waiting."""
        if self._takers and (self._takers_in_a_row < _TAKERS_IN_A_ROW or not self._ready):
            self._takers_in_a_row += 1
            return self._takers.popleft()
        self._takers_in_a_row = 0
        return self._ready.popleft() if self._ready else None

    def _arm(self) -> None:
        self._armed = True
        if self._timer is None:
            self._timer = self._loop.timer(_NEXT_PASS_SECONDS)
        self._timer.start(self._drain)

    def _drain(self) -> None:
        """Runs in the hub: resumes what is ready until a slice is spent, then lets the hub look at I/O first."""
        if self._deferred:
            calls, self._deferred = self._deferred, []
            for call in calls:
                call()
        end = perf_counter() + self.slice_seconds
        try:
            while True:
                if self._stack:
                    self._queue_stack()
                greenlet = self._next()
                if greenlet is None:
                    break
                greenlet.switch(_RESUME)
                if perf_counter() >= end:
                    break
        finally:
            self._timer.stop()
            self._armed = False
            if self._ready or self._takers or self._stack or self._deferred:
                self._arm()
            elif self._closed:
                self._release()

    def _release(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.stop()
            timer.close()

    def _wake_from_elsewhere(self, greenlet: Any) -> NoReturn:
        self._loop.run_callback_threadsafe(self.make_ready, greenlet)
        raise Misuse(_WRONG_THREAD)

    def _forget(self, greenlet: Any) -> None:
        """Take a greenlet that was resumed by somebody else out of the stack and the queue."""
        for queue in (self._stack, self._ready, self._takers):
            try:
                queue.remove(greenlet)
            except ValueError:
                pass
