"""`WaitingRequests`: the requests whose answer waits until what they brought is settled."""

from __future__ import annotations

from collections.abc import Callable

from gevent.event import AsyncResult

from pipelines.ticket import Outcome, Ticket
from ramps.confirmations import Confirmations

__all__ = ["WaitingRequest", "WaitingRequests"]


class WaitingRequest:
    """One request, from before its events are sent until it is answered."""

    def __init__(self) -> None:
        self._outcome = AsyncResult()
        self.ticket = Ticket(self._outcome.set)
        """What its events travel with."""
        self.events = 0
        """How many it has brought, with what of it was in error."""
        self.delivered = False
        """Whether its client may forget them."""

    def wait(self, timeout_seconds: float) -> Outcome | None:
        """What became of all its events; ``None`` if that is not known after this long, or will not be. Blocks."""
        outcome: Outcome | None = self._outcome.wait(timeout_seconds)
        self.delivered = outcome is Outcome.DELIVERED
        return outcome

    def give_up(self) -> None:
        """Do not wait for the ticket any more."""
        if not self._outcome.ready():
            self._outcome.set(None)


class WaitingRequests:
    """At most ``most`` at a time, and none before `start`."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._requests: set[WaitingRequest] = set()
        self._takes_more = False
        self._on_last: Callable[[], None] | None = None
        self._confirmed = self._sent_again = 0
        self._refused: list[int] = []
        """How many events each request had that was refused since no more are taken."""

    def __len__(self) -> int:
        return len(self._requests)

    def start(self) -> None:
        """Take requests, from now on or again."""
        self._takes_more, self._on_last = True, None
        self._sent_again += sum(self._refused)
        self._refused.clear()

    def begin(self) -> WaitingRequest | None:
        """One more, for `end` when it is answered; ``None`` if there are too many, or none may wait any more."""
        if not self._takes_more or len(self._requests) >= self._most:
            return None
        request = WaitingRequest()
        self._requests.add(request)
        return request

    def end(self, request: WaitingRequest) -> None:
        """This one is answered, or its client is gone."""
        if request not in self._requests:
            return
        self._requests.discard(request)
        if request.delivered:
            self._confirmed += request.events
        elif self._takes_more:
            self._sent_again += request.events
        elif request.events:
            self._refused.append(request.events)
        if not self._requests and self._on_last is not None:
            self._on_last()

    def finish(self, on_last: Callable[[], None]) -> None:
        """Take no more; call back when the last one is answered, at once if there is none."""
        self._takes_more, self._on_last = False, on_last
        if not self._requests:
            on_last()

    @property
    def finishing(self) -> bool:
        """Whether no more are taken, and some are still to be answered."""
        return not self._takes_more and bool(self._requests)

    def stop(self) -> None:
        """Let none of them wait any more: the source is closed."""
        self._takes_more, self._on_last = False, None
        for request in list(self._requests):
            request.give_up()

    def confirmations(self) -> Confirmations:
        """What clients were told of their events. That they do send again what was refused is taken for granted."""
        unconfirmed = sum(self._refused) + sum(request.events for request in self._requests)
        remains = ""
        if self._refused:
            remains = f"{_requests(len(self._refused))} got no 202, and the client is to send again"
        elif self._requests:
            remains = f"{_requests(len(self._requests))} not answered yet"
        return Confirmations(self._confirmed, self._sent_again, unconfirmed, remains)


def _requests(count: int) -> str:
    return f"{count} request{'' if count == 1 else 's'}"
