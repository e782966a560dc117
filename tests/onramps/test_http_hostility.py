"""What `http` does with clients that are slow, broken, greedy or gone."""

from __future__ import annotations

import contextlib
import gzip
from collections.abc import Callable
from typing import Any

import gevent
import pytest
from gevent import socket
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.log import get_logger
from pipelines.options import HostPort
from ramps.network import listening
from ramps.network.limited_wsgi import Answer, HttpHost, HttpLimits
from ramps.onramps.http import HttpOnramp
from ramps.testing.onramp_runner import OnrampRunner
from ramps.testing.recording_intake import RecordingIntake

Serve = Callable[..., Any]


def test_a_bomb_is_refused_at_the_limit(serve: Serve, intake: Any) -> None:
    response = serve(max_body="100KiB").post(gzip.compress(bytes(50 << 20)), "Content-Encoding: gzip")
    assert response.status == 413
    assert "when decompressed" in response.document["error"]


def test_a_body_that_announces_to_be_too_large_is_refused_before_it_is_sent(
    serve: Serve, intake: Any
) -> None:
    client = serve(max_body="1KiB")
    client.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2000\r\nExpect: 100-continue\r\n\r\n")
    response = client.receive()
    assert (response.status, response.headers["connection"]) == (413, "close")
    assert "1KiB" in response.document["error"]
    assert client.at_end()


def test_the_answer_reaches_a_client_that_sends_its_large_body_all_the_same(
    serve: Serve, intake: Any
) -> None:
    assert serve(max_body="1KiB").post(bytes(800_000)).status == 413


def test_chunked_bodies_have_the_same_limit(serve: Serve, intake: Any) -> None:
    client = serve(max_body="1KiB")
    client.send(
        b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        + b"400\r\n"
        + b"x" * 1024
        + b"\r\n"
        + b"1\r\nx\r\n"
    )
    assert client.receive().status == 413


def test_a_broken_chunk_is_a_bad_request_and_ends_the_connection(serve: Serve, intake: Any) -> None:
    client = serve()
    client.send(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n")
    assert client.receive().status == 400
    assert client.at_end()
    assert not intake.streams


def test_a_client_that_dies_in_mid_body_leaves_nothing(
    make_client: Any, serve: Serve, intake: Any, dial: Any
) -> None:
    client = serve()
    client.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nhalf")
    address = client.sock.getpeername()
    client.close()
    other = make_client(dial(address))
    assert other.post(b"x").status == 202
    other.close()
    assert intake.data == b"x"


def test_headers_that_come_drop_by_drop_are_cut_off(serve: Serve, intake: Any) -> None:
    client = serve(header_timeout="50ms")
    client.send(b"POST / HTTP/1.1\r\nHost: h\r\n")
    drops = gevent.spawn(drip, client, b"X-Slow: x\r\n")
    assert client.receive().status == 408
    drops.kill()


def test_a_connection_that_says_nothing_is_closed(serve: Serve, intake: Any) -> None:
    assert serve(header_timeout="20ms").at_end()


def test_a_body_that_comes_drop_by_drop_is_cut_off(serve: Serve, intake: Any) -> None:
    client = serve(body_timeout="50ms")
    client.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n")
    drops = gevent.spawn(drip, client, b"x")
    response = client.receive()
    drops.kill()
    assert (response.status, response.headers["connection"]) == (408, "close")
    assert not intake.streams


def drip(client: Any, drop: bytes) -> None:
    try:
        for _ in range(500):
            client.send(drop)
            gevent.sleep(0.005)  # the thing under test: a slow client
    except OSError:
        pass


def test_a_client_that_does_not_read_its_answer_is_cut_off(dial: Any) -> None:
    host = HttpHost(
        lambda environ, body: Answer(202, {"padding": "x" * (32 << 20)}),
        limits=HttpLimits(max_header_bytes=1024, header_timeout_seconds=0.05),
        log=get_logger("test"),
        on_crash=lambda error: None,
    )
    with contextlib.closing(listening.listen(HostPort("127.0.0.1", 0))) as listener:
        client = dial(listener.getsockname())
        client.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        ours, address = listener.accept()
        with contextlib.closing(ours):
            serving = gevent.spawn(host.serve, ours, address)
            serving.join(timeout=5.0)
            ended = serving.dead
            serving.kill()
    assert ended


def test_headers_beyond_the_limit_are_refused(serve: Serve, intake: Any) -> None:
    client = serve(max_header="1KiB")
    client.send(b"POST / HTTP/1.1\r\nX-Large: " + b"x" * 2000 + b"\r\n\r\n")
    assert client.receive().status == 431


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 1\r\nContent-Length: 2",
        b"Content-Length: 1\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: gzip, chunked",
        b"Transfer-Encoding: identity",
        b"Content-Length: +1",
        b"Content-Length: 1_0",
        b"Content-Length: -1",
        b"Content-Length: 99999999999999999999",
        b"Content-Length : 1",
        b"no colon here",
        b"\r\n".join(b"X-%d: y" % number for number in range(200)),
    ],
)
def test_ambiguous_or_malformed_headers_are_a_bad_request_and_end_the_connection(
    serve: Serve, intake: Any, head: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    client = serve()
    client.send(b"POST / HTTP/1.1\r\nHost: h\r\n" + head + b"\r\n\r\nx")
    assert client.receive().status == 400
    assert client.at_end()
    assert not intake.streams
    assert capfd.readouterr() == ("", "")


def test_an_upgrade_to_a_websocket_is_not_taken_for_an_endless_body(serve: Serve, intake: Any) -> None:
    assert serve().post(b"x", "Connection: Upgrade", "Upgrade: websocket").status == 202
    assert intake.data == b"x"


@given(st.lists(st.binary(max_size=60), max_size=6), st.booleans())
@settings(max_examples=40, deadline=None)
def test_any_bytes_never_crash_the_server(
    make_client: Any, pieces: list[bytes], with_request_line: bool
) -> None:
    intake = RecordingIntake()
    onramp = HttpOnramp(HttpOnramp.Options(address="127.0.0.1:0"))
    with OnrampRunner(onramp, intake) as runner:
        for data in (b"".join(pieces), b"x"):
            sock = socket.create_connection(onramp.address, timeout=5.0)
            client = make_client(sock)
            try:
                if data != b"x":
                    client.send(b"POST / HTTP/1.1\r\n" * with_request_line + data)
                else:
                    assert client.post(data).status == 202
            finally:
                client.close()
        assert runner.error is None


def test_a_crash_in_the_intake_is_a_500_and_crashes_the_onramp(
    make_client: Any, run: Any, dial: Any, intake: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    def crash(data: bytes) -> str | None:
        raise RuntimeError("a bug")

    intake.find_fault = crash
    onramp = HttpOnramp(HttpOnramp.Options(address="127.0.0.1:0"))
    runner = run(onramp)
    client = make_client(dial(onramp.address))
    client.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx")
    with pytest.raises(RuntimeError, match="a bug"):
        runner.wait_for_end()
    client.close()
    assert capfd.readouterr().err == ""


def test_close_answers_a_request_that_waits_for_room_if_there_is_some_in_time(
    make_client: Any, intake: Any, run: Any, dial: Any
) -> None:
    onramp = HttpOnramp(HttpOnramp.Options(address="127.0.0.1:0"))
    runner = run(onramp)
    client = make_client(dial(onramp.address))
    intake.fill()
    client.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx")
    intake.wait_until(lambda: intake.waiting)
    closing = gevent.spawn(runner.close)
    gevent.spawn(intake.make_room)
    assert client.receive().status == 202
    closing.join(timeout=5.0)
    client.close()
