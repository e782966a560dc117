"""The `memory` offramp: keeps values, for tests and for programs that embed a deployment."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any, ClassVar

from gevent import Timeout
from gevent.event import Event
from pydantic import Field

from pipelines.options import Options
from ramps.offramp import Offramp, Outgoing, offramps

__all__ = ["MemoryOfframp"]


class MemoryOptions(Options):
    """Options of `memory`."""

    max_events: int | None = Field(
        default=None,
        ge=1,
        description="Hold events back while this many wait to be taken; without it memory is the limit.",
    )


@offramps.register
class MemoryOfframp(Offramp):
    """Values in a list. Look at `events`, wait for them, or take them out by iterating, from any greenlet.

    With ``max_events`` it is full until somebody takes: that is back-pressure. A batch is let in whole as soon as
    there is room for one event, so the bound may be exceeded by one batch.
    """

    name: ClassVar[str] = "memory"
    summary: ClassVar[str] = "Keeps events in memory, for tests and for programs that embed a deployment."
    example: ClassVar[str] = """
        [offramps.out]
        type = "memory"
        """
    encodes: ClassVar[bool] = False
    confirms = "write"
    Options = MemoryOptions
    options: MemoryOptions

    def __init__(self, options: MemoryOptions | None = None) -> None:
        super().__init__(options)
        self.events: deque[Any] = deque()
        """The values that nobody has taken yet, oldest first."""
        self.received = 0
        """How many were ever written."""
        self._opened = False
        self._changed = Event()

    def open(self) -> None:
        """Take events from now on; those from before stay."""
        self._opened = True

    def write(self, outgoing: Outgoing) -> None:
        """Keep the values. Blocks while it is full."""
        limit = self.options.max_events
        while limit is not None and len(self.events) >= limit:
            self._wait_for_change()
        self.events.extend(outgoing.batch.values)
        self.received += len(outgoing.batch)
        self._tell_waiters()

    def close(self) -> None:
        """End the iterators once they are through. The events stay."""
        self._opened = False
        self._tell_waiters()

    def wait_for(self, count: int, timeout: float = 5.0) -> list[Any]:
        """Block until this many events were ever written; what is there then. Raises ``TimeoutError`` saying how
        many there are after ``timeout`` seconds.
        """
        try:
            with Timeout(timeout, TimeoutError):
                while self.received < count:
                    self._wait_for_change()
        except TimeoutError:
            latest = list(self.events)[-3:]
            message = f"{self.received} of {count} events within {timeout:g} s; the latest are {latest!r}"
            raise TimeoutError(message) from None
        return list(self.events)

    def __iter__(self) -> Iterator[Any]:
        """Take the events out, oldest first. Blocks for more until it is closed and empty."""
        while True:
            while self.events:
                event = self.events.popleft()
                self._tell_waiters()
                yield event
            if not self._opened:
                return
            self._wait_for_change()

    def _wait_for_change(self) -> None:
        self._changed.wait()

    def _tell_waiters(self) -> None:
        # A new event each time: one that is cleared and set again while it wakes its waiters forgets those who came
        # in between.
        changed, self._changed = self._changed, Event()
        changed.set()
