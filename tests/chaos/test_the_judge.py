"""The suite's own parts: a judge that finds nothing would prove nothing."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.engine import until
from tests.chaos.events import event, line
from tests.chaos.http_ledger import HttpLedger
from tests.chaos.judge import judge
from tests.chaos.scenario import scenario
from tests.chaos.sinks import LineReader
from tests.chaos.slope import growth_beyond_noise
from tests.chaos.tcp_proxy import TcpProxy

ANSWER_SECONDS = 5.0


def test_the_judge_is_content_with_every_obligation_however_often() -> None:
    ledger = [event(7, number) for number in (0, 1, 2, 1)]

    verdict = judge(7, {0, 1}, {0, 1, 2}, ledger)

    assert (verdict.faults, verdict.duplicates, verdict.obligations) == ([], 1, 2)


def test_the_judge_finds_what_is_lost() -> None:
    assert judge(7, {0, 1}, {0, 1}, [event(7, 0)]).faults == ["1 lost: [1]"]


def test_the_judge_finds_a_changed_payload() -> None:
    changed = {**event(7, 0), "text": "something else"}

    assert judge(7, {0}, {0}, [changed]).faults == ["1 changed: [0]"]


def test_the_judge_finds_what_nobody_sent() -> None:
    (fault,) = judge(7, set(), {0}, [event(7, 0), event(7, 9)]).faults

    assert fault.startswith("1 unknown")


def test_a_seed_stands_for_one_scenario() -> None:
    assert [scenario(seed) for seed in range(50)] == [scenario(seed) for seed in range(50)]
    assert len({scenario(seed).faults for seed in range(50)}) > 25


def test_a_reader_of_lines_skips_what_is_torn_and_begins_again_when_the_file_became_shorter(
    tmp_path: Path,
) -> None:
    path = tmp_path / "out.jsonl"
    reader = LineReader(path)
    path.write_bytes(line(1, 0) + b'{"id": 1, "te\n' + line(1, 2) + b'{"id": 3')
    assert [found["id"] for found in reader.news()] == [0, 2]

    path.write_bytes(line(1, 4))

    assert [found["id"] for found in reader.news()] == [4]


@pytest.fixture
def ledger() -> Iterator[HttpLedger]:
    server = HttpLedger()
    yield server
    server.close()


def post(port: int, number: int) -> int:
    """The status of the answer; 0 for none that is whole."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
    try:
        connection.request("POST", "/", line(1, number))
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def test_the_server_refuses_resets_and_answers_half_as_often_as_it_is_told_to(ledger: HttpLedger) -> None:
    for misdeed in ("refuse", "reset", "half"):
        ledger.misbehave(misdeed, 1)

    assert [post(ledger.port, number) for number in range(4)] == [503, 0, 0, 200]
    assert [kept["id"] for kept in ledger.events] == [2, 3]


def test_the_server_lets_those_go_who_hang_when_it_heals(ledger: HttpLedger) -> None:
    ledger.misbehave("hang", 1)
    with socket.create_connection(("127.0.0.1", ledger.port), ANSWER_SECONDS) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
        client.settimeout(0.05)
        with pytest.raises(TimeoutError):
            client.recv(1)

        ledger.heal()

        client.settimeout(ANSWER_SECONDS)
        assert client.recv(1) == b""


def test_the_proxy_forwards_cuts_and_half_closes(ledger: HttpLedger) -> None:
    proxy = TcpProxy(ledger.port)
    try:
        assert post(proxy.port, 0) == 200
        for disturb in (proxy.cut, proxy.half_close):
            with socket.create_connection(("127.0.0.1", proxy.port), ANSWER_SECONDS) as client:
                client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n{")
                client.settimeout(ANSWER_SECONDS)
                wait_for_a_pair(proxy, client)
                disturb()
                assert client.recv(1) == b""
        assert post(proxy.port, 1) == 200
    finally:
        proxy.close()
    assert {kept["id"] for kept in ledger.events} == {0, 1}


def wait_for_a_pair(proxy: TcpProxy, client: socket.socket) -> None:
    ours = client.getsockname()
    assert until(lambda: any(peer_of(near) == ours for near, _ in proxy.current()), ANSWER_SECONDS)


def peer_of(near: socket.socket) -> object:
    try:
        return near.getpeername()
    except OSError:
        # One of a connection before, which is over.
        return None


def test_a_figure_that_grows_is_told_from_one_that_goes_up_and_down() -> None:
    leaking = [(float(second), 1000.0 + 2 * second + second % 3) for second in range(200)]
    breathing = [(float(second), 1000.0 + 50 * (second % 7)) for second in range(200)]

    assert growth_beyond_noise(leaking, floor=10) == pytest.approx(280, rel=0.05)
    assert growth_beyond_noise(breathing, floor=10) == 0
    assert growth_beyond_noise(leaking, floor=500) == 0
