"""Whoever does not keep to the protocol is cut off, and costs nobody else anything."""

from __future__ import annotations

import contextlib
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from gevent import socket
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.testing import settle, wait_until
from ramps.errors import CannotOpen, ConnectionLost, Rejected
from ramps.links.link_intake import LinkIntake
from ramps.links.link_offramp import FrameLinkOfframp, LinkOfframp, LinkOptions, ValueLinkOfframp
from ramps.links.link_onramp import LinkOnramp
from ramps.links.wire import VERSION, Form, Kind, Shipment, packed
from ramps.testing.offramp_battery import outgoing_of

from .conftest import Serving

HELLO = packed(Kind.HELLO, (VERSION, b"me", False), max_bytes=4096)


def batch(sequence: int, payload: bytes = b"abc", form: Form = Form.PACKETS, limit: int = 4096) -> bytes:
    return Shipment(form, "", array("I", [len(payload)]), array("I"), b"", payload, 1).packed(sequence, limit)


@contextlib.contextmanager
def connected(path: Path) -> Iterator[Any]:
    with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as sock:
        sock.settimeout(5.0)
        sock.connect(str(path))
        yield sock


def is_cut_off(sock: Any) -> bool:
    """Whether the server closes the connection."""
    try:
        while sock.recv(4096):
            pass
    except ConnectionResetError:
        pass
    return True


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        packed(Kind.HELLO, (VERSION + 1, b"me", False), max_bytes=4096),
        packed(Kind.HELLO, (), max_bytes=4096),
        packed(Kind.HELLO, (VERSION, b"me" * 5000, False), max_bytes=40960),
        batch(1),
        HELLO + packed(Kind.WELCOME, ("",), max_bytes=4096),
    ],
    ids=[
        "another protocol",
        "another version",
        "no head",
        "a long greeting",
        "no greeting",
        "not for a server",
    ],
)
def test_a_peer_that_does_not_greet_is_cut_off(writing: Serving, data: bytes, client: LinkOfframp) -> None:
    with connected(writing.path) as sock:
        sock.sendall(data)
        assert is_cut_off(sock)
    client.open()
    client.write(outgoing_of(b"1"))
    assert writing.intake.written == [b"1"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "data",
    [
        b"garbage" * 10,
        packed(Kind.ANSWER, (0, "", b"", 0), sequence=3, max_bytes=4096),
        packed(Kind.BATCH, (1, "", b"123", b"", b""), sequence=3, max_bytes=4096),
        batch(0),
        batch(1),
        batch(3, form=Form.FRAMES),
        batch(3, b"\xc1", form=Form.VALUES),
    ],
    ids=["garbage", "an answer", "broken lengths", "no number", "an old number", "frames", "a broken value"],
)
def test_a_sender_that_breaks_the_protocol_is_cut_off_and_may_go_on_anew(
    writing: Serving, data: bytes
) -> None:
    with connected(writing.path) as sock:
        sock.sendall(HELLO)
        assert sock.recv(4096)
        sock.sendall(batch(2))
        assert sock.recv(4096)
        sock.sendall(data)
        assert is_cut_off(sock)
    with connected(writing.path) as sock:
        sock.sendall(HELLO)
        assert sock.recv(4096)
        sock.sendall(batch(3))
        assert sock.recv(4096)
    assert writing.intake.written == [b"abc", b"abc"]  # type: ignore[attr-defined]


@given(data=st.binary(max_size=200))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_after_the_greeting_harm_nobody(writing: Serving, data: bytes) -> None:
    with connected(writing.path) as sock:
        sock.sendall(HELLO + data)
        sock.shutdown(socket.SHUT_WR)
        assert is_cut_off(sock)
    assert writing.intake.written == []  # type: ignore[attr-defined]


def test_a_length_beyond_the_limit_cuts_the_sender_off_at_once(tmp_path: Path) -> None:
    from .conftest import WritingIntake

    serving = Serving(LinkIntake, tmp_path / "small", WritingIntake())
    serving.options = LinkOptions.model_validate({"path": tmp_path / "small", "max_frame": "4KiB"})
    serving.forget()
    serving.start()
    try:
        with connected(serving.path) as sock:
            sock.sendall(HELLO)
            assert sock.recv(4096)
            sock.sendall(batch(1, b"x" * 5000, limit=10_000)[:40])
            assert is_cut_off(sock)
        sender = LinkOfframp(serving.options)
        sender.open()
        with pytest.raises(Rejected, match="too much for one frame"):
            sender.write(outgoing_of(b"x" * 5000))
        sender.write(outgoing_of(b"small"))
        sender.close()
    finally:
        serving.stop()
    assert serving.intake.written == [b"small"]  # type: ignore[attr-defined]


def test_a_sender_that_reconnects_again_and_again_keeps_one_greenlet_of_the_server(
    writing: Serving, client: LinkOfframp, in_background: Callable[..., Any]
) -> None:
    intake: Any = writing.intake
    intake.answers = False

    def deliver() -> None:
        while True:
            try:
                client.open()
                client.write(outgoing)
            except ConnectionLost:
                settle(1)
            else:
                return

    outgoing = outgoing_of(b"1")
    sending = in_background(deliver)
    wait_until(lambda: intake.stuck)
    server: Any = writing.connector
    for _ in range(20):
        client.close()
        settle(20)
    wait_until(lambda: len(server._server._connections) <= 2)
    intake.write()
    sending.join(5.0)
    assert sending.successful()
    assert intake.written == [b"1"]


@pytest.mark.parametrize(
    "said",
    [
        b"garbage",
        packed(Kind.OPEN, max_bytes=4096),
        packed(Kind.WELCOME, ("",), max_bytes=4096) + packed(Kind.HELLO, (), max_bytes=4096),
        packed(Kind.WELCOME, ("",), max_bytes=4096) + packed(Kind.ANSWER, (), sequence=1, max_bytes=4096),
        packed(Kind.WELCOME, ("not now",), max_bytes=4096),
        b"",
    ],
)
def test_a_server_that_makes_no_sense_is_a_lost_connection(
    tmp_path: Path, client: LinkOfframp, in_background: Callable[..., Any], said: bytes
) -> None:
    with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as listener:
        listener.bind(str(tmp_path / "1"))
        listener.listen()

        def serve() -> None:
            sock, _ = listener.accept()
            with sock:
                sock.recv(4096)
                sock.sendall(said)
                settle()

        serving = in_background(serve)
        with pytest.raises(ConnectionLost):
            client.open()
            client.write(outgoing_of(b"1"))
        client.close()
        serving.join(5.0)


def test_a_path_that_is_too_long_for_a_socket_says_so(tmp_path: Path) -> None:
    onramp = LinkOnramp(LinkOptions(path=tmp_path / ("x" * 200)))
    with pytest.raises(CannotOpen, match="107 bytes"):
        onramp.open()
    onramp.close()


def test_values_that_cannot_cross_are_refused_and_the_others_arrive(writing: Serving) -> None:
    from pipelines.batch import Batch
    from ramps.offramp import Outgoing

    offramp = ValueLinkOfframp(writing.options)
    offramp.open()
    seen: list[Any] = []
    writing.intake.pass_on = lambda batch: (seen.extend(batch.values), batch.settle())  # type: ignore[method-assign]
    with pytest.raises(Rejected) as rejected:
        offramp.write(Outgoing([], Batch([1, {2}, "drei", 10**30], ingest_ns=0)))
    assert rejected.value.indices == [1, 3]
    assert seen == [1, "drei"]
    offramp.close()


def test_frames_arrive_with_their_origin_time_and_metadata(reading: Serving) -> None:
    from pipelines.batch import Batch
    from ramps.offramp import Outgoing

    offramp = FrameLinkOfframp(reading.options)
    offramp.open()
    frames: list[Any] = [b"a", b"b\n", b"c"]
    metas: list[Any] = [{"k": 1}, {"k": 1}, None]
    batch = Batch(frames, raws=frames, raw_codec="binary", metas=metas, ingest_ns=42, origin="there")
    offramp.write(Outgoing([], batch))
    (stream,) = reading.intake.streams
    assert (stream.chunks, stream.origin, stream.ingest_times) == ([b"a", b"b\n", b"c"], "there", [42] * 3)
    assert stream.metas == metas
    offramp.write(Outgoing([], Batch([{"v": 1}], ingest_ns=43, origin="ticks", metas=[{"m": 2}])))
    (values,) = reading.intake.batches
    assert (values.values, values.ingest_ns, values.origin, values.metas) == (
        [{"v": 1}],
        43,
        "ticks",
        [{"m": 2}],
    )
    offramp.close()
