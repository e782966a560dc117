"""The `http` onramp in an at-least-once flow: the answer waits until the events are settled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import gevent
import pytest
from gevent.event import Event

from actors.clock import HubClock
from pipelines.batch import Batch
from pipelines.ticket import Outcome, settle_batch
from ramps.codec import codecs
from ramps.intake import StreamIntake
from ramps.onramps.http import HttpOnramp
from ramps.testing.onramp_runner import OnrampRunner

POST = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx"


class Server:
    """An onramp that promises, and clients for it."""

    def __init__(self, run: Any, dial: Any, make_client: Any, **options: Any) -> None:
        self.onramp = HttpOnramp(HttpOnramp.Options(**{"address": "127.0.0.1:0", **options}))
        self.onramp.at_least_once = True
        self.runner = run(self.onramp)
        self.clients: list[Any] = []
        self._new = lambda: make_client(dial(self.onramp.address))

    def client(self) -> Any:
        self.clients.append(self._new())
        return self.clients[-1]


@pytest.fixture
def promising(run: Any, dial: Any, make_client: Any) -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(**options: Any) -> Server:
        servers.append(Server(run, dial, make_client, **options))
        return servers[-1]

    yield start
    for server in servers:
        for client in server.clients:
            client.close()


def tickets_of(intake: Any, count: int) -> list[Any]:
    """The tickets of the requests so far, once there are so many."""
    intake.wait_until(lambda: sum(len(stream.tickets) for stream in intake.streams) == count)
    return [ticket for stream in intake.streams for ticket in stream.tickets]


def test_the_answer_comes_when_the_events_are_delivered_and_not_before(promising: Any, intake: Any) -> None:
    client = promising().client()
    client.send(POST)
    [ticket] = tickets_of(intake, 1)
    client.sock.settimeout(0.0)
    with pytest.raises(BlockingIOError):
        client.sock.recv(1)
    client.sock.settimeout(5.0)
    ticket.answer()
    response = client.receive()
    assert (response.status, response.document) == (202, {"accepted": 1})


def test_events_that_fail_are_503_with_a_time_to_try_again(promising: Any, intake: Any) -> None:
    client = promising().client()
    client.send(POST)
    [ticket] = tickets_of(intake, 1)
    ticket.answer(Outcome.FAILED)
    response = client.receive()
    assert (response.status, response.headers["retry-after"]) == (503, "1")
    assert "not all events were delivered" in response.document["error"]


def test_what_is_not_delivered_in_time_is_503_and_a_later_delivery_harms_nobody(
    promising: Any, intake: Any
) -> None:
    server = promising(acknowledge_timeout="20ms")
    client = server.client()
    client.send(POST)
    response = client.receive()
    assert (response.status, response.headers["retry-after"]) == (503, "1")
    tickets_of(intake, 1)[0].answer()
    assert len(server.onramp._waiting) == 0


def test_requests_that_wait_when_it_is_closed_are_answered_503(promising: Any, intake: Any) -> None:
    server = promising()
    client = server.client()
    client.send(POST)
    tickets_of(intake, 1)
    closing = gevent.spawn(server.runner.close)
    assert client.receive().status == 503
    closing.join(timeout=5.0)
    assert closing.successful()


def test_no_more_requests_wait_than_the_option_says(promising: Any, intake: Any) -> None:
    server = promising(max_waiting=1)
    first, second = server.client(), server.client()
    first.send(POST)
    [ticket] = tickets_of(intake, 1)
    second.send(POST)
    response = second.receive()
    assert (response.status, response.headers["retry-after"]) == (503, "1")
    assert len(intake.streams[-1].chunks) == 0
    ticket.answer()
    assert first.receive().status == 202
    second.send(POST)
    tickets_of(intake, 2)[1].answer()
    assert second.receive().status == 202


def test_each_request_has_a_ticket_of_its_own(promising: Any, intake: Any) -> None:
    server = promising()
    first, second = server.client(), server.client()
    first.send(POST)
    tickets_of(intake, 1)
    second.send(POST)
    tickets = tickets_of(intake, 2)
    tickets[1].answer()
    assert second.receive().status == 202
    tickets[0].answer(Outcome.FAILED)
    assert first.receive().status == 503


def test_undecodable_events_are_400_only_when_their_reports_are_delivered(
    promising: Any, intake: Any
) -> None:
    intake.find_fault = lambda data: "byte 1 is no JSON"
    client = promising().client()
    client.send(POST)
    [ticket] = tickets_of(intake, 1)
    ticket.answer()
    assert client.receive().status == 400
    client.send(POST)
    tickets_of(intake, 2)[1].answer(Outcome.FAILED)
    assert client.receive().status == 503


def test_a_full_intake_is_503_and_leaves_nobody_waiting(promising: Any, intake: Any) -> None:
    server = promising(queue_timeout="20ms")
    intake.fill()
    assert server.client().post(b"x").status == 503
    intake.make_room()
    assert len(server.onramp._waiting) == 0


def test_a_best_effort_flow_has_no_tickets(serve: Any, intake: Any) -> None:
    assert serve().post(b"x").status == 202
    assert intake.streams[0].tickets == [None]


def test_with_the_real_intake_all_batches_of_a_body_must_be_delivered(dial: Any, make_client: Any) -> None:
    batches: list[Batch] = []
    came = Event()

    def send(_port: str, batch: Batch, _timeout: float | None) -> None:
        batches.append(batch)
        if len(batches) == 3:
            came.set()

    intake = StreamIntake(
        "onramp:in", make_codec=codecs.get("json"), send=send, clock=HubClock(), batch_max=2
    )
    onramp = HttpOnramp(HttpOnramp.Options(address="127.0.0.1:0"))
    onramp.at_least_once = True
    with OnrampRunner(onramp, intake):
        client = make_client(dial(onramp.address))
        body = b"1\n2\n3\n{\n5\n"
        head = f"POST / HTTP/1.1\r\nHost: h\r\nContent-Type: application/jsonl\r\nContent-Length: {len(body)}\r\n\r\n"
        client.send(head.encode() + body)
        assert came.wait(5.0)
        for batch in batches[:2]:
            settle_batch(batch)
        client.sock.settimeout(0.0)
        with pytest.raises(BlockingIOError):
            client.sock.recv(1)
        client.sock.settimeout(5.0)
        settle_batch(batches[2])
        response = client.receive()
        assert (response.status, response.document["accepted"], response.document["rejected"]) == (400, 4, 1)
        client.close()
