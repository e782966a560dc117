"""Whoever takes a frame from a link may be killed between any two bytecodes: its sender has its answer all the same."""

from __future__ import annotations

from array import array
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from gevent import GreenletExit

from actors.clock import HubClock
from pipelines.batch import Batch
from pipelines.ticket import settle_batch
from ramps.codecs.binary import Binary
from ramps.codecs.msgpack import Msgpack
from ramps.intake import StreamIntake
from ramps.links.link_intake import LinkIntake
from ramps.links.link_offramp import LinkOptions
from ramps.links.link_onramp import LinkOnramp
from ramps.links.link_server import LinkServer, Sender
from ramps.links.linked_batch import LinkedBatch
from ramps.links.wire import Form, Frame, Kind, Shipment
from tests.delivery.killing import killed_at

STEP = 3


class Tried(Sender):
    """Asked once, instead of waited for."""

    @property
    def has_answer(self) -> bool:
        return self._answer is not None


def frame(form: Form) -> Frame:
    packets = [Msgpack().encode({"id": number}) for number in range(3)]
    shipment = Shipment(form, "there", array("I", map(len, packets)), array("I"), b"", b"".join(packets), 0)
    head = [shipment.form, shipment.origin, shipment.lengths.tobytes(), b"", b""]
    return Frame(Kind.BATCH, 1, 0, head, shipment.payload)


@pytest.mark.parametrize(
    ("kind", "form"),
    [
        (LinkIntake, Form.PACKETS),
        (LinkIntake, Form.VALUES),
        (LinkOnramp, Form.FRAMES),
        (LinkOnramp, Form.VALUES),
    ],
)
def test_a_frame_that_comes_again_is_answered_whoever_was_killed_with_it(
    tmp_path: Path, kind: type[LinkServer], form: Form
) -> None:
    """Regression: a frame that was known and in nobody's hands any more was waited for, for ever."""
    for number in count(0, STEP):
        sent: list[Batch] = []
        intake = StreamIntake(
            "onramp:link",
            make_codec=Binary,
            send=lambda _port, batch, _timeout: sent.append(batch),  # noqa: B023 it is used up in here
            clock=HubClock(),
        )
        server: Any = kind(LinkOptions(path=tmp_path / "link"))
        server.at_least_once = True
        sender, told = Tried(), []
        server._settled = lambda _sender, _sequence, outcome: told.append(outcome)  # noqa: B023
        with killed_at(number) as kill, suppress(GreenletExit):
            server._handle(None, intake, sender, frame(form))
        intake.deliver_again()
        if kill.happened:
            server._handle(None, intake, sender, frame(form))
        for batch in sent:
            if isinstance(batch, LinkedBatch):
                batch.settle()
            settle_batch(batch)
        assert sender.has_answer, kill.where
        assert told, kill.where
        if not kill.happened:
            assert number > STEP
            assert len(sent) == 1
            return
