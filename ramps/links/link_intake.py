"""`LinkIntake`: has batches from other executors written by the offramp that they all share."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

from pipelines.contraflow import Insight, InsightKind
from ramps.codecs.msgpack import Msgpack
from ramps.links.link_offramp import LinkOptions
from ramps.links.link_server import LinkServer, Sender
from ramps.links.linked_batch import LinkedBatch
from ramps.links.wire import Answer, Form, Kind, Shipment, WireError, packed
from ramps.offramp_actor import OfframpPart
from ramps.onramp import Intake

__all__ = ["LinkIntake"]

_MAX_WHY_CHARACTERS = 1000
_SMALL_BYTES = 8192


class LinkIntake(LinkServer):
    """Stands in front of an offramp: what comes in by links goes into its mailbox as `LinkedBatch`, and the answer goes
    back when the offramp has written it. A full mailbox, or an offramp that waits, holds all links back.

    It hears contraflow like a pipeline upstream of the offramp, and tells the senders when the connection is closed:
    each then holds its batch and tells the pipelines upstream of itself.
    """

    name: ClassVar[str] = "link-batches"
    summary: ClassVar[str] = "Takes the batches that other executors have encoded for one offramp."
    passive: ClassVar[bool] = True

    is_alive: ClassVar[bool] = True
    """As whoever hears contraflow."""

    def __init__(self, options: LinkOptions) -> None:
        super().__init__(options)
        self.taken_over = 0
        """Events that were written, or became dead letters, here."""
        self.under_way = 0
        """Events in the offramp's mailbox or in its hands: their senders still have them too."""
        self._closed = ""

    def follow(self, part: OfframpPart) -> None:
        """Hear of closed and reopened connections of this offramp."""
        upstream: list[Any] = part.upstream
        if self not in upstream:
            upstream.append(self)
            self._closed = "the offramp has no connection" if part.outage_told else ""

    def tell(self, insight: Insight, **_options: Any) -> None:
        """Contraflow from the offramp. Does not block."""
        if insight.kind is InsightKind.CLOSE:
            self._closed = (insight.error or "the offramp has lost its connection")[:_MAX_WHY_CHARACTERS]
            news = packed(Kind.CLOSED, (self._closed,), max_bytes=_SMALL_BYTES)
        elif insight.kind is InsightKind.OPEN:
            self._closed = ""
            news = packed(Kind.OPEN, max_bytes=_SMALL_BYTES)
        else:
            return
        self._tell_all(news)

    def _why_closed(self) -> str:
        return self._closed

    def _take(self, intake: Intake, sender: Sender, sequence: int, shipment: Shipment) -> None:
        values: list[Any] | None = None
        if shipment.form is Form.VALUES:
            values, errors = Msgpack().decode_many(shipment.packets())
            if errors:
                raise WireError(f"a value is broken: {errors[0][1]}")
        elif shipment.form is not Form.PACKETS:
            raise WireError("frames come where encoded events are written")
        batch = LinkedBatch(shipment, partial(self._answered, sender, sequence), values)
        batch.ticket = self._ticket(sender, sequence)
        sender.begin(sequence, batch)
        intake.pass_on(batch)
        if not batch.answered:
            batch.under_way = True
            self.under_way += len(batch)

    def _answered(self, sender: Sender, sequence: int, batch: LinkedBatch, answer: Answer) -> None:
        if batch.under_way:
            self.under_way -= len(batch)
        self.taken_over += answer.taken_of(len(batch))
        sender.answer(sequence, answer)
