"""`WindowTickets`: keeps the sources of what is in windows from confirming it before it has come out.

Batches are numbered as they come, and a cell remembers in which of them its first event came. The result of a window
leaves with the tickets of all batches from there on, because if it is not delivered, all that it sums up must come
again. A batch is let go when no open cell began in it or before.
"""

from __future__ import annotations

from collections import Counter, deque

from pipelines.batch import Batch
from pipelines.language.queries.cells import Cell
from pipelines.ticket import HeldTickets, Outcome, Ticket, answer_all

__all__ = ["WindowTickets"]


class WindowTickets:
    """For one select of a flow whose batches have tickets."""

    def __init__(self) -> None:
        self._batch: Batch | None = None
        self._own: Ticket | None = None
        self._number = 0
        self._is_kept = False
        self._queue: deque[tuple[int, Ticket]] = deque()
        self._open: Counter[int] = Counter()
        self._first_closed: int | None = None
        self._handed_from = 0
        self._handed = HeldTickets()

    def enter(self, batch: Batch) -> None:
        """The next event is one of this batch."""
        if batch is not self._batch:
            # The ticket that it came with: what `hand_to` gives it waits for other batches as well.
            self._batch, self._own = batch, batch.ticket
            self._number += 1
            self._handed_from = self._number
            self._is_kept = False

    def add(self, cell: Cell) -> None:
        """An event goes into a cell of the narrowest window."""
        if not self._is_kept and self._own is not None:
            self._is_kept = True
            self._queue.append((self._number, self._own.fork()))
        if not cell.events:
            self._open_from(cell, self._number)

    def merge(self, wider: Cell, narrower: Cell) -> None:
        """What was in a cell goes on into one of a wider window."""
        if not wider.events:
            self._open_from(wider, narrower.first)
        elif narrower.first < wider.first:
            self._leave(wider.first)
            self._open_from(wider, narrower.first)

    def close(self, cell: Cell) -> None:
        """A cell is emptied, whatever becomes of what was in it."""
        if not cell.first:
            # It was filled before the first ticket came.
            return
        self._leave(cell.first)
        self._first_closed = cell.first if self._first_closed is None else min(self._first_closed, cell.first)

    def hand_to(self, batch: Batch) -> None:
        """What this batch gives out holds all that was closed since; call it before `hold` returns."""
        for ticket in self._of_closed(self._handed_from):
            self._handed.adopt(ticket)
        self._handed.hand_to(batch)
        self._let_go()

    def take(self) -> Ticket | None:
        """One ticket for all that was closed since, for results that leave with no batch."""
        for ticket in self._of_closed(self._number + 1):
            self._handed.adopt(ticket)
        taken = self._handed.take()
        self._let_go()
        return taken

    def lose(self) -> None:
        """What is still in windows will not come out any more."""
        left = [ticket for _number, ticket in self._queue]
        self._queue.clear()
        self._open.clear()
        answer_all(left, Outcome.FAILED)

    def _of_closed(self, before: int) -> list[Ticket]:
        first, self._first_closed = self._first_closed, None
        if first is None or first >= before:
            return []
        if before <= self._number:
            self._handed_from = first
        return [ticket.fork() for number, ticket in self._queue if first <= number < before]

    def _open_from(self, cell: Cell, number: int) -> None:
        cell.first = number
        self._open[number] += 1

    def _leave(self, first: int) -> None:
        self._open[first] -= 1
        if not self._open[first]:
            del self._open[first]

    def _let_go(self) -> None:
        queue = self._queue
        while queue and not self._open.get(queue[0][0]):
            number, ticket = queue.popleft()
            if number == self._number:
                self._is_kept = False
            ticket.answer()
