"""`Outlets`: where the events of a component go, by port."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Protocol
from weakref import ReferenceType, ref

from pipelines.batch import Batch
from pipelines.ticket import forked_for, settle_batch

__all__ = ["Delivery", "FormerLink", "NewLink", "Outlets", "Target"]

Delivery = tuple[str, Batch]
"""What pipelines and offramps get as a message: their input port, and the batch."""


class Target(Protocol):
    """What an outlet sends to: an `ActorRef`, or a double of one."""

    def tell(self, message: Any, *, events: int = 1, size: int = 0, timeout: float | None = None) -> None:
        """Deliver; block while the other side is full."""


class NewLink(NamedTuple):
    """What `Outlets.link` takes."""

    port: str
    target: Target
    target_port: str = "in"
    changes_values: bool = True


class _Link:
    __slots__ = ("__weakref__", "changes_values", "port", "target")

    def __init__(self, target: Target, port: str, changes_values: bool) -> None:
        self.target = target
        self.port = port
        self.changes_values = changes_values


class FormerLink(NamedTuple):
    """One that was taken away, by which somebody may still be sending."""

    target: Target
    link: ReferenceType[_Link]

    @property
    def in_use(self) -> bool:
        """Whether somebody has begun to send by it, and is not done: he holds it, and nobody else does."""
        return self.link() is not None


class Outlets:
    """The links that leave one component.

    A port without a link drops what is sent to it (a port that nobody reads must never block), and says so to
    ``unlinked(port, batch)``, which decides whether that is a loss.
    """

    __slots__ = ("_links", "_unfinished", "_unlinked", "copied", "discarded", "dropped", "sent", "watch")

    def __init__(self, unlinked: Callable[[str, Batch], None] | None = None) -> None:
        self._links: dict[str, list[_Link]] = {}
        self._unlinked = unlinked
        self._unfinished: dict[int, tuple[Batch, list[tuple[_Link, Batch]]]] = {}
        """By the id of a batch that has a ticket: it, and its copies that are still to be sent; for the next one, where
        whoever sent them was killed."""
        self.sent: dict[str, int] = {}
        """Events that left by each port, counted once however many links it has."""
        self.copied = 0
        """Additional copies of events, for ports with several links."""
        self.dropped: dict[str, int] = {}
        """Events that left by each port that has no link."""
        self.discarded: dict[str, int] = {}
        """Events that were for a target that was closed, by its name, in a flow that drops them then."""
        self.watch: Callable[[str, Batch], None] | None = None
        """Shown each batch before it is sent, with its port. Must not block, nor change or keep what it is shown."""

    def link(
        self, port: str, target: Target, target_port: str = "in", *, changes_values: bool = True
    ) -> None:
        """Send what leaves by ``port`` to that port of the target.

        ``changes_values`` tells whether the target may change the values that it gets; an offramp does not.
        """
        links = self._links.setdefault(port, [])
        links.append(_Link(target, target_port, changes_values))
        # Those that only read come first: they share the batch, and are done reading nothing that changes under them,
        # because every one that changes values then gets a copy (see `_send_to_several`).
        links.sort(key=_changes_values)

    def relink(self, links: Iterable[NewLink]) -> list[FormerLink]:
        """Have these instead of all that there are, between two sends; the counters stay. Returns those that there
        were: who is just sending by them goes on with it.
        """
        before = self._links
        made: dict[str, list[_Link]] = {}
        for new in links:
            made.setdefault(new.port, []).append(_Link(new.target, new.target_port, new.changes_values))
        for of_port in made.values():
            of_port.sort(key=_changes_values)
        self._links = made
        return [FormerLink(link.target, ref(link)) for of_port in before.values() for link in of_port]

    def is_linked(self, port: str) -> bool:
        """Whether anybody reads this port."""
        return port in self._links

    def send(self, port: str, batch: Batch, timeout: float | None = None) -> None:
        """Send a batch by a port; blocks while a target is full.

        With ``timeout`` (seconds), raises what the target raises when the *first* of them had no room in time; the
        batch is then not sent to any.
        """
        count = len(batch.values)
        if self.watch is not None:
            self.watch(port, batch)
        links = self._links.get(port)
        if links is None:
            self.dropped[port] = self.dropped.get(port, 0) + count
            if self._unlinked is not None:
                self._unlinked(port, batch)
            if port != "err":
                # Nobody wants it: that is as good as delivered. What is lost by ``err`` is not.
                settle_batch(batch)
            return
        if len(links) == 1:
            link = links[0]
            link.target.tell((link.port, batch), events=count, size=batch.size, timeout=timeout)
        else:
            self._send_to_several(links, batch, count, timeout)
            self.copied += count * (len(links) - 1)
        self.sent[port] = self.sent.get(port, 0) + count

    def note_sent(self, port: str, batch: Batch) -> None:
        """Count a batch that had arrived everywhere, and was taken, when whoever sent it was killed before he could."""
        self._unfinished.pop(id(batch), None)
        count = batch.taken
        self.copied += count * (len(self._links.get(port, ())) - 1)
        self.sent[port] = self.sent.get(port, 0) + count

    def call_off(self, batch: Batch) -> None:
        """What this batch is of will be sent anew, as its sender was killed: nobody waits for what was not sent."""
        _batch, pending = self._unfinished.pop(id(batch), (batch, []))
        for _link, copy in pending:
            settle_batch(copy)
        settle_batch(batch)

    def _send_to_several(self, links: list[_Link], batch: Batch, count: int, timeout: float | None) -> None:
        if batch.ticket is None:
            for link, copy in _copies(links, batch):
                link.target.tell((link.port, copy), events=count, size=copy.size, timeout=timeout)
                timeout = None
            return
        unfinished = self._unfinished.get(id(batch))
        if unfinished is None:
            pending = _copies(links, batch)
            forked_for(batch.ticket, [copy for _link, copy in pending[:-1]])
        else:
            pending = unfinished[1]
        try:
            # Who is killed in here sends it again: the rest, with the tickets that they have.
            self._unfinished[id(batch)] = batch, pending
            while pending:
                link, copy = pending[0]
                link.target.tell((link.port, copy), events=count, size=copy.size, timeout=timeout)
                timeout = None
                del pending[0]
        except Exception:
            if len(pending) == len(links):
                # The first had no room in time: it is sent to nobody.
                del self._unfinished[id(batch)]
            raise
        del self._unfinished[id(batch)]


def _changes_values(link: _Link) -> bool:
    return link.changes_values


def _copies(links: list[_Link], batch: Batch) -> list[tuple[_Link, Batch]]:
    """What to send by each link. Made before anything is sent: a hand-off lets the first target work on its batch at
    once.
    """
    shared, has_ticket = not links[0].changes_values, batch.ticket is not None
    pending = []
    for link in links:
        last = link is links[-1]
        if has_ticket and not last:
            # Each will have a ticket to answer, also where they share the values.
            copy = batch.copy() if link.changes_values else batch.twin()
        else:
            copy = batch.copy() if link.changes_values and (shared or not last) else batch
        pending.append((link, copy))
    return pending
