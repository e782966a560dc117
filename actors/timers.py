"""Messages that an actor sends itself later."""

from __future__ import annotations

from typing import Any

from actors.clock import Cancellable, Clock
from actors.mailbox import Mailbox

__all__ = ["OneShotTimer", "PeriodicTimer", "Timers"]


class Timers:
    """The timers of one incarnation, so that they can all be cancelled when it ends."""

    __slots__ = ("_active", "_clock", "_mailbox")

    def __init__(self, clock: Clock, mailbox: Mailbox) -> None:
        self._clock = clock
        self._mailbox = mailbox
        self._active: set[Cancellable] = set()

    def after(self, seconds: float, message: Any) -> Cancellable:
        """Put the message into the control lane once."""
        timer = OneShotTimer(self._active, self._mailbox, message)
        timer.start(self._clock, seconds)
        return timer

    def every(self, seconds: float, message: Any) -> Cancellable:
        """Put the message into the control lane periodically, never twice at a time."""
        if seconds <= 0:
            raise ValueError("a period must be longer than zero seconds")
        timer = PeriodicTimer(self._active, self._mailbox, message, self._clock, seconds)
        timer.start()
        return timer

    def cancel_all(self) -> None:
        """Cancel whatever is still active."""
        for timer in list(self._active):
            timer.cancel()


class OneShotTimer:
    """A message that comes once."""

    __slots__ = ("_active", "_call", "_mailbox", "_message", "cancelled")

    def __init__(self, active: set[Cancellable], mailbox: Mailbox, message: Any) -> None:
        self._active = active
        self._mailbox = mailbox
        self._message = message
        self._call: Cancellable | None = None
        self.cancelled = False

    def start(self, clock: Clock, seconds: float) -> None:
        """Begin to wait."""
        self._active.add(self)
        self._call = clock.call_later(seconds, self._fire)

    def _fire(self) -> None:
        self._active.discard(self)
        self._call = None
        if not self._mailbox.closed:
            # With itself as the mark, so that it is not delivered to an incarnation that never asked for it.
            self._mailbox.put_control(self._message, reply=self)

    def accept(self) -> bool:
        """The actor has taken the message: whether it is to be delivered."""
        return not self.cancelled

    def cancel(self) -> None:
        """Do not deliver, not even what is in the mailbox already. Harmless when it is too late for that."""
        self.cancelled = True
        self._active.discard(self)
        call, self._call = self._call, None
        if call is not None:
            call.cancel()


class PeriodicTimer:
    """A message that comes again and again, on schedule, one at a time."""

    __slots__ = (
        "_active", "_call", "_clock", "_due", "_mailbox", "_message", "_seconds", "_waiting", "cancelled",
    )  # fmt: skip

    def __init__(
        self, active: set[Cancellable], mailbox: Mailbox, message: Any, clock: Clock, seconds: float
    ) -> None:
        self._active = active
        self._mailbox = mailbox
        self._message = message
        self._clock = clock
        self._seconds = seconds
        self._due = clock.now()
        self._call: Cancellable | None = None
        self.cancelled = False
        self._waiting = False

    def start(self) -> None:
        """Begin, or go on after a message."""
        self._active.add(self)
        now = self._clock.now()
        # On schedule: the next multiple of the period after now, however late this call is.
        missed = max(0, int((now - self._due) / self._seconds))
        self._due += (missed + 1) * self._seconds
        self._call = self._clock.call_later(self._due - now, self._fire)

    def _fire(self) -> None:
        if self._mailbox.closed or self.cancelled:
            return
        if not self._waiting:
            self._waiting = True
            self._mailbox.put_control(self._message, reply=self)
        self.start()

    def accept(self) -> bool:
        """The actor has taken the message: whether it is to be delivered."""
        self._waiting = False
        return not self.cancelled

    def cancel(self) -> None:
        """Send no more; a message that is in the mailbox already is not delivered either."""
        self.cancelled = True
        self._active.discard(self)
        call, self._call = self._call, None
        if call is not None:
            call.cancel()
