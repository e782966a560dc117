"""`Ticket`: how a source hears what became of what it sent.

A source that can send something again gives each batch a ticket. Wherever a batch becomes several (fan-out, ports, a
split) its ticket is forked; wherever several become one (a batching operator, a window) theirs are joined; whoever ends
a batch answers its ticket. When the last fork is answered, the source hears, once, the worst of all answers.

Each fork is a `Ticket` of its own and counts once, however often it is answered: after a crash the same batch comes
again, and whoever gets it may have answered before. So nothing is confirmed too early. And a ticket that nobody has
any more has failed: whoever is killed between two bytecodes may lose what is in his hands, and the source must hear of
that, or it would wait for ever.

Nothing in here blocks. The functions run without interruption (`actors.preemption` knows this module).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, MutableSequence, Sequence
from enum import IntEnum
from functools import partial
from sys import is_finalizing
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pipelines.batch import Batch

__all__ = [
    "Fate",
    "HeldTickets",
    "Inner",
    "Outcome",
    "Ticket",
    "answer_all",
    "begun_within",
    "forked",
    "forked_for",
    "forked_into",
    "has_begun",
    "joined",
    "passed_on",
    "settle_batch",
    "taken_back",
]


class Outcome(IntEnum):
    """What became of events; the larger, the worse."""

    DELIVERED = 0
    """Each was written and confirmed by every offramp that it was routed to, was dropped on purpose, or lies in the
    store of dead letters."""
    FAILED = 1
    """Some were not, and will not be: the source must send them again."""


_DELIVERED = Outcome.DELIVERED

Settle = Callable[[Outcome], None]


class Fate:
    """What is known of all branches of a ticket together. Whoever has it keeps no ticket alive."""

    __slots__ = ("open", "settle", "worst")

    def __init__(self, settle: Settle) -> None:
        self.open = 1
        self.worst = Outcome.DELIVERED
        self.settle = settle

    @property
    def has_failed(self) -> bool:
        """Whether one of them has, so that the source will send what it was of again."""
        return self.worst is not Outcome.DELIVERED


class Ticket:
    """One branch of what a source sent. ``settle`` is called once, with the worst answer, after the last of them; it
    must neither block nor raise.
    """

    __slots__ = ("_root", "answered")

    def __init__(self, settle: Settle) -> None:
        self._root = Fate(settle)
        self.answered = False

    @property
    def fate(self) -> Fate:
        """That of everything it is a branch of."""
        return self._root

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
        # Of numbers that are members of an enum, `max` costs as much as all the rest.
        if outcome is not _DELIVERED and outcome > root.worst:
            root.worst = outcome
        root.open -= 1
        if not root.open:
            root.settle(root.worst)

    def __del__(self) -> None:
        # So nothing that it refers to may refer to it: the collector of cycles comes late, and in any thread.
        if not self.answered and not is_finalizing():
            self.answer(Outcome.FAILED)


def joined(tickets: Iterable[Ticket]) -> Ticket | None:
    """A ticket for what was made of several batches: its answer answers all of them. ``None`` for none."""
    members = [ticket for ticket in tickets if not ticket.answered]
    if len(members) <= 1:
        return members[0] if members else None
    return _Joint(members)


class _Joint(Ticket):
    """One whose answer answers all its members."""

    __slots__ = ("members",)

    def __init__(self, members: list[Ticket]) -> None:
        super().__init__(partial(answer_all, members))
        self.members = members


def answer_all(tickets: list[Ticket], outcome: Outcome) -> None:
    """Answer all of these, and forget them. Nobody can be killed before the last."""
    for ticket in tickets:
        ticket.answer(outcome)
    tickets.clear()


class HeldTickets:
    """The tickets of what an operator holds: events that wait for others, or for time.

    ``add`` when something of a batch is kept; ``hand_to`` when all that is held goes out among the results of a batch
    (before `hold` returns); ``take`` for a batch of its own (`release`, `finish`), or for what is forgotten on purpose.

    What is kept of a batch has a fork of the ticket that the batch came with, not of the one that `hand_to` gave it:
    otherwise each batch would wait for what the next one leaves behind, and none would ever be settled.
    """

    __slots__ = ("_batch", "_kept", "_members", "_own", "_tickets")

    def __init__(self) -> None:
        self._tickets: list[Ticket] = []
        self._batch: Batch | None = None
        self._own: Ticket | None = None
        self._members: list[Ticket] | None = None
        self._kept: Ticket | None = None
        """For what is kept of the batch that we met last."""

    def __len__(self) -> int:
        return len(self._tickets) + (self._kept is not None)

    def _meet(self, batch: Batch) -> None:
        if batch is not self._batch:
            if self._kept is not None:
                self._tickets.append(self._kept)
            self._batch, self._own = batch, batch.ticket
            self._members = self._kept = None

    def add(self, batch: Batch) -> None:
        """Something of this batch is kept."""
        self._meet(batch)
        if self._own is not None and self._kept is None:
            self._kept = self._own.fork()

    def adopt(self, ticket: Ticket) -> None:
        """Hold a ticket that is the caller's."""
        self._tickets.append(ticket)

    def hand_to(self, batch: Batch) -> None:
        """Everything that is held becomes a part of what this batch gives out."""
        self._meet(batch)
        tickets, self._tickets = self._tickets, []
        if self._kept is not None:
            # The batch's own ticket stands for it again.
            self._kept.answer()
            self._kept = None
        if not tickets:
            return
        if self._members is None:
            # Not our own one: another operator may have handed something over since we met the batch.
            self._members = [] if batch.ticket is None else [batch.ticket]
            batch.ticket = _Joint(self._members)
        self._members += tickets

    def take(self) -> Ticket | None:
        """One ticket for everything that is held."""
        tickets, self._tickets = self._tickets, []
        if self._kept is not None:
            tickets.append(self._kept)
            self._kept = None
        return joined(tickets)


class Inner(NamedTuple):
    """A batch that came up while a pipeline worked on another one: an operator gave it out."""

    batch: Batch
    own: Ticket
    """The ticket that it came with."""
    made: list[tuple[str, Batch]]
    """What became of it."""
    was_kept: bool
    """Whether it was kept from an earlier batch, so that its ticket is none of the one that is worked on."""


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


def forked_for(ticket: Ticket, batches: Iterable[Batch]) -> None:
    """Give each of these batches a fork. Whoever is killed here has given one to all of them, or to none."""
    for batch in batches:
        batch.ticket = ticket.fork()


def has_begun(deliveries: Sequence[tuple[str, Batch]]) -> bool:
    """Whether `forked_for` was done for these: whoever was killed on the way to it has kept none of them."""
    return all(batch.ticket is not None for _port, batch in deliveries)


def forked_into(ticket: Ticket, batch: Batch, outbox: MutableSequence[Batch]) -> None:
    """Give a batch a fork and put it into the outbox, before anybody can be killed."""
    batch.ticket = ticket.fork()
    outbox.append(batch)


def passed_on(
    batch: Batch,
    results: list[tuple[str, Batch]],
    inner: list[Inner],
    outbox: MutableSequence[tuple[str, Batch]],
) -> None:
    """`forked` for what a pipeline has made of a batch, and of the ``inner`` ones that came up within, which are
    forgotten; the results go to the outbox. Nobody can be killed between the forks and their safe place.
    """
    for part, _own, made, _was_kept in inner:
        forked(part, made)
    inner.clear()
    forked(batch, results)
    outbox.extend(results)


def begun_within(
    inner: list[Inner],
    part: Batch,
    ticket: Ticket | None,
    made: list[tuple[str, Batch]],
) -> None:
    """A batch that came up within another one, whose ticket is ``ticket``: it gets a fork, unless it has one of its
    own, and is noted for `passed_on` or `taken_back`.
    """
    was_kept = part.ticket is not None and part.ticket is not ticket
    if ticket is not None and not was_kept:
        part.ticket = ticket.fork()
    if part.ticket is not None:
        inner.append(Inner(part, part.ticket, made, was_kept))


def taken_back(batch: Batch, own: Ticket | None, *, comes_again: bool) -> None:
    """A pipeline broke off in the middle of a batch that came with the ticket ``own``. What operators had handed over
    to it is lost, and failed. The batch itself is as before if it comes again; otherwise it has failed as well.
    """
    ticket, batch.ticket = batch.ticket, own
    if ticket is not None and ticket is not own:
        _leave_out(own, ticket)
        ticket.answer(Outcome.FAILED)
    if own is not None and not comes_again:
        own.answer(Outcome.FAILED)


def _leave_out(own: Ticket | None, ticket: Ticket) -> None:
    if not isinstance(ticket, _Joint):
        return
    if own in ticket.members:
        ticket.members.remove(own)
    for member in ticket.members:
        _leave_out(own, member)


def settle_batch(batch: Batch, outcome: Outcome = Outcome.DELIVERED) -> None:
    """Answer the ticket of a batch, if it has one. Safe to repeat."""
    if batch.ticket is not None:
        batch.ticket.answer(outcome)
