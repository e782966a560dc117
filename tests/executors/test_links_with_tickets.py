"""Links of a flow that promises at-least-once: what is handed over is confirmed when the other side has confirmed."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from actors.testing import settle, wait_until
from pipelines import Batch
from pipelines.ticket import Outcome, Ticket
from ramps.errors import ConnectionLost
from ramps.links.link_offramp import FrameLinkOfframp, LinkOfframp
from ramps.links.linked_batch import LinkedBatch
from ramps.offramp import Outgoing
from supervisor import Fleet

from .conftest import Serving

pytestmark = pytest.mark.slow


class Shipment:
    """A batch whose ticket the test listens to."""

    def __init__(self, text: bytes) -> None:
        self.settled: list[Outcome] = []
        self.ticket = Ticket(self.settled.append)
        self.batch = Batch([text], ingest_ns=1, ticket=self.ticket)
        self.outgoing = Outgoing([[text]], self.batch)

    def write(self, client: LinkOfframp) -> None:
        """As the driver does: its own ticket is answered when the connector has taken the batch."""
        client.write(self.outgoing)
        self.ticket.answer()


@pytest.fixture
def shipped(writing: Serving, client: LinkOfframp) -> list[Ticket]:
    """The tickets of what has come over, which the offramp behind the link has written and not confirmed."""
    writing.connector.at_least_once = True
    tickets: list[Ticket] = []
    pass_on = writing.intake.pass_on

    def note(batch: Batch) -> None:
        assert isinstance(batch, LinkedBatch)
        assert batch.ticket is not None
        tickets.append(batch.ticket)
        pass_on(batch)

    writing.intake.pass_on = note  # type: ignore[method-assign]
    client.open()
    return tickets


def heard(client: LinkOfframp, shipment: Shipment) -> bool:
    client.flush()
    return bool(shipment.settled)


@pytest.mark.parametrize("outcome", list(Outcome))
def test_the_source_hears_what_became_of_it_on_the_other_side(
    client: LinkOfframp, shipped: list[Ticket], outcome: Outcome
) -> None:
    shipments = [Shipment(b"first"), Shipment(b"second")]
    for shipment in shipments:
        shipment.write(client)
    settle()
    client.flush()
    assert [shipment.settled for shipment in shipments] == [[], []]
    assert client.unconfirmed == 2
    shipped[1].answer(outcome)
    wait_until(lambda: heard(client, shipments[1]))
    assert [shipment.settled for shipment in shipments] == [[], [outcome]]
    shipped[0].answer()
    wait_until(lambda: heard(client, shipments[0]))
    assert shipments[0].settled == [Outcome.DELIVERED]
    assert client.unconfirmed == 0


def test_what_was_not_confirmed_when_the_other_side_died_has_failed(
    writing: Serving, client: LinkOfframp, shipped: list[Ticket]
) -> None:
    lost, in_hand = Shipment(b"lost"), Shipment(b"in hand")
    lost.write(client)
    writing.stop()
    with pytest.raises(ConnectionLost):
        client.write(in_hand.outgoing)
    client.close()
    assert lost.settled == [Outcome.FAILED]
    assert in_hand.settled == [], "its sender has it, and writes it again"
    writing.start()
    client.open()
    in_hand.write(client)
    shipped[-1].answer()
    wait_until(lambda: heard(client, in_hand))
    assert in_hand.settled == [Outcome.DELIVERED]


def test_a_batch_that_comes_again_is_told_again_what_became_of_it(
    writing: Serving, client: LinkOfframp, shipped: list[Ticket], in_background: Callable[..., Any]
) -> None:
    writing.intake.answers = False  # type: ignore[attr-defined]
    shipment = Shipment(b"once")
    first = in_background(client.write, shipment.outgoing)
    wait_until(lambda: bool(shipped))
    first.kill()
    client.close()
    shipped[0].answer()
    settle()
    writing.intake.write()  # type: ignore[attr-defined]
    client.open()
    shipment.write(client)
    wait_until(lambda: heard(client, shipment))
    assert (len(shipped), shipment.settled) == (1, [Outcome.DELIVERED])


def test_values_that_did_not_come_into_the_other_side_have_failed(
    reading: Serving, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading.connector.at_least_once = True
    client = FrameLinkOfframp(FrameLinkOfframp.Options(path=reading.path))
    client.open()
    shipment = Shipment(b"")
    shipment.batch.values = [{"a": "row"}]

    def crash(_batch: Batch) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(reading.intake, "pass_on", crash)
        with pytest.raises(ConnectionLost):
            shipment.write(client)
    client.close()
    reading.stop()
    reading.start()
    client.open()
    shipment.write(client)
    wait_until(lambda: heard(client, shipment))
    client.close()

    assert shipment.settled == [Outcome.FAILED]


def test_a_killed_executor_makes_the_source_send_again_what_it_had(
    fleet: Callable[[dict[str, Any]], Fleet], directory: Path
) -> None:
    (directory / "in.txt").write_text("".join(f'{{"n":{n}}}\n' for n in range(1000)))
    total = 100_000
    running = fleet(
        {
            "supervisor": {"executors": 2, "dead_letters": "letters.db"},
            "onramps": {"in": {"type": "blaster", "path": "in.txt", "count": total}},
            # It gives nothing out before the stop.
            "pipelines": {"work": {"operators": [{"type": "batch", "count": 1_000_000}]}},
            "offramps": {"hole": {"type": "blackhole"}},
            "flows": {
                "main": {
                    "links": ["in -> work -> hole"],
                    "instances": 2,
                    "shared": ["in"],
                    "guarantee": "at-least-once",
                }
            },
        }
    )

    def received() -> int:
        parts = running.account().components
        return sum(part.received for part in parts if part.name == "pipeline:main#2/work")

    wait_until(lambda: received() > 0, 20.0)
    pid = running.executors()[1].pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert running.wait(30.0) is not None
    account = running.stop(20.0)
    (onramp,) = [part for part in account.components if part.name == "onramp:main/in"]
    assert onramp.confirmed + onramp.unconfirmed == total
    assert account.lost == account.unaccounted == 0
    assert account.came_in > total, "what was in the hands of the executor that died was read again"
