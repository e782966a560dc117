"""`AwaitedTarget`: stands in for a component that starts only when another one has gone."""

from __future__ import annotations

from typing import Any

from gevent.event import Event

from actors import ActorRef, MailboxFull

__all__ = ["AwaitedTarget"]


class AwaitedTarget:
    """Holds back whoever sends to it, as a full mailbox does, until the one that is meant is there."""

    def __init__(self) -> None:
        self._ref: ActorRef[Any] | None = None
        self._there = Event()

    def resolve(self, ref: ActorRef[Any]) -> None:
        """Let them send to this one."""
        self._ref = ref
        self._there.set()

    def tell(self, message: Any, *, events: int = 1, size: int = 0, timeout: float | None = None) -> None:
        """Deliver, when it is there. Blocks until then; raises `MailboxFull` after ``timeout`` seconds of that."""
        if not self._there.wait(timeout):
            raise MailboxFull("what it sends to has not started yet")
        assert self._ref is not None
        self._ref.tell(message, events=events, size=size, timeout=timeout)
