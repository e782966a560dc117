"""`Dealer`: one of several targets for each batch, in turn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from actors import ActorRef, Clock, MailboxFull

__all__ = ["Dealer", "Standing"]

# How long to wait for one target when all are full, before looking at the others again. Short, because another may have
# room long before that one; long enough that looking costs nothing.
_LOOK_AGAIN_SECONDS = 0.05


class Standing(IntEnum):
    """Whether it makes sense to send somebody events now."""

    OPEN = 0
    CLOSED = 1
    """It keeps what it is sent, until its connection is back."""
    OVER = 2
    """It wants no more, or has ended."""


@dataclass(slots=True)
class _Target:
    ref: ActorRef[Any]
    standing: Callable[[], Standing]
    slow: bool = False
    """Whether we waited for it in vain. Full ones that are not slow are waited for first: they have room soon."""

    def rank(self) -> tuple[Standing, bool]:
        return self.standing(), self.slow


class Dealer:
    """Stands in `Outlets` for targets that are alternatives: each batch goes to one of them.

    They take turns. One that is full, or not open, is passed over while another has room; only when none has does the
    sender wait. Order is kept for each target.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._targets: list[_Target] = []
        self._turn = 0

    def add(self, target: ActorRef[Any], standing: Callable[[], Standing]) -> None:
        """One more alternative."""
        self._targets.append(_Target(target, standing))

    def leads_to(self, ref: ActorRef[Any]) -> bool:
        """Whether that one is among them."""
        return any(target.ref is ref for target in self._targets)

    def tell(self, message: Any, *, events: int = 1, size: int = 0, timeout: float | None = None) -> None:
        """Deliver to the next target with room. Blocks while none has any; raises `MailboxFull` after ``timeout``
        seconds of that.
        """
        deadline = None if timeout is None else self._clock.now() + timeout
        while True:
            turn = self._turn
            # Before anything is told: that may switch to somebody who deals, too.
            self._turn = (turn + 1) % len(self._targets)
            candidates = [*self._targets[turn:], *self._targets[:turn]]
            for target in candidates:
                if target.standing() is Standing.OPEN and target.ref.try_tell(
                    message, events=events, size=size
                ):
                    target.slow = False
                    return
            wait = _LOOK_AGAIN_SECONDS
            if deadline is not None:
                wait = min(wait, max(0.0, deadline - self._clock.now()))
            best = min(candidates, key=_Target.rank)
            try:
                best.ref.tell(message, events=events, size=size, timeout=wait)
            except MailboxFull:
                best.slow = True
                if deadline is not None and self._clock.now() >= deadline:
                    raise
            else:
                best.slow = False
                return
