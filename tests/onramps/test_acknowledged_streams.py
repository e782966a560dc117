"""What clients hear from onramps that acknowledge, and what becomes of clients that do not behave."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gevent
import pytest
from gevent import socket

from pipelines.ticket import Outcome
from ramps.errors import CannotOpen
from ramps.network import acknowledged_stream
from ramps.network.tls import TlsClient, client_context
from ramps.onramp import Onramp
from ramps.onramps.tcp import TcpOnramp
from ramps.onramps.unix import UnixOnramp
from ramps.testing.deliveries import Deliveries, Reader

Start = Callable[..., tuple[Reader, Deliveries]]
LINES = b'{"n": 0}\n{"n": 1}\n{"n": 2}\n'
LENGTH = 9


def tcp(**options: Any) -> TcpOnramp:
    return TcpOnramp(TcpOnramp.Options(**{"address": "127.0.0.1:0", "acknowledge": True, **options}))


@pytest.fixture
def start() -> Iterator[Start]:
    """Opens the onramp, and reads until the test ends."""
    with contextlib.ExitStack() as stack:

        def run(onramp: Onramp, codec: str = "json") -> tuple[Reader, Deliveries]:
            deliveries = Deliveries()
            reader = Reader(onramp, deliveries, codec)
            reader.open()
            stack.callback(reader.close)
            stack.callback(deliveries.make_room)
            return reader, deliveries

        yield run


class Answers:
    """What a client hears."""

    def __init__(self, sock: Any) -> None:
        self._socket = sock
        self._lines = sock.makefile("rb")

    def next(self) -> bytes:
        """One line; empty at the end."""
        return bytes(self._lines.readline())

    def until(self, wanted: bytes) -> list[bytes]:
        """All lines up to this one."""
        lines = [self.next()]
        while lines[-1] != wanted:
            assert lines[-1], lines
            lines.append(self.next())
        return lines

    def close(self) -> None:
        self._lines.close()


@pytest.fixture
def listen() -> Iterator[Callable[[Any], Answers]]:
    with contextlib.ExitStack() as stack:
        yield lambda sock: stack.enter_context(contextlib.closing(Answers(sock)))


def test_it_replays_only_if_it_is_to_acknowledge() -> None:
    assert tcp().replays
    assert not tcp(acknowledge=False).replays


def test_it_acknowledges_what_is_delivered_and_not_before(start: Start, dial: Any, listen: Any) -> None:
    onramp = tcp()
    _reader, deliveries = start(onramp)
    client = dial(onramp.address)
    answers = listen(client)
    client.sendall(LINES[:LENGTH])
    deliveries.wait_until(lambda: deliveries.unanswered == [0])
    client.sendall(LINES[LENGTH:])
    deliveries.wait_until(lambda: deliveries.unanswered == [0, 1, 2])

    deliveries.answer([1, 2])
    client.settimeout(0.05)
    with pytest.raises(TimeoutError):
        client.recv(100)
    client.settimeout(5.0)
    deliveries.answer([0])

    assert answers.next() == b"ACK 27\n"


def test_half_a_frame_is_not_acknowledged_before_it_is_whole(start: Start, dial: Any, listen: Any) -> None:
    onramp = tcp()
    _reader, deliveries = start(onramp)
    deliveries.answers_at_once = True
    client = dial(onramp.address)
    answers = listen(client)

    client.sendall(LINES[: LENGTH + 4])
    assert answers.next() == b"ACK 9\n"
    client.sendall(LINES[LENGTH + 4 :])
    assert answers.until(b"ACK 27\n")


def test_a_client_that_ends_its_side_hears_of_the_rest_and_then_the_end(
    start: Start, dial: Any, listen: Any
) -> None:
    onramp = tcp()
    _reader, deliveries = start(onramp)
    client = dial(onramp.address)
    answers = listen(client)
    client.sendall(LINES)
    client.shutdown(socket.SHUT_WR)
    deliveries.wait_until(lambda: len(deliveries.unanswered) == 3)
    deliveries.answer()

    assert answers.until(b"")[-2:] == [b"ACK 27\n", b""]


def test_an_end_completes_no_frame(start: Start, dial: Any, listen: Any) -> None:
    onramp = tcp()
    _reader, deliveries = start(onramp)
    deliveries.answers_at_once = True
    client = dial(onramp.address)
    answers = listen(client)
    client.sendall(LINES + b'{"n": 3}')
    client.shutdown(socket.SHUT_WR)

    assert answers.until(b"")[-2:] == [b"NAK 27\n", b""]
    assert deliveries.numbers == [0, 1, 2]
    assert deliveries.errors == []


def test_what_failed_is_refused_and_the_connection_ends(start: Start, dial: Any, listen: Any) -> None:
    onramp = tcp()
    _reader, deliveries = start(onramp)
    client = dial(onramp.address)
    answers = listen(client)
    client.sendall(LINES[:LENGTH])
    deliveries.wait_until(lambda: deliveries.unanswered == [0])
    client.sendall(LINES[LENGTH:])
    deliveries.wait_until(lambda: len(deliveries.unanswered) == 3)
    deliveries.answer([0])
    deliveries.answer([2], Outcome.FAILED)
    deliveries.answer([1])

    assert answers.until(b"")[-2:] == [b"NAK 9\n", b""]


def test_one_that_fails_costs_no_other_connection_anything(start: Start, dial: Any, listen: Any) -> None:
    onramp = tcp()
    _reader, deliveries = start(onramp)
    bad, good = dial(onramp.address), dial(onramp.address)
    bad.sendall(b'{"n": 7}\n')
    deliveries.wait_until(lambda: deliveries.unanswered == [7])
    good.sendall(b'{"n": 8}\n')
    deliveries.wait_until(lambda: deliveries.unanswered == [7, 8])
    deliveries.answer([7], Outcome.FAILED)
    deliveries.answer([8])

    assert listen(bad).next() == b"NAK 0\n"
    assert listen(good).next() == b"ACK 9\n"


def test_a_stop_says_what_is_delivered_and_ends_the_connection(start: Start, dial: Any, listen: Any) -> None:
    onramp = tcp()
    reader, deliveries = start(onramp)
    client = dial(onramp.address)
    answers = listen(client)
    client.sendall(LINES[:LENGTH])
    deliveries.wait_until(lambda: deliveries.unanswered == [0])
    deliveries.answer()
    client.sendall(LINES[LENGTH:])
    deliveries.wait_until(lambda: deliveries.unanswered == [1, 2])
    reader.close()

    assert answers.until(b"")[-2:] == [b"NAK 9\n", b""]


def test_a_stop_gives_what_is_under_way_a_moment(start: Start, dial: Any, listen: Any) -> None:
    onramp = tcp()
    reader, deliveries = start(onramp)
    client = dial(onramp.address)
    answers = listen(client)
    client.sendall(LINES)
    deliveries.wait_until(lambda: len(deliveries.unanswered) == 3)
    closer = gevent.spawn(reader.close)
    gevent.sleep(0)
    deliveries.answer()
    closer.join(5.0)

    assert answers.until(b"")[-2:] == [b"NAK 27\n", b""]


def test_a_stop_of_the_deployment_waits_for_what_is_under_way(start: Start, dial: Any, listen: Any) -> None:
    onramp = tcp()
    reader, deliveries = start(onramp)
    client, idle = dial(onramp.address), dial(onramp.address)
    answers, others = listen(client), listen(idle)
    idle.sendall(b'{"n": 9}\n')
    deliveries.wait_until(lambda: deliveries.unanswered == [9])
    deliveries.answer()
    assert others.next() == b"ACK 9\n"
    client.sendall(LINES)
    deliveries.wait_until(lambda: len(deliveries.unanswered) == 3)
    deliveries.wait_until(lambda: onramp.confirmations()[:3] == (1, 0, 3))
    assert onramp.end_input()
    assert others.until(b"")[-2:] == [b"NAK 9\n", b""]
    client.sendall(LINES)
    client.settimeout(0.1)
    with pytest.raises(TimeoutError):
        client.recv(100)
    client.settimeout(5.0)
    assert onramp.awaits_delivery
    deliveries.answer()

    assert answers.until(b"")[-2:] == [b"NAK 27\n", b""]
    reader.join()
    assert reader.ended
    assert onramp.confirmations()[:3] == (4, 0, 0)
    assert deliveries.numbers == [9, 0, 1, 2]


def test_no_more_is_read_than_may_be_under_way(start: Start, dial: Any, listen: Any) -> None:
    onramp = tcp(max_in_flight="18B", read_size="9B")
    _reader, deliveries = start(onramp)
    client = dial(onramp.address)
    answers = listen(client)
    client.sendall(LINES * 10)
    deliveries.wait_until(lambda: len(deliveries.unanswered) == 2)
    for number in range(28):
        assert len(deliveries.unanswered) == 2
        deliveries.answer(deliveries.unanswered[:1])
        deliveries.wait_until(lambda number=number: len(deliveries.numbers) == number + 3)
    deliveries.answer()

    assert answers.until(b"ACK 270\n")


def test_while_something_is_under_way_the_latest_line_is_repeated(
    start: Start, dial: Any, listen: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acknowledged_stream, "_REPEAT_SECONDS", 0.01)
    onramp = tcp()
    _reader, deliveries = start(onramp)
    client = dial(onramp.address)
    answers = listen(client)
    client.sendall(LINES)

    assert [answers.next() for _ in range(3)] == [b"ACK 0\n"] * 3
    deliveries.wait_until(lambda: len(deliveries.unanswered) == 3)
    deliveries.answer()
    answers.until(b"ACK 27\n")
    client.settimeout(0.1)
    with pytest.raises(TimeoutError):
        client.recv(100)


def test_in_a_flow_without_the_promise_what_was_taken_in_is_acknowledged(
    run: Any, dial: Any, intake: Any, listen: Any
) -> None:
    onramp = tcp()
    run(onramp)
    client = dial(onramp.address)
    client.sendall(LINES)

    assert listen(client).until(b"ACK 27\n")
    assert {ticket for stream in intake.streams for ticket in stream.tickets} == {None}


def test_a_stream_that_cannot_be_framed_any_more_ends(
    dial: Any, listen: Any, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TcpOnramp, "default_preprocessors", ("textual-length-prefix",))
    onramp = tcp()
    _reader, deliveries = start(onramp)
    deliveries.answers_at_once = True
    client = dial(onramp.address)
    answers = listen(client)
    client.sendall(b'8 {"n": 1}')
    assert answers.next() == b"ACK 10\n"
    client.sendall(b'x {"n": 2}8 {"n": 3}')

    assert answers.until(b"")[-2:] == [b"NAK 10\n", b""]
    assert deliveries.numbers == [1]
    assert len(deliveries.errors) == 1


def test_a_frame_that_is_too_long_is_acknowledged_once_it_is_over(
    dial: Any, listen: Any, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TcpOnramp, "default_preprocessors", ("textual-length-prefix",))
    onramp = tcp(read_size="64KiB")
    _reader, deliveries = start(onramp)
    deliveries.answers_at_once = True
    client = dial(onramp.address)
    answers = listen(client)
    size = (1 << 20) + 1
    head = b'8 {"n": 1}%d ' % size
    client.sendall(head + b"x" * (size - 1))
    assert answers.next() == b"ACK 10\n"
    client.sendall(b'x8 {"n": 2}')

    assert answers.next() == b"ACK %d\n" % (len(head) + size + 10)
    assert deliveries.numbers == [1, 2]


def test_a_client_that_reads_no_acknowledgements_is_disconnected(
    start: Start, dial: Any, tmp_path: Path
) -> None:
    # Its buffers are smaller than those of TCP.
    options = {"path": tmp_path / "in.sock", "acknowledge": True, "write_timeout": "50ms", "read_size": "9B"}
    _reader, deliveries = start(UnixOnramp(UnixOnramp.Options.model_validate(options)))
    deliveries.answers_at_once = True
    client = dial(str(options["path"]))

    with pytest.raises((ConnectionResetError, BrokenPipeError)):
        while True:
            client.sendall(LINES * 100)


def test_a_client_that_says_nothing_is_disconnected(start: Start, dial: Any, listen: Any) -> None:
    onramp = tcp(idle_timeout="20ms")
    start(onramp)

    assert listen(dial(onramp.address)).until(b"")[-2:] == [b"NAK 0\n", b""]


def test_a_client_that_waits_for_us_is_not_idle(start: Start, dial: Any, listen: Any) -> None:
    onramp = tcp(idle_timeout="300ms")
    _reader, deliveries = start(onramp)
    client = dial(onramp.address)
    client.sendall(LINES)
    deliveries.wait_until(lambda: len(deliveries.unanswered) == 3)
    client.settimeout(0.7)
    with pytest.raises(TimeoutError):
        client.recv(100)
    client.settimeout(5.0)
    deliveries.answer()

    assert listen(client).next() == b"ACK 27\n"


def test_a_client_that_vanishes_costs_nothing_but_its_connection(
    start: Start, dial: Any, listen: Any
) -> None:
    onramp = tcp()
    _reader, deliveries = start(onramp)
    client = dial(onramp.address)
    client.sendall(LINES)
    deliveries.wait_until(lambda: len(deliveries.unanswered) == 3)
    client.close()
    deliveries.answer()
    other = dial(onramp.address)
    other.sendall(LINES)
    deliveries.wait_until(lambda: len(deliveries.unanswered) == 3)
    deliveries.answer()

    assert listen(other).until(b"ACK 27\n")


def test_what_cannot_be_counted_is_refused(start: Start, dial: Any) -> None:
    onramp = tcp()
    reader, _deliveries = start(onramp, codec="csv")
    client = dial(onramp.address)
    assert client.recv(1) == b""

    with pytest.raises(CannotOpen, match="cannot acknowledge"):
        reader.join()
    reader.error = None


def test_the_client_in_the_documentation_sends_until_all_is_delivered(start: Start) -> None:
    text = (Path(__file__).parents[2] / "docs/delivery.md").read_text().split("A client:\n\n```python\n")[1]
    onramp, pauses = tcp(read_size="9B"), list[float]()
    names: dict[str, Any] = {"socket": socket, "time": SimpleNamespace(sleep=pauses.append)}
    exec(text.split("```")[0], names)
    _reader, deliveries = start(onramp)
    sender = gevent.spawn(names["send"], onramp.address, LINES)
    for number in (0, 1, 2):
        deliveries.wait_until(lambda number=number: deliveries.unanswered == list(range(number, 3)))
        deliveries.answer([number])
        if number < 2:
            deliveries.answer(outcome=Outcome.FAILED)

    sender.join(5.0)
    assert sender.successful()
    assert deliveries.numbers == [0, 1, 2, 1, 2, 2]


def test_tls_clients_hear_it_too(start: Start, dial: Any, listen: Any, certificates: Any) -> None:
    onramp = tcp(tls={"cert": certificates.cert, "key": certificates.key})
    reader, deliveries = start(onramp)
    context = client_context(TlsClient(ca=certificates.ca))
    client = context.wrap_socket(dial(onramp.address), server_hostname="127.0.0.1")
    answers = listen(client)
    client.sendall(LINES[:LENGTH])
    deliveries.wait_until(lambda: deliveries.unanswered == [0])
    deliveries.answer()
    assert answers.next() == b"ACK 9\n"
    client.sendall(LINES[LENGTH:])
    deliveries.wait_until(lambda: deliveries.unanswered == [1, 2])
    reader.close()

    assert answers.next() == b"NAK 9\n"
    client.close()


def test_unix_sockets_do_the_same(start: Start, dial: Any, listen: Any, tmp_path: Path) -> None:
    path = tmp_path / "in.sock"
    _reader, deliveries = start(UnixOnramp(UnixOnramp.Options(path=path, acknowledge=True)))
    deliveries.answers_at_once = True
    client = dial(str(path))
    client.sendall(LINES)

    assert listen(client).until(b"ACK 27\n")
