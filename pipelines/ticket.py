"""`Ticket`: how a source hears what became of what it sent.

A source that can send something again gives each batch a ticket. Wherever a batch becomes several (fan-out, ports, a
split) its ticket is forked; wherever several become one (a batching operator, a window) theirs are joined; whoever ends
a batch answers its ticket. When the last fork is answered, the source hears, once, the worst of all answers.

Each fork is a `Ticket` of its own and counts once, however often it is answered: after a crash the same batch comes
again, and whoever gets it may have answered before. So nothing is confirmed too early; and as every batch in the engine
outlives crashes, nothing is confirmed never, unless it is lost, which is when it must not be.

Nothing in here blocks. The functions run without interruption (`actors.preemption` knows this module).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.batch import Batch

__all__ = ["HeldTickets", "Outcome", "Ticket", "forked", "joined", "settle_batch"]


class Outcome(IntEnum):
    """What became of events; the larger, the worse."""

    DELIVERED = 0
    """Each was written and confirmed by every offramp that it was routed to, was dropped on purpose, or lies in the
    store of dead letters."""
    FAILED = 1
    """Some were not, and will not be: the source must send them again."""


Settle = Callable[[Outcome], None]


class _Root:
    __slots__ = ("open", "settle", "worst")

    def __init__(self, settle: Settle) -> None:
        self.open = 1
        self.worst = Outcome.DELIVERED
        self.settle = settle


class Ticket:
    """One branch of what a source sent. ``settle`` is called once, with the worst answer, after the last of them; it
    must neither block nor raise.
    """

    __slots__ = ("_root", "answered")

    def __init__(self, settle: Settle) -> None:
        self._root = _Root(settle)
        self.answered = False

    def fork(self) -> Ticket:
        """One more branch, for one more batch of the same events. Of an answered ticket, it is an answered one: what is
        sent again after its first delivery was confirmed is nobody's concern.
        """
        branch: Ticket = Ticket.__new__(Ticket)
        branch._root = root = self._root
        branch.answered = self.answered
        if not self.answered:
            root.open += 1
        return branch

    def answer(self, outcome: Outcome = Outcome.DELIVERED) -> None:
        """This branch has come to its end. Only the first answer counts."""
        if self.answered:
            return
        self.answered = True
        root = self._root
        root.worst = max(root.worst, outcome)
        root.open -= 1
        if not root.open:
            root.settle(root.worst)


def joined(tickets: Iterable[Ticket]) -> Ticket | None:
    """A ticket for what was made of several batches: its answer answers all of them. ``None`` for none."""
    members = [ticket for ticket in tickets if not ticket.answered]
    if len(members) <= 1:
        return members[0] if members else None

    return _answering(members)


def _answering(members: list[Ticket]) -> Ticket:
    def settle(outcome: Outcome) -> None:
        for member in members:
            member.answer(outcome)

    return Ticket(settle)


class HeldTickets:
    """The tickets of what an operator holds: events that wait for others, or for time.

    ``add`` when something of a batch is kept; ``hand_to`` when all that is held goes out among the results of a batch
    (before `hold` returns); ``take`` for a batch of its own (`release`, `finish`), or for what is forgotten on purpose.

    What is kept of a batch has a fork of the ticket that the batch came with, not of the one that `hand_to` gave it:
    otherwise each batch would wait for what the next one leaves behind, and none would ever be settled.
    """

    __slots__ = ("_batch", "_is_kept", "_members", "_own", "_tickets")

    def __init__(self) -> None:
        self._tickets: list[Ticket] = []
        self._batch: Batch | None = None
        self._own: Ticket | None = None
        self._members: list[Ticket] | None = None
        self._is_kept = False

    def __len__(self) -> int:
        return len(self._tickets)

    def _meet(self, batch: Batch) -> None:
        if batch is not self._batch:
            self._batch, self._own = batch, batch.ticket
            self._members, self._is_kept = None, False

    def add(self, batch: Batch) -> None:
        """Something of this batch is kept."""
        self._meet(batch)
        if self._own is not None and not self._is_kept:
            self._tickets.append(self._own.fork())
            self._is_kept = True

    def adopt(self, ticket: Ticket) -> None:
        """Hold a ticket that is the caller's."""
        self._tickets.append(ticket)

    def hand_to(self, batch: Batch) -> None:
        """Everything that is held becomes a part of what this batch gives out."""
        self._meet(batch)
        tickets, self._tickets, self._is_kept = self._tickets, [], False
        if not tickets:
            return
        if self._members is None:
            self._members = [] if self._own is None else [self._own]
            batch.ticket = _answering(self._members)
        self._members += tickets

    def take(self) -> Ticket | None:
        """One ticket for everything that is held."""
        tickets, self._tickets, self._is_kept = self._tickets, [], False
        return joined(tickets)


def forked(batch: Batch, deliveries: Sequence[tuple[str, Batch]]) -> None:
    """What a batch has become takes over from it: each of ``deliveries`` that still has its ticket gets a fork, and the
    batch's own is answered. For a batch that became nothing (dropped on purpose, or held with a fork), that is all.
    """
    ticket = batch.ticket
    if ticket is None:
        return
    for _port, part in deliveries:
        if part.ticket is ticket and part is not batch:
            part.ticket = ticket.fork()
    if not any(part is batch for _port, part in deliveries):
        ticket.answer()


def settle_batch(batch: Batch, outcome: Outcome = Outcome.DELIVERED) -> None:
    """Answer the ticket of a batch, if it has one. Safe to repeat."""
    if batch.ticket is not None:
        batch.ticket.answer(outcome)
