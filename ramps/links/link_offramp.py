"""`LinkOfframp`: in the place of an offramp that another executor has."""

from __future__ import annotations

import os
from array import array
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

import pipelines.options
from pipelines.batch import Batch
from pipelines.options import Size
from pipelines.ticket import Outcome as TicketOutcome
from pipelines.ticket import Ticket
from ramps.codecs.msgpack import Msgpack
from ramps.errors import ConnectionLost, EncodeError, Rejected, StopDeployment
from ramps.links.client import LinkClient
from ramps.links.wire import Answer, Form, Kind, Outcome, Shipment, packed
from ramps.offramp import Offramp, Outgoing

__all__ = ["FrameLinkOfframp", "LinkOfframp", "LinkOptions", "ValueLinkOfframp"]

# Each costs a number and a ticket. An operator on the other side may have to wait for many before it gives any out.
_MOST_UNSETTLED = 4096
_SETTLE_SECONDS = 5.0


class LinkOptions(pipelines.options.Options):
    """Options of both ends of a link."""

    path: Path = Field(description="The socket.")
    max_frame: Size = Field(
        default="256MiB", validate_default=True, ge=4096, description="Bytes of one batch at most."
    )


class LinkOfframp(Offramp):
    """Batches that are encoded here and written there. One is under way at a time.

    `write` returns when the other side has written it, and raises what writing raised there. Whatever happens to the
    connection meanwhile, the batch goes under the same number when it is written again, so that the other side knows
    it again while both live.

    Where batches have tickets, it keeps a fork of each until the other side tells what became of it in the end; it
    waits for that when too many are under way. What was not told when the connection is lost has failed.
    """

    name: ClassVar[str] = "link"
    summary: ClassVar[str] = "Hands encoded batches to the executor that has the offramp."
    single_owner: ClassVar[bool] = False
    forwards: ClassVar[bool] = True
    confirms = "write"
    Options = LinkOptions
    options: LinkOptions

    def __init__(self, options: LinkOptions) -> None:
        super().__init__(options)
        self._client = LinkClient(options.path, os.urandom(16), options.max_frame, self._settled)
        self._sequence = 0
        self._pending: Batch | None = None
        """What was sent under the latest number and not answered."""
        self._unsettled: dict[int, Ticket] = {}
        """By the number of a shipment: its fork, until it is told what became of it."""

    @property
    def unconfirmed(self) -> int:
        """Shipments of which the other side has not told yet what became of them."""
        return len(self._unsettled)

    def open(self) -> None:
        """Connect. Raises `ConnectionLost` also while the offramp there has no connection itself."""
        self._client.open()

    def write(self, outgoing: Outgoing) -> None:
        """Hand over, and wait until it is written there, however long that takes."""
        if len(outgoing):
            self._send(outgoing.batch, self._shipment(outgoing))

    def flush(self) -> bool:
        """See whether the other side is still there. Nothing is buffered."""
        self._client.look()
        return True

    def close(self) -> None:
        """Close the connection; waits for nothing. What is not settled has failed."""
        self._client.close()
        unsettled, self._unsettled = self._unsettled, {}
        for sequence, ticket in unsettled.items():
            # What has not even been answered is still in the hands of who sends it, with a ticket of its own.
            is_in_hand = self._pending is not None and sequence == self._sequence
            ticket.answer(TicketOutcome.DELIVERED if is_in_hand else TicketOutcome.FAILED)

    def _settled(self, sequence: int, outcome: int) -> None:
        ticket = self._unsettled.pop(sequence, None)
        if ticket is not None:
            delivered = outcome == TicketOutcome.DELIVERED
            ticket.answer(TicketOutcome.DELIVERED if delivered else TicketOutcome.FAILED)

    def _shipment(self, outgoing: Outgoing) -> Shipment:
        batch = outgoing.batch
        lengths, counts = outgoing.lengths()
        return Shipment(
            Form.PACKETS,
            batch.origin,
            array("I", lengths),
            array("I", counts),
            b"",
            outgoing.joined(),
            batch.ingest_ns,
        )

    def _send(self, batch: Batch, shipment: Shipment) -> None:
        if self._pending is not batch:
            self._sequence += 1
        self._pending = batch
        data = shipment.packed(self._sequence, self.options.max_frame)
        if batch.ticket is not None:
            while len(self._unsettled) >= _MOST_UNSETTLED:
                self._client.wait()
            if self._sequence not in self._unsettled:
                self._unsettled[self._sequence] = batch.ticket.fork()
        answer = self._client.exchange(data, self._sequence)
        self._pending = None
        self._heed(answer)

    def _heed(self, answer: Answer) -> None:
        if answer.outcome is Outcome.STOPPED:
            raise StopDeployment(answer.why, answer.exit_code)
        if answer.refused:
            raise Rejected(answer.why, list(answer.refused))


class ValueLinkOfframp(LinkOfframp):
    """For an offramp that wants values: they cross in MessagePack."""

    encodes: ClassVar[bool] = False

    def __init__(self, options: LinkOptions) -> None:
        super().__init__(options)
        self._codec = Msgpack()

    def write(self, outgoing: Outgoing) -> None:
        """Hand over all values that MessagePack can carry; raises `Rejected` for the others."""
        batch = outgoing.batch
        payloads, errors = self._codec.encode_many(batch.values)
        if not errors:
            if payloads:
                self._send(batch, self._values(batch, payloads))
            return
        good = [index for index, payload in enumerate(payloads) if payload is not None]
        refused, why = [index for index, _error in errors], str(errors[0][1])
        for _index, error in errors:
            error.forget_traceback()
        if good:
            try:
                self._send(batch, self._values(batch, [payloads[index] for index in good], good))
            except Rejected as rejected:
                refused += [good[index] for index in rejected.indices or range(len(good))]
        raise Rejected(why, sorted(refused))

    def _values(self, batch: Batch, payloads: list[Any], good: list[int] | None = None) -> Shipment:
        metas = batch.metas if good is None or batch.metas is None else [batch.metas[index] for index in good]
        return Shipment(
            Form.VALUES,
            batch.origin,
            array("I", map(len, payloads)),
            array("I"),
            self._metas(metas),
            b"".join(payloads),
            batch.ingest_ns,
        )

    def _metas(self, metas: list[dict[str, Any] | None] | None) -> bytes:
        if metas is None:
            return b""
        try:
            return self._codec.encode(metas)
        except EncodeError:
            self.log.warning("Metadata that MessagePack cannot carry was left out of a link.")
            return b""


class FrameLinkOfframp(ValueLinkOfframp):
    """Deals the input of a shared onramp out to another executor: frames as they are, decoded over there.

    What the onramp made values of by itself (ticks) goes as values. It ends in one of two ways: the input ends, which
    is told to the other side however often that is started anew; or the other side stops and wants no more, and is
    dealt to again when it is back.
    """

    wants_end: ClassVar[bool] = True

    def __init__(self, options: LinkOptions) -> None:
        super().__init__(options)
        self._ended = False
        self._parted = False

    @property
    def sated(self) -> bool:
        """Whether the other side wants no more, or there is no more."""
        return self._ended or self._parted or self._client.enough

    def open(self) -> None:
        """Connect, also to one that has been started anew."""
        self._client.open(ended=self._ended)
        self._parted = False

    def write(self, outgoing: Outgoing) -> None:
        """Hand over; returns when the intake of the other side has taken it."""
        batch = outgoing.batch
        if batch.raws is None or batch.raw_codec != "binary":
            super().write(outgoing)
            return
        frames = batch.values
        if frames:
            shipment = Shipment(
                Form.FRAMES,
                batch.origin,
                array("I", map(len, frames)),
                array("I"),
                self._metas(batch.metas),
                b"".join(frames),
                batch.ingest_ns,
            )
            self._send(batch, shipment)

    def end_input(self) -> None:
        """Nothing more comes, or the other side wants no more: tell it that this was all."""
        if self._ended or self._parted:
            return
        parting = self._client.enough
        try:
            self._wait_until_settled()
            self._sequence += 1
            self._pending = None
            self._client.exchange(
                packed(Kind.END, sequence=self._sequence, max_bytes=self.options.max_frame), self._sequence
            )
        except ConnectionLost:
            if not parting:
                raise
        self._ended, self._parted = not parting, parting

    def _wait_until_settled(self) -> None:
        """Wait for what may still be told before the other side ends: not for ever, as it may hold events back until
        then. What was not told has failed, and is sent again by the source.
        """
        deadline = self.clock.now() + _SETTLE_SECONDS
        while self._unsettled and (seconds := deadline - self.clock.now()) > 0:
            self._client.wait(seconds)

    def flush(self) -> bool:
        """See whether the other side is still there. Once it has ended, or we have, it may come back anew."""
        if not self._ended and not self._parted:
            return super().flush()
        try:
            if self._client.connected:
                self._client.look()
            else:
                self.open()
        except (ConnectionLost, OSError):
            # Usually because it has come to its end.
            self._client.close()
        return True
