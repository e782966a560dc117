"""`LinkOnramp`: takes the input over that another executor reads and deals out."""

from __future__ import annotations

from itertools import groupby
from typing import Any, ClassVar

from pipelines.batch import Batch
from pipelines.ticket import Outcome, Ticket, settle_batch
from ramps.codecs.msgpack import Msgpack
from ramps.errors import DecodeError, EndOfInput
from ramps.links.link_offramp import LinkOptions
from ramps.links.link_server import LinkServer, Sender
from ramps.links.wire import Answer, Form, Kind, Shipment, WireError, packed
from ramps.network.connections import ConnectionServer
from ramps.onramp import Intake

__all__ = ["LinkOnramp"]

_SMALL_BYTES = 4096

Metas = list[dict[str, Any] | None] | None


class _InHand:
    """Is there for as long as somebody is at work on a frame."""


class LinkOnramp(LinkServer):
    """Frames from another executor, decoded here, with the ingest time that they came with.

    The answer goes back when the intake has taken them, and the other side sends no more before that: a full mailbox
    here holds its link back. Ends when the reader over there says that it is at its end.
    """

    name: ClassVar[str] = "link-frames"
    summary: ClassVar[str] = "Takes the frames that another executor reads and deals out."
    takes_over: ClassVar[bool] = True

    def __init__(self, options: LinkOptions) -> None:
        super().__init__(options)
        self._enough = False

    def end_input(self) -> bool:
        """Ask the reader to deal no more to us. What it has dealt already still comes; `read` raises `EndOfInput` after
        it, or when there is no reader.
        """
        server = self._server
        if server is None:
            return False
        self._enough = True
        self._tell_all(packed(Kind.ENOUGH, max_bytes=_SMALL_BYTES))
        self._disconnected(server)
        return True

    def _why_closed(self) -> str:
        return "the executor stops" if self._enough else ""

    def _disconnected(self, server: ConnectionServer) -> None:
        if self._enough and not self._connections:
            self._ended(server)

    def _take(self, intake: Intake, sender: Sender, sequence: int, shipment: Shipment) -> None:
        metas = _metas(shipment)
        in_hand = _InHand()
        if shipment.form is Form.FRAMES:
            ticket = self._ticket(sender, sequence)
            try:
                sender.begin(sequence, in_hand)
                self._feed(intake, sender, shipment, metas, ticket)
            except BaseException:
                if ticket is not None:
                    ticket.answer(Outcome.FAILED)
                raise
            finally:
                # Whoever is killed in between leaves the rest in the intake, which delivers it later.
                sender.answer(sequence, Answer())
        elif shipment.form is Form.VALUES:
            batch = Batch(
                _values(shipment),
                ingest_ns=shipment.ingest_ns,
                metas=metas,
                origin=shipment.origin,
                size=len(shipment.payload),
                ticket=self._ticket(sender, sequence),
            )
            try:
                sender.begin(sequence, in_hand)
                intake.pass_on(batch)
            except BaseException:
                # It may not even have come into the intake.
                settle_batch(batch, Outcome.FAILED)
                raise
            finally:
                sender.answer(sequence, Answer())
        else:
            raise WireError("encoded events come where frames are decoded")

    def _feed(
        self, intake: Intake, sender: Sender, shipment: Shipment, metas: Metas, ticket: Ticket | None
    ) -> None:
        stream = sender.stream_for(intake, shipment.origin)
        frames = shipment.packets()
        if metas is None:
            stream.feed_frames(frames, ingest_ns=shipment.ingest_ns, ticket=ticket)
            return
        start = 0
        for meta, run in groupby(metas):
            stop = start + len(list(run))
            own = None if ticket is None else ticket.fork()
            stream.feed_frames(frames[start:stop], ingest_ns=shipment.ingest_ns, meta=meta, ticket=own)
            start = stop
        if ticket is not None:
            ticket.answer()

    def _ended(self, server: ConnectionServer) -> None:
        server.fail(EndOfInput("the executor that reads has come to the end of its input"))


def _values(shipment: Shipment) -> list[Any]:
    values, errors = Msgpack().decode_many(shipment.packets())
    if errors:
        raise WireError(f"a value is broken: {errors[0][1]}")
    return values


def _metas(shipment: Shipment) -> Metas:
    if not shipment.metas:
        return None
    try:
        metas = Msgpack().decode(shipment.metas)
    except DecodeError as error:
        raise WireError(f"the metadata is broken: {error}") from None
    fits = isinstance(metas, list) and len(metas) == len(shipment)
    if not fits or not all(meta is None or isinstance(meta, dict) for meta in metas):
        raise WireError("the metadata does not fit the events")
    return metas  # type: ignore[no-any-return]
