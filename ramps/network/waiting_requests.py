"""`WaitingRequests`: the requests whose answer waits until what they brought is settled."""

from __future__ import annotations

from gevent.event import AsyncResult

from pipelines.ticket import Outcome, Ticket

__all__ = ["WaitingRequest", "WaitingRequests"]


class WaitingRequest:
    """One request, from before its events are sent until it is answered."""

    def __init__(self) -> None:
        self._outcome = AsyncResult()
        self.ticket = Ticket(self._outcome.set)
        """What its events travel with."""

    def wait(self, timeout_seconds: float) -> Outcome | None:
        """What became of all its events; ``None`` if that is not known after this long, or will not be. Blocks."""
        outcome: Outcome | None = self._outcome.wait(timeout_seconds)
        return outcome

    def give_up(self) -> None:
        """Do not wait for the ticket any more."""
        if not self._outcome.ready():
            self._outcome.set(None)


class WaitingRequests:
    """At most ``most`` at a time."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._requests: set[WaitingRequest] = set()
        self._stopped = False

    def __len__(self) -> int:
        return len(self._requests)

    def begin(self) -> WaitingRequest | None:
        """One more, for `end` when it is answered; ``None`` if there are too many, or none may wait any more."""
        if self._stopped or len(self._requests) >= self._most:
            return None
        request = WaitingRequest()
        self._requests.add(request)
        return request

    def end(self, request: WaitingRequest) -> None:
        """This one is answered, or its client is gone."""
        self._requests.discard(request)

    def stop(self) -> None:
        """Let none of them wait any more: the source is closed."""
        self._stopped = True
        for request in list(self._requests):
            request.give_up()
