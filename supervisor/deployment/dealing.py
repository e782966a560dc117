"""`Dealer`: one of several targets for each batch, in turn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from actors import ActorRef, Clock, MailboxFull

__all__ = ["Dealer"]

# How long to wait for one target when all are full, before looking at the others again. Short, because another may have
# room long before the one whose turn it is; long enough that looking costs nothing.
_LOOK_AGAIN_SECONDS = 0.05


class Dealer:
    """Stands in `Outlets` for targets that are alternatives: each batch goes to one of them.

    They take turns. One that is full, or closed (``is_open`` says so), is passed over while another has room; only
    when none has does the sender wait. Order is kept for each target.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._targets: list[tuple[ActorRef[Any], Callable[[], bool]]] = []
        self._turn = 0

    def add(self, target: ActorRef[Any], is_open: Callable[[], bool]) -> None:
        """One more alternative."""
        self._targets.append((target, is_open))

    def tell(self, message: Any, *, events: int = 1, size: int = 0, timeout: float | None = None) -> None:
        """Deliver to the next target with room. Blocks while none has any; raises `MailboxFull` after ``timeout``
        seconds of that.
        """
        deadline = None if timeout is None else self._clock.now() + timeout
        while True:
            targets, first = self._targets, self._turn
            candidates = [*targets[first:], *targets[:first]]
            # Before anything is told: that may switch to somebody who deals, too.
            self._turn = (first + 1) % len(targets)
            open_ones = [target for target, is_open in candidates if is_open()]
            for target in open_ones:
                if target.try_tell(message, events=events, size=size):
                    return
            wait = _LOOK_AGAIN_SECONDS
            if deadline is not None:
                wait = min(wait, max(0.0, deadline - self._clock.now()))
            try:
                # Of closed ones, the one whose turn it is: it keeps what it can hold until it is open again.
                (open_ones or [candidates[0][0]])[0].tell(message, events=events, size=size, timeout=wait)
            except MailboxFull:
                if deadline is not None and self._clock.now() >= deadline:
                    raise
            else:
                return
