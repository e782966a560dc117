"""`LinkedBatch`: a batch for which a sender in another process waits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipelines.batch import Batch
from ramps.links.wire import Answer, Outcome, Shipment
from ramps.offramp import Outgoing

__all__ = ["LinkedBatch", "ShippedOutgoing"]


class ShippedOutgoing(Outgoing):
    """What another process has encoded, split only for an offramp that asks for packets."""

    __slots__ = ("_shipment",)

    def __init__(self, shipment: Shipment, batch: Batch) -> None:
        super().__init__(None, batch)
        self._shipment = shipment

    @property
    def packets(self) -> list[list[bytes]]:
        """The packets of each event."""
        if self._packets is None:
            self._packets = self._shipment.packets_by_event()
        return self._packets

    @property
    def size(self) -> int:
        """Bytes in all packets."""
        return len(self._shipment.payload)

    def joined(self) -> bytes:
        """Everything in one piece, as it came."""
        return self._shipment.payload


class LinkedBatch(Batch):
    """Events from another process. Its values are there only if the offramp wants values; otherwise `outgoing` is
    what the other process has encoded, and each value is ``None``.

    Whoever writes it says what became of it: `refuse` for some events, then `settle`; or `stop`; or `lose`. The first
    of the last three is the answer, and ``on_answer`` is called with it.
    """

    __slots__ = ("__weakref__", "_on_answer", "_refused", "_shipment", "_why", "under_way")

    def __init__(
        self,
        shipment: Shipment,
        on_answer: Callable[[LinkedBatch, Answer], None],
        values: list[Any] | None = None,
    ) -> None:
        super().__init__(
            [None] * len(shipment) if values is None else values,
            ingest_ns=shipment.ingest_ns,
            origin=shipment.origin,
            size=len(shipment.payload),
        )
        self._shipment = shipment if values is None else None
        self.under_way = False
        """Whether it waits in a mailbox or is in somebody's hands; for `LinkIntake`, which counts those."""
        self._on_answer: Callable[[LinkedBatch, Answer], None] | None = on_answer
        self._refused: tuple[int, ...] = ()
        self._why = ""

    @property
    def outgoing(self) -> ShippedOutgoing | None:
        """What the other process has encoded. Not kept: it refers to the batch, which must not outlive its holder."""
        return None if self._shipment is None else ShippedOutgoing(self._shipment, self)

    @property
    def answered(self) -> bool:
        """Whether the sender has, or will soon have, its answer."""
        return self._on_answer is None

    def refuse(self, indices: list[int], why: str) -> None:
        """The outside refuses these events for good: the sender, which has their values, reports them."""
        self._refused, self._why = tuple(indices), why

    def settle(self) -> None:
        """All that was not refused has been written."""
        self._answer(Answer(Outcome.TAKEN, self._why, self._refused))

    def stop(self, exit_code: int, why: str) -> None:
        """Nobody will ever take it."""
        self._answer(Answer(Outcome.STOPPED, why, (), exit_code))

    def lose(self) -> None:
        """It has become a dead letter here, and is counted here."""
        self._answer(Answer())

    def _answer(self, answer: Answer) -> None:
        on_answer, self._on_answer = self._on_answer, None
        if on_answer is not None:
            on_answer(self, answer)
