"""`Tracker`: what a source has sent and not yet heard of. From answers in any order to one confirmed position.

A source with positions (an offset in a file, a key, a count of lines) takes a ticket for each piece that it reads, in
order. The tracker confirms a position when everything up to it was answered with `Outcome.DELIVERED`: never further,
whatever comes first. When something has failed, the source calls `rewind`, and reads again from there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Generic, TypeVar

from gevent.event import Event

from pipelines.ticket import Outcome, Ticket

__all__ = ["Tracker"]

Position = TypeVar("Position")


class _Piece(Generic[Position]):
    __slots__ = ("done", "events", "position", "weight")

    def __init__(self, position: Position, weight: int) -> None:
        self.position = position
        self.weight = weight
        self.events = 0
        self.done = False


class Tracker(Generic[Position]):
    """``start`` is the position that is confirmed at the beginning. ``most`` bounds the sum of weights in flight
    (bytes, or whatever the source counts). ``on_confirmed`` is called with each newly confirmed position, and
    ``on_failed`` when something has failed, in whatever greenlet answered last: they must neither block nor raise.
    """

    def __init__(
        self,
        start: Position,
        *,
        most: int,
        on_confirmed: Callable[[Position], None] = lambda _position: None,
        on_failed: Callable[[], None] = lambda: None,
    ) -> None:
        self.confirmed = start
        """Everything up to here is delivered."""
        self.failed = False
        """Whether something has failed since the last `rewind`."""
        self.in_flight = 0
        """The sum of the weights of what is not confirmed."""
        self.confirmed_events = 0
        """Events in what is confirmed, as far as they were counted."""
        self.events_sent_again = 0
        """Events in what a `rewind` went back behind."""
        self._most = most
        self._on_confirmed = on_confirmed
        self._on_failed = on_failed
        self._pieces: deque[_Piece[Position]] = deque()
        # For who waits. To set it costs a microsecond, and mostly nobody does.
        self._changed = Event()
        self._waiting = 0
        self._woken = False

    def ticket(self, position: Position, weight: int = 1) -> Ticket:
        """The ticket of the next piece. ``position`` is where to go on when this one and all before are delivered."""
        piece = _Piece(position, weight)
        self._pieces.append(piece)
        self.in_flight += weight

        def settle(outcome: Outcome) -> None:
            self._settle(piece, outcome)

        return Ticket(settle)

    def reach(self, position: Position) -> None:
        """Say how far the latest piece reaches, where that is known only afterwards: as long as its ticket is not
        settled, so a fork of it must be held back until then.
        """
        if self._pieces:
            self._pieces[-1].position = position

    def count(self, events: int) -> None:
        """Say how many events the latest piece has; like `reach`."""
        if self._pieces:
            self._pieces[-1].events += events

    @property
    def unconfirmed_events(self) -> int:
        """Events in what is not confirmed, as far as they were counted."""
        return sum(piece.events for piece in self._pieces)

    @property
    def is_settled(self) -> bool:
        """Whether nothing is under way, of whatever weight."""
        return not self._pieces

    def wait_for_room(self, timeout: float | None = None) -> bool:
        """Block until there is room for more, something has failed, or `wake` is called; False after the timeout."""
        if self.in_flight < self._most:
            self._woken = False
            return True
        return self._wait(lambda: self.in_flight < self._most or self.failed, timeout)

    def wait_until_settled(self, timeout: float | None = None) -> bool:
        """Block until everything is confirmed, something has failed, or `wake` is called; False after the timeout."""
        return self._wait(lambda: not self._pieces or self.failed, timeout)

    def wake(self) -> None:
        """Let whoever waits go on, or is just about to wait: the source is closed."""
        self._woken = True
        self._changed.set()

    def rewind(self) -> Position:
        """Forget what is in flight, whose answers mean nothing any more; the position to read on from."""
        self.events_sent_again += self.unconfirmed_events
        self._pieces.clear()
        self.in_flight = 0
        self.failed = self._woken = False
        return self.confirmed

    def _wait(self, is_over: Callable[[], bool], timeout: float | None) -> bool:
        deadline = None if timeout is None else monotonic() + timeout
        self._waiting += 1
        try:
            while not (is_over() or self._woken):
                self._changed.clear()
                if not self._changed.wait(None if deadline is None else max(0.0, deadline - monotonic())):
                    return is_over()
        finally:
            self._waiting -= 1
        self._woken = False
        return True

    def _join_at_end(self) -> None:
        """Bytes that come one by one, and are no event, must not have a piece each for as long as one before them is
        under way.
        """
        pieces = self._pieces
        while len(pieces) > 1 and pieces[-1].done:
            last = pieces.pop()
            pieces[-1].position = last.position
            pieces[-1].weight += last.weight
            pieces[-1].events += last.events

    def _settle(self, piece: _Piece[Position], outcome: Outcome) -> None:
        pieces = self._pieces
        if outcome is not Outcome.DELIVERED:
            if piece in pieces:
                self.failed = True
                self._changed.set()
                self._on_failed()
            return
        piece.done = True
        if not pieces or not pieces[0].done:
            self._join_at_end()
            return
        while pieces and pieces[0].done:
            first = pieces.popleft()
            self.in_flight -= first.weight
            self.confirmed_events += first.events
            self.confirmed = first.position
        self._on_confirmed(self.confirmed)
        if self._waiting and (not pieces or self.in_flight < self._most):
            self._changed.set()
