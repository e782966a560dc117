"""When does a child that neither crashed nor ended still count as failed? When it stands still. Pure.

A handler that hangs (a lost reply, a lock, a peer that went silent) raises nothing, ever. It shows from outside: input
waits, and the number of events taken does not change. Whoever waits for room in somebody else's mailbox shows the same,
and is innocent; the kernel knows for whom it waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from actors import ActorStatistics

__all__ = ["ProgressSample", "describe_stall", "describe_wait", "standstill_start", "wait_start"]

_MAX_NAMES = 5


@dataclass(frozen=True, slots=True)
class ProgressSample:
    """One look at a child. Time in monotonic seconds, the rest in events."""

    at_seconds: float
    processed: int
    """Events taken from its flow lane since it was made."""
    waiting: int
    """Events in its flow lane now; with those in its hand, where they count."""
    blocked_on: str | None
    """The actor for whose room it waits now, or what it says that it waits for."""

    @classmethod
    def of(cls, statistics: ActorStatistics, now: float, *, counts_in_hand: bool = False) -> ProgressSample:
        """The sample in a snapshot of an actor."""
        waiting = statistics.mailbox.depth + (statistics.events_in_hand if counts_in_hand else 0)
        return cls(now, statistics.processed, waiting, statistics.blocked_on)


def standstill_start(start: ProgressSample | None, now: ProgressSample) -> ProgressSample:
    """The sample since which the child stands still: ``start`` if it still does, otherwise ``now``.

    It stands still from one look to the next when it took nothing, input waited at both, and it was not blocked at
    either. The child is stalled when ``now`` is ``stall_after_seconds`` or more after the result.
    """
    still = (
        start is not None
        and start.processed == now.processed
        and start.waiting > 0
        and now.waiting > 0
        and start.blocked_on is None
        and now.blocked_on is None
    )
    return start if still and start is not None else now


def wait_start(start: ProgressSample | None, now: ProgressSample) -> ProgressSample:
    """The sample since which the child waits for one and the same: ``start`` if it still does, otherwise ``now``."""
    still = (
        start is not None
        and start.processed == now.processed
        and start.blocked_on is not None
        and start.blocked_on == now.blocked_on
    )
    return start if still and start is not None else now


def describe_wait(chain: Sequence[str], seconds: float) -> str:
    """Who waits for whom, from the one that was looked at to the one at the end, to blame or not."""
    first, *others = chain
    return f"{first} waits for {', which waits for '.join(others)}, blocked {seconds:.3g} s"


def describe_stall(statistics: ActorStatistics, seconds: float) -> str:
    """Who stood still, for how long, and who waits for it."""
    text = (
        f"{statistics.name} processed nothing for {seconds:.3g} s, {statistics.events_in_hand} events in hand and "
        f"{statistics.mailbox.depth} waiting"
    )
    senders = list(dict.fromkeys(statistics.mailbox.blocked_senders))
    if senders:
        more = f" and {len(senders) - _MAX_NAMES} more" if len(senders) > _MAX_NAMES else ""
        text += f"; blocked by it: {', '.join(senders[:_MAX_NAMES])}{more}"
    return text
