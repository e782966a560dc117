"""`Mailbox`: three lanes into one actor, bounded where events flow, and honest about who waits."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from gevent import getcurrent

from actors.clock import Clock
from actors.errors import MailboxClosed, MailboxFull, Misuse
from actors.scheduler import Scheduler

__all__ = ["Envelope", "Lane", "Mailbox", "MailboxLimits", "MailboxStatistics", "current_name"]

Envelope = tuple[Any, Any, int, int]
"""What a lane holds: message, where the reply goes (or ``None``), events, bytes. A bare tuple, because it is made for
every message: a named one costs four times as much."""


class Lane(IntEnum):
    """The lanes of a mailbox; a lower number is always taken first."""

    CONTROL = 0
    """Life-cycle messages and timers. Never blocks the sender."""
    CONTRAFLOW = 1
    """Acknowledgements and the like, against the stream. Never blocks the sender: an ack must not wait behind the
    data that it acknowledges, and two actors must not wait for each other."""
    FLOW = 2
    """Events, `tell` and `ask`. Bounded; a full lane makes the sender wait."""


@dataclass(frozen=True, slots=True)
class MailboxLimits:
    """Bounds of the flow lane. One message larger than a bound is let in when the lane is empty."""

    events: int = 1024
    bytes: int = 64 * 2**20

    def __post_init__(self) -> None:
        if self.events < 1 or self.bytes < 1:
            raise ValueError("a mailbox must have room for at least one event and one byte")


@dataclass(frozen=True, slots=True)
class MailboxStatistics:
    """A snapshot for people and metrics."""

    depth: int
    """Events that wait in the flow lane now."""
    bytes: int
    """Bytes that wait in the flow lane now."""
    peak: int
    """The most events that ever waited."""
    total: int
    """Events that ever came into the flow lane."""
    control: int
    """Messages that wait in the control lane now."""
    contraflow: int
    """Messages that wait in the contraflow lane now."""
    blocked_seconds: float
    """Time that senders have spent waiting for room, those who wait now included."""
    blocked_senders: tuple[str, ...]
    """Who waits for room now, first come first."""


_NO_LANE: Final[deque[Envelope]] = deque(maxlen=0)

_WAITING: Final = 0
_ADMITTED: Final = 1
_EXPIRED: Final = 2
_CLOSED: Final = 3


class _BlockedSender:
    __slots__ = ("envelope", "greenlet", "name", "since", "state")

    def __init__(self, greenlet: Any, envelope: Envelope, since: float) -> None:
        self.greenlet = greenlet
        self.envelope = envelope
        self.name = current_name()
        self.since = since
        self.state = _WAITING


class Mailbox:
    """Three lanes, one taker, any number of senders, all greenlets of one hub.

    When the taker waits, a put of a batch (more than one event) hands over to it: it runs at once, and the sender goes
    on when it blocks. A put of one event only makes it ready: it runs when the sender blocks, or when the slice ends
    (see `Scheduler`). Within a lane, messages come out in the order in which `put` was called, also when senders had
    to wait: a waiting sender's message is moved into the lane for it, before anybody who came later.
    """

    __slots__ = (
        "_blocked_seconds", "_clock", "_contraflow", "_control", "_depth", "_flow", "_max_bytes", "_max_events",
        "_open_events", "_peak", "_scheduler", "_senders", "_size", "_taker", "closed", "name", "owner", "taken",
    )  # fmt: skip

    def __init__(
        self, scheduler: Scheduler, clock: Clock, limits: MailboxLimits | None = None, name: str = ""
    ) -> None:
        limits = limits or MailboxLimits()
        self.name = name
        self.closed = False
        self.owner: Any = None
        """The greenlet that takes, if it is known: it may not wait for room in its own mailbox."""
        self._scheduler = scheduler
        self._clock = clock
        self._max_events = limits.events
        self._max_bytes = limits.bytes
        # An empty deque takes 760 bytes, and there may be 100,000 actors: each lane is made by its first message. For
        # the flow lane, -1 sends that message to `_put_slowly`.
        self._open_events = -1
        self._flow: deque[Envelope] = _NO_LANE
        self._control: deque[Envelope] | None = None
        self._contraflow: deque[Envelope] | None = None
        self._senders: deque[_BlockedSender] | None = None
        self._taker: Any = None
        self._depth = 0
        self._size = 0
        self._peak = 0
        self.taken = 0
        """Events ever taken from the flow lane: a measure of progress."""
        self._blocked_seconds = 0.0

    # --- senders -----------------------------------------------------------------------------------------------------

    def put(
        self, message: Any, reply: Any = None, events: int = 1, size: int = 0, timeout: float | None = None
    ) -> None:
        """Put into the flow lane; block (cooperatively) while it is full.

        ``events`` and ``size`` (bytes) are what the message counts against the bounds. Raises `MailboxFull` when there
        was no room within ``timeout`` seconds, or when waiting could never end (the taker itself, or the hub, puts);
        `MailboxClosed` when it is closed, also while waiting. After any of these the message is not in the mailbox.
        What somebody else throws into a waiting sender (a kill, a `gevent.Timeout`) says nothing about that: the
        message may have been let in just before.
        """
        # Runs for every message. ``_open_events`` is the bound, or -1 while the mailbox is closed, has no lane yet, or
        # senders wait, so that one comparison settles all; what can be counted by the taker is counted there.
        depth = self._depth + events
        if depth > self._open_events or (size and self._size + size > self._max_bytes):
            self._put_slowly((message, reply, events, size), timeout)
            return
        self._flow.append((message, reply, events, size))
        self._depth = depth
        if size:
            self._size += size
        if self._taker is not None:
            self.rouse(events)

    def rouse(self, events: int) -> None:
        """For who has put something: hand over to the waiting taker if it was a batch, else make it ready."""
        taker, self._taker = self._taker, None
        if events > 1:
            self._scheduler.wake(taker)
        else:
            self._scheduler.make_ready(taker)

    def try_put(self, message: Any, *, reply: Any = None, events: int = 1, size: int = 0) -> bool:
        """Put into the flow lane if there is room now; False if not. Does not block. Raises `MailboxClosed`.

        It may still switch, when it hands a batch to a waiting taker: not waiting for room is what is promised.
        """
        if not self.closed and (self._senders is not None or not self._fits(events, size)):
            return False
        self.put(message, reply=reply, events=events, size=size)
        return True

    def put_control(self, message: Any, reply: Any = None, lane: Lane = Lane.CONTROL) -> None:
        """Put into the control or contraflow lane. Never blocks and never switches. Raises `MailboxClosed`.

        A ``reply`` marks the message as one for the incarnation that runs now (see `drop_private`).
        """
        if self.closed:
            raise MailboxClosed(f"the mailbox of {self.name or 'an actor'} is closed")
        if lane is Lane.CONTROL:
            if self._control is None:
                self._control = deque()
            self._control.append((message, reply, 0, 0))
        else:
            if self._contraflow is None:
                self._contraflow = deque()
            self._contraflow.append((message, reply, 0, 0))
        self.nudge()

    def drop_private(self) -> None:
        """Drop the control messages that were meant for an incarnation that is over: its timers, its orders to stop."""
        if self._control:
            self._control = deque(envelope for envelope in self._control if envelope[1] is None)

    def nudge(self) -> None:
        """Let a waiting taker look again."""
        taker, self._taker = self._taker, None
        if taker is not None:
            self._scheduler.make_ready(taker)

    # --- the taker ---------------------------------------------------------------------------------------------------

    def take(self, timeout: float | None = None) -> Envelope | None:
        """The next message, by lane and then by age; blocks until there is one, at most ``timeout`` seconds.

        ``None`` when the time ran out. One taker at a time: a second one raises `Misuse`.
        """
        envelope = self.take_nowait()
        if envelope is not None or timeout == 0:
            return envelope
        expired = False

        def expire() -> None:
            nonlocal expired
            expired = True
            self.nudge()

        timer = None if timeout is None else self._clock.call_later(timeout, expire)
        try:
            while envelope is None and not expired:
                self.wait()
                envelope = self.take_nowait()
        finally:
            if timer is not None:
                timer.cancel()
        return envelope

    def take_nowait(self) -> Envelope | None:
        """The next message, by lane and then by age, or ``None``. Does not block."""
        if self._control:
            return self._control.popleft()
        if self._contraflow:
            return self._contraflow.popleft()
        if self._flow:
            envelope = self._flow.popleft()
            # Between two takes the depth only grows, so this is where its peaks are.
            depth = self._depth
            if depth > self._peak:
                self._peak = depth
            self.taken += envelope[2]
            self._depth = depth - envelope[2]
            if envelope[3]:
                self._size -= envelope[3]
            if self._senders is not None:
                self._admit()
            return envelope
        return None

    def wait(self) -> None:
        """Block until something may have come. May return for no reason; look with `take_nowait`."""
        if self._taker is not None:
            raise Misuse(f"two greenlets take from the mailbox of {self.name or 'an actor'}")
        current = getcurrent()
        self._taker = current
        try:
            self._scheduler.park()
        finally:
            # Still set after a spurious return, a kill or a timeout; a waker would otherwise resume us twice.
            if self._taker is current:
                self._taker = None

    # --- life and statistics -----------------------------------------------------------------------------------------

    def close(self) -> list[Envelope]:
        """Take nothing any more; return what is left, in the order it would have been taken, and turn waiting senders
        away with `MailboxClosed` (their messages are not among what is left).
        """
        self.closed = True
        self._open_events = -1
        self._peak = max(self._peak, self._depth)
        self.taken += self._depth
        left = [
            envelope for lane in (self._control, self._contraflow, self._flow) if lane for envelope in lane
        ]
        self._control = self._contraflow = None
        self._flow = _NO_LANE
        self._depth = self._size = 0
        senders, self._senders = self._senders or (), None
        for sender in senders:
            self._release(sender, _CLOSED)
        self.nudge()
        return left

    def resize(self, limits: MailboxLimits) -> None:
        """Other bounds from now on. What is in it stays, also where that is more than they allow."""
        self._max_events, self._max_bytes = limits.events, limits.bytes
        if self._senders is not None:
            self._admit()
        elif self._open_events >= 0:
            self._open_events = limits.events

    def __len__(self) -> int:
        """Events that wait in the flow lane."""
        return self._depth

    def pending(self) -> bool:
        """Whether a taker would find something, in any lane."""
        return bool(self._flow or self._control or self._contraflow)

    def statistics(self) -> MailboxStatistics:
        """A snapshot of the counters, and who waits for room now."""
        senders = self._senders or ()
        now = self._clock.now()
        return MailboxStatistics(
            depth=self._depth,
            bytes=self._size,
            peak=max(self._peak, self._depth),
            total=self.taken + self._depth,
            control=len(self._control or ()),
            contraflow=len(self._contraflow or ()),
            blocked_seconds=self._blocked_seconds + sum(now - sender.since for sender in senders),
            blocked_senders=tuple(sender.name for sender in senders),
        )

    # --- waiting for room --------------------------------------------------------------------------------------------

    def _fits(self, events: int, size: int) -> bool:
        # As in `put`: what has no size does not wait for bytes.
        return not self._flow or (
            self._depth + events <= self._max_events and (not size or self._size + size <= self._max_bytes)
        )

    def _put_slowly(self, envelope: Envelope, timeout: float | None) -> None:
        """Closed, without a lane yet, full, or too large for an empty lane."""
        if self.closed:
            raise MailboxClosed(f"the mailbox of {self.name or 'an actor'} is closed")
        if self._flow is _NO_LANE:
            self._flow = deque()
            self._open_events = self._max_events
            self.put(*envelope, timeout)
            return
        if self._flow or self._senders is not None:
            self._put_blocked(envelope, timeout)
            return
        self._flow.append(envelope)
        self._depth += envelope[2]
        self._size += envelope[3]
        taker, self._taker = self._taker, None
        if taker is not None:
            self._scheduler.wake(taker)

    def _put_blocked(self, envelope: Envelope, timeout: float | None) -> None:
        current = getcurrent()
        where = self.name or "an actor"
        if current is self.owner:
            raise MailboxFull(f"{where} would wait for itself: its own mailbox is full")
        if current is self._scheduler.hub:
            raise MailboxFull(f"the mailbox of {where} is full, and the hub must not wait for it")
        if timeout is not None and timeout <= 0:
            raise MailboxFull(f"the mailbox of {where} is full")
        sender = _BlockedSender(current, envelope, self._clock.now())
        if self._senders is None:
            self._senders = deque()
            self._open_events = -1
        self._senders.append(sender)
        timer = None
        if timeout is not None:
            timer = self._clock.call_later(timeout, lambda: self._give_up(sender, _EXPIRED))
        # For stall detection: who waits here is not stalled itself. Only actors' greenlets have the slot.
        cell = getattr(current, "cell", None)
        if cell is not None:
            cell.blocked_on = where
        try:
            while sender.state == _WAITING:
                self._scheduler.park()
        except BaseException:
            self._give_up(sender, _EXPIRED)
            raise
        finally:
            if cell is not None:
                cell.blocked_on = None
            if timer is not None:
                timer.cancel()
        if sender.state == _EXPIRED:
            raise MailboxFull(f"the mailbox of {where} had no room within {timeout:g} s")
        if sender.state == _CLOSED:
            raise MailboxClosed(f"{where} ended while {sender.name} waited for room in its mailbox")

    def _give_up(self, sender: _BlockedSender, state: int) -> None:
        if sender.state != _WAITING or self._senders is None:
            return
        self._senders.remove(sender)
        self._release(sender, state)
        # A big message at the head may have kept out smaller ones behind it.
        self._admit()

    def _release(self, sender: _BlockedSender, state: int) -> None:
        sender.state = state
        self._blocked_seconds += self._clock.now() - sender.since
        if sender.greenlet is not getcurrent():
            self._scheduler.make_ready(sender.greenlet)

    def _admit(self) -> None:
        """Move the messages of waiting senders into the lane while they fit, first come first."""
        senders = self._senders
        while senders:
            envelope = senders[0].envelope
            events, size = envelope[2], envelope[3]
            if not self._fits(events, size):
                return
            self._flow.append(envelope)
            self._depth += events
            self._size += size
            self._release(senders.popleft(), _ADMITTED)
        self._senders = None
        if not self.closed:
            self._open_events = self._max_events


def current_name() -> str:
    """The name of the actor whose greenlet (or worker) runs now; otherwise what gevent calls the greenlet."""
    current = getcurrent()
    cell = getattr(current, "cell", None)
    if cell is not None:
        return str(cell.name)
    name = getattr(current, "name", None)
    if name is not None:
        return str(name)
    return "main" if current.parent is None or not hasattr(current, "run") else repr(current)
