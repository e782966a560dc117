"""An offramp may give a batch up: its events go to whoever reads errors. What a crash leaves unflushed has failed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

import pytest
from gevent.event import Event

from actors import ActorSystem
from actors.testing import wait_until
from pipelines import Batch
from pipelines.outlets import Outlets
from pipelines.ticket import Outcome, Ticket
from ramps.codecs.json import Json
from ramps.encoder import Encoder
from ramps.errors import ConnectionLost
from ramps.give_up import GiveUpOptions
from ramps.offramp import Outgoing
from ramps.offramp_actor import OfframpActor, OfframpPart
from ramps.retry import BackoffOptions
from ramps.testing.faulty_offramps import RecordingOfframp
from supervisor import Deployment

RETRY = {"initial": "1ms", "maximum": "5ms"}


@pytest.mark.parametrize(
    ("limit", "attempts"), [({"attempts": 3}, 3), ({"after": "30ms"}, None), ({"attempts": 1}, 1)]
)
def test_what_is_given_up_leaves_by_err_with_the_number_of_tries_and_the_error(
    deploy: Callable[..., Deployment],
    flow: Callable[..., dict[str, Any]],
    limit: dict[str, Any],
    attempts: int | None,
) -> None:
    nowhere = {"type": "unix", "path": "nobody.sock", "retry": RETRY, "give_up": limit}
    deployment = deploy(flow("in -> away", "away/err -> out", offramps={"away": nowhere}))
    deployment.onramp("in").put("first")
    deployment.onramp("in").put("second")
    events = deployment.offramp("out").wait_for(2)
    assert [event["event"] for event in events] == ["first", "second"]
    for event in events:
        assert event["kind"] == "given up"
        assert event["component"] == "offramp:main/away"
        assert event["attempts"] == attempts if attempts else event["attempts"] >= 1
        assert event["error"].startswith(f"given up after {event['attempts']} tr")
    account = deployment.stop()
    assert account.difference == account.lost == 0


@pytest.mark.parametrize(
    ("limit", "attempts", "seconds", "left"),
    [
        ({}, 1000, 1e6, None),
        ({"attempts": 2}, 1, 1e6, None),
        ({"attempts": 2}, 2, 0.0, 0.0),
        ({"after": "10s"}, 1000, 4.0, 6.0),
        ({"after": "10s"}, 1, 11.0, 0.0),
        ({"after": "10s", "attempts": 3}, 2, 1.0, 9.0),
    ],
)
def test_whichever_limit_is_reached_first_counts(
    limit: dict[str, Any], attempts: int, seconds: float, left: float | None
) -> None:
    assert GiveUpOptions.model_validate(limit).seconds_left(attempts, seconds) == left


class InPieces(RecordingOfframp):
    """Takes events one by one, refuses what says so, and fails at what is stuck."""

    name: ClassVar[str] = "in_pieces"
    encodes = True

    def write(self, outgoing: Outgoing) -> None:
        for index in outgoing.pending:
            value = outgoing.batch.values[index]
            if value == "stuck":
                raise ConnectionLost("it is stuck")
            if value == "bad":
                outgoing.refusals[index] = "it is bad"
            else:
                outgoing.taken.add(index)
                self.events.append(value)


def test_of_a_batch_that_went_out_in_pieces_only_the_rest_is_given_up() -> None:
    connector, errors = InPieces(), RecordingOfframp()
    settled: list[Outcome] = []
    with ActorSystem() as system:
        outlets = Outlets()
        reader = OfframpPart(
            "offramp:main/err", errors, Encoder(Json(), []), Outlets(), lambda code, why: None
        )
        outlets.link("err", system.spawn(partial(OfframpActor, reader), name="err"), changes_values=False)
        part = OfframpPart(
            "offramp:main/out",
            connector,
            Encoder(Json(), []),
            outlets,
            lambda code, why: None,
            BackoffOptions.model_validate(RETRY),
            GiveUpOptions(attempts=2),
        )
        ref = system.spawn(partial(OfframpActor, part), name="out")
        values = ["a", "bad", "b", "stuck", "c"]
        ref.tell(("in", Batch(values, ingest_ns=0, ticket=Ticket(settled.append))))
        wait_until(lambda: bool(settled))
    assert connector.events == ["a", "b"]
    assert [(event["event"], event["kind"], event.get("attempts")) for event in errors.events] == [
        ("bad", "rejected", None),
        ("stuck", "given up", 2),
        ("c", "given up", 2),
    ]
    assert (part.written, part.failed, part.written_bytes) == (2, 3, len(b'"a""b"'))
    assert reader.written == 3


class Buffering(RecordingOfframp):
    """Confirms when it flushes, and loses what it has not flushed when it is closed."""

    confirms = "flush"
    name: ClassVar[str] = "buffering"

    def __init__(self) -> None:
        super().__init__()
        self.buffer: list[Any] = []
        self.crash = False
        self.stuck = True

    def write(self, outgoing: Outgoing) -> None:
        if self.crash:
            self.crash = False
            raise RuntimeError("a bug")
        self.buffer += outgoing.batch.values

    def flush(self) -> bool:
        if not self.stuck:
            self.events += self.buffer
            self.buffer = []
        return bool(self.buffer)

    def close(self) -> None:
        self.buffer = []


def test_what_was_not_flushed_before_a_crash_is_not_confirmed_by_the_next_flush() -> None:
    """Regression: the list of what waits for a flush outlived the crash, and the buffer did not."""
    connector = Buffering()
    part = OfframpPart("offramp:main/out", connector, Encoder(Json(), []), Outlets(), lambda code, why: None)
    settled: dict[str, list[Outcome]] = {"lost": [], "kept": []}
    with ActorSystem() as system:
        ref = system.spawn(partial(OfframpActor, part), name="out")
        for number, name in enumerate(settled):
            connector.crash = number == 1
            ref.tell(("in", Batch([name], ingest_ns=0, ticket=Ticket(settled[name].append))))
            if number == 0:
                wait_until(lambda: bool(connector.buffer))
        wait_until(lambda: bool(settled["lost"]))
        assert settled["lost"] == [Outcome.FAILED]
    assert part.unconfirmed == []


class SlowToClose(Buffering):
    """Is killed while it is closed for the first time after something was written."""

    name: ClassVar[str] = "slow_to_close"

    def __init__(self) -> None:
        super().__init__()
        self.closing = Event()

    def close(self) -> None:
        if self.buffer:
            self.buffer = []
            self.closing.set()
            Event().wait()


def test_what_a_killed_close_has_lost_is_not_confirmed_by_the_next_flush() -> None:
    """Regression: who was killed while it closed left what it had not flushed to the next one, which confirmed it."""
    connector = SlowToClose()
    part = OfframpPart("offramp:main/out", connector, Encoder(Json(), []), Outlets(), lambda code, why: None)
    settled: list[Outcome] = []
    with ActorSystem() as system:
        ref = system.spawn(partial(OfframpActor, part), name="out")
        ref.tell(("in", Batch(["lost"], ingest_ns=0, ticket=Ticket(settled.append))))
        wait_until(lambda: bool(connector.buffer))
        ref.kill()
        assert connector.closing.wait(5.0)
        ref.kill()
        assert ref.join(5.0)
        connector.stuck = False
        again = system.spawn(partial(OfframpActor, part), name="again")
        again.tell(("in", Batch(["kept"], ingest_ns=0, ticket=Ticket(settled.append))))
        wait_until(lambda: len(settled) == 2)
    assert settled == [Outcome.FAILED, Outcome.DELIVERED]


class SlowDisk(RecordingOfframp):
    """Has flushed only at the third time that it is asked to."""

    confirms = "flush"
    name: ClassVar[str] = "slow_disk"

    def flush(self) -> bool:
        super().flush()
        return self.calls.count("flush") < 3


def test_a_stop_waits_for_the_disk_before_it_confirms() -> None:
    """Regression: the last flush before a stop confirmed whatever it answered."""
    connector = SlowDisk()
    part = OfframpPart("offramp:main/out", connector, Encoder(Json(), []), Outlets(), lambda code, why: None)
    calls_when_settled: list[list[str]] = []
    with ActorSystem() as system:
        ref = system.spawn(partial(OfframpActor, part), name="out")
        ticket = Ticket(lambda outcome: calls_when_settled.append([outcome.name, *connector.calls]))
        ref.tell(("in", Batch(["last"], ingest_ns=0, ticket=ticket)))
        ref.stop(drain=True)
        assert ref.join(5.0)
    assert calls_when_settled == [["DELIVERED", "open", "write", "flush", "flush", "flush"]]
