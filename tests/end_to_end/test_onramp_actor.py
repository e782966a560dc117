"""What drives an onramp, with a connector that can be held where it hurts."""

from __future__ import annotations

from gevent.event import Event

from actors import ActorSystem
from pipelines.outlets import Outlets
from pipelines.retry import BackoffOptions
from ramps.codecs.json import Json
from ramps.errors import ConnectionLost
from ramps.intake import StreamIntake
from ramps.onramp import Intake, Onramp
from ramps.onramp_actor import OnrampActor, OnrampPart


class SlowToReopen(Onramp):
    """Loses its connection at the first read; the second `open` takes as long as the test wants."""

    name = "slow"

    def __init__(self) -> None:
        super().__init__()
        self.opening, self.may_open = Event(), Event()
        self.is_open = False
        self.calls: list[str] = []

    def open(self) -> None:
        self.calls.append("open")
        if len(self.calls) > 1:
            self.opening.set()
            assert self.may_open.wait(10)
        self.is_open = True

    def read(self, intake: Intake) -> None:
        self.calls.append("read")
        raise ConnectionLost("gone")

    def close(self) -> None:
        self.calls.append("close")
        self.is_open = False


def test_a_connector_that_opens_while_it_is_stopped_is_closed_again_and_not_read() -> None:
    connector = SlowToReopen()
    with ActorSystem() as system:
        part = OnrampPart(
            "onramp:slow",
            connector,
            lambda send: StreamIntake("onramp:slow", make_codec=Json, send=send, clock=system.clock),
            Outlets(),
            backoff=BackoffOptions(initial="1ms", maximum="1ms"),
        )
        actor = system.spawn(lambda: OnrampActor(part), name="onramp:slow")
        assert connector.opening.wait(10)
        reads = connector.calls.count("read")
        actor.stop()
        assert actor.join(0.05) is False
        connector.may_open.set()
        assert actor.join(10)
    assert connector.calls.count("read") == reads
    assert not connector.is_open
