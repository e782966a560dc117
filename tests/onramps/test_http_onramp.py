from __future__ import annotations

import gzip
import json
import lzma
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import gevent
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from ramps.errors import CannotOpen
from ramps.onramps.http import HttpOnramp
from ramps.testing.onramp_runner import OnrampRunner
from ramps.testing.recording_intake import RecordingIntake
from ramps.tls import TlsClient, client_context


class Response(NamedTuple):
    status: int
    headers: dict[str, str]
    document: Any


class Client:
    """One connection that speaks HTTP, byte by byte as the test says."""

    def __init__(self, sock: Any) -> None:
        self.sock = sock
        self.file = sock.makefile("rb")

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def receive(self) -> Response:
        status_line = self.file.readline()
        assert status_line.startswith(b"HTTP/1.1 "), status_line
        headers = {}
        while (line := self.file.readline().strip()) != b"":
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        body = self.file.read(int(headers.get("content-length", 0)))
        return Response(int(status_line.split()[1]), headers, json.loads(body) if body else None)

    def post(self, body: bytes, *headers: str, method: str = "POST", path: str = "/") -> Response:
        lines = [f"{method} {path} HTTP/1.1", "Host: here", f"Content-Length: {len(body)}", *headers]
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        return self.receive()

    def at_end(self) -> bool:
        try:
            return self.file.read(1) == b""
        except ConnectionResetError:
            return True

    def close(self) -> None:
        self.file.close()
        self.sock.close()


Serve = Callable[..., Client]


@pytest.fixture
def serve(run: Any, dial: Any) -> Any:
    """Starts the server with these options and connects to it."""
    clients: list[Client] = []

    def start(**options: Any) -> Client:
        onramp = HttpOnramp(HttpOnramp.Options(**{"address": "127.0.0.1:0", **options}))
        run(onramp)
        clients.append(Client(dial(onramp.address)))
        return clients[-1]

    yield start
    for client in clients:
        client.close()


def test_a_posted_body_is_one_frame_and_is_accepted(serve: Serve, intake: Any) -> None:
    client = serve()
    response = client.post(b'{"a": 1}')
    assert (response.status, response.document) == (202, {"accepted": 1})
    [stream] = intake.streams
    assert (stream.data, stream.framed) == (b'{"a": 1}', True)
    assert stream.origin == f"http://127.0.0.1:{client.sock.getsockname()[1]}"


def test_what_curl_sends_is_decoded_with_the_configured_codec(serve: Serve, intake: Any) -> None:
    intake.content_types = {"application/json": "json"}
    client = serve()
    client.send(
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\n"
        b'Content-Length: 7\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n{"a":1}'
    )
    assert client.receive().status == 202
    assert (intake.streams[0].codec, intake.streams[0].preprocessors) == (None, None)


@pytest.mark.parametrize(
    ("content_type", "codec", "preprocessors"),
    [
        ("application/json; charset=utf-8", "json", ()),
        ("Application/JSON", "json", ()),
        ("application/x-ndjson", "json", ("lines", "remove-empty")),
        ("application/jsonl", "json", ("lines", "remove-empty")),
        ("text/csv", "csv", None),
        ("text/unheard-of", None, None),
        ("", None, None),
    ],
)
def test_the_content_type_chooses_codec_and_framing(
    serve: Serve, intake: Any, content_type: str, codec: str | None, preprocessors: Any
) -> None:
    intake.content_types = {"application/json": "json", "text/csv": "csv"}
    assert serve().post(b"x", f"Content-Type: {content_type}").status == 202
    [stream] = intake.streams
    assert (stream.codec, stream.preprocessors) == (codec, preprocessors)


def test_put_is_as_good_as_post_and_connections_are_kept(serve: Serve, intake: Any) -> None:
    client = serve()
    assert [client.post(b"x", method=method).status for method in ("POST", "PUT", "POST")] == [202] * 3
    assert len(intake.streams) == 3


def test_undecodable_events_are_told_with_their_reasons(serve: Serve, intake: Any) -> None:
    intake.find_fault = lambda data: "byte 3 is no JSON"
    response = serve().post(b"{{{")
    assert response.status == 400
    assert response.document == {"accepted": 0, "rejected": 1, "errors": ["byte 3 is no JSON"]}


@pytest.mark.parametrize(
    ("encoding", "compress"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("zstd", zstandard.compress),
        ("xz", lzma.compress),
        ("identity", bytes),
        ("GZIP", gzip.compress),
    ],
)
def test_compressed_bodies_are_decompressed(
    serve: Serve, intake: Any, encoding: str, compress: Callable[[bytes], bytes]
) -> None:
    assert serve().post(compress(b"text" * 1000), f"Content-Encoding: {encoding}").status == 202
    assert intake.data == b"text" * 1000


def test_an_unknown_encoding_is_answered_with_those_that_are_known(serve: Serve, intake: Any) -> None:
    response = serve().post(b"x", "Content-Encoding: br")
    assert response.status == 415
    assert "gzip" in response.headers["accept-encoding"]


@pytest.mark.parametrize("body", [b"no gzip", gzip.compress(b"x" * 5000)[:-4]])
def test_a_broken_compressed_body_is_a_bad_request(serve: Serve, intake: Any, body: bytes) -> None:
    response = serve().post(body, "Content-Encoding: gzip")
    assert response.status == 400
    assert "gzip" in response.document["error"]
    assert not intake.streams


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


def test_the_answer_reaches_a_client_that_sends_its_large_body_all_the_same(
    serve: Serve, intake: Any
) -> None:
    assert serve(max_body="1KiB").post(bytes(800_000)).status == 413


def test_a_client_that_expects_it_is_told_to_continue(serve: Serve, intake: Any) -> None:
    client = serve()
    client.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n")
    assert client.file.readline() == b"HTTP/1.1 100 Continue\r\n"
    assert client.file.readline() == b"\r\n"
    client.send(b"x")
    assert client.receive().status == 202


def test_chunked_bodies_are_joined(serve: Serve, intake: Any) -> None:
    client = serve()
    client.send(
        b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1;x=y\r\nd\r\n0\r\n\r\n"
    )
    assert client.receive().status == 202
    assert intake.data == b"abcd"


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


def test_get_is_answered_with_how_to_post(serve: Serve, intake: Any) -> None:
    client = serve()
    client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    response = client.receive()
    assert (response.status, response.headers["allow"]) == (405, "POST, PUT")
    assert "curl -d" in response.document["error"]
    assert client.post(b"x").status == 202


def test_other_paths_are_not_found(serve: Serve, intake: Any) -> None:
    client = serve(path="/events")
    response = client.post(b"x", path="/")
    assert response.status == 404
    assert "/events" in response.document["error"]


def test_the_query_is_no_part_of_the_path(serve: Serve, intake: Any) -> None:
    assert serve(path="/events").post(b"x", path="/events?source=a").status == 202


def test_a_post_without_a_body_is_told_that_one_is_needed(serve: Serve, intake: Any) -> None:
    client = serve()
    client.send(b"POST / HTTP/1.1\r\nHost: h\r\n\r\n")
    assert client.receive().status == 411
    assert client.post(b"").status == 400


def test_a_full_intake_is_503_with_a_time_to_try_again_and_takes_nothing(serve: Serve, intake: Any) -> None:
    intake.fill()
    client = serve(queue_timeout="10ms")
    response = client.post(b"x")
    assert (response.status, response.headers["retry-after"]) == (503, "1")
    assert intake.data == b""
    intake.make_room()
    assert client.post(b"x").status == 202


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("Authorization: Bearer s3cret", 202),
        ("Authorization: bearer  s3cret", 202),
        ("Authorization: Bearer wrong", 401),
        ("Authorization: Bearer s3cret\xff", 401),
        ("Authorization: Basic s3cret", 401),
        ("X-Nothing: here", 401),
    ],
)
def test_with_a_token_only_those_who_know_it_may_post(
    serve: Serve, intake: Any, tmp_path: Path, header: str, status: int
) -> None:
    path = tmp_path / "token"
    path.write_text("s3cret\n")
    response = serve(token={"file": path}).post(b"x", header)
    assert response.status == status
    assert len(intake.streams) == (status == 202)


def test_a_token_that_is_not_there_is_found_by_check(tmp_path: Path) -> None:
    onramp = HttpOnramp(HttpOnramp.Options(token={"file": tmp_path / "nowhere"}))
    with pytest.raises(CannotOpen, match="no token to ask for"):
        onramp.check()
    (tmp_path / "nowhere").touch()
    with pytest.raises(CannotOpen, match="it is empty"):
        onramp.check()


def test_metadata_has_the_request_but_no_secrets(serve: Serve, intake: Any) -> None:
    client = serve(metadata=True)
    client.post(b"x", "X-Trace: 7", "Authorization: Bearer s3cret", "Cookie: s3cret", path="/?a=b")
    [meta] = intake.streams[0].metas
    assert meta == {
        "request": {
            "method": "POST",
            "path": "/",
            "query": "a=b",
            "headers": {"host": "here", "content-length": "1", "x-trace": "7"},
        }
    }


def test_there_is_no_metadata_unless_asked_for(serve: Serve, intake: Any) -> None:
    serve().post(b"x")
    assert intake.streams[0].metas == [None]


def test_a_client_that_dies_in_mid_body_leaves_nothing(serve: Serve, intake: Any, dial: Any) -> None:
    client = serve()
    client.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nhalf")
    address = client.sock.getpeername()
    client.close()
    other = Client(dial(address))
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


def drip(client: Client, drop: bytes) -> None:
    try:
        for _ in range(500):
            client.send(drop)
            gevent.sleep(0.005)  # the fault under test is a slow client
    except OSError:
        pass


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
def test_any_bytes_never_crash_the_server(pieces: list[bytes], with_request_line: bool) -> None:
    intake = RecordingIntake()
    onramp = HttpOnramp(HttpOnramp.Options(address="127.0.0.1:0"))
    with OnrampRunner(onramp, intake) as runner:
        for data in (b"".join(pieces), b"x"):
            sock = gevent.socket.create_connection(onramp.address, timeout=5.0)
            client = Client(sock)
            try:
                if data != b"x":
                    client.send(b"POST / HTTP/1.1\r\n" * with_request_line + data)
                else:
                    assert client.post(data).status == 202
            finally:
                client.close()
        assert runner.error is None


def test_a_crash_in_the_intake_is_a_500_and_crashes_the_onramp(
    run: Any, dial: Any, intake: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    def crash(data: bytes) -> str | None:
        raise RuntimeError("a bug")

    intake.find_fault = crash
    onramp = HttpOnramp(HttpOnramp.Options(address="127.0.0.1:0"))
    runner = run(onramp)
    client = Client(dial(onramp.address))
    client.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx")
    with pytest.raises(RuntimeError, match="a bug"):
        runner.wait_for_end()
    client.close()
    assert capfd.readouterr().err == ""


def test_close_answers_a_request_that_waits_for_room_if_there_is_some_in_time(
    serve: Serve, intake: Any, run: Any, dial: Any
) -> None:
    onramp = HttpOnramp(HttpOnramp.Options(address="127.0.0.1:0"))
    runner = run(onramp)
    client = Client(dial(onramp.address))
    intake.fill()
    client.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx")
    intake.wait_until(lambda: intake.waiting)
    closing = gevent.spawn(runner.close)
    gevent.spawn(intake.make_room)
    assert client.receive().status == 202
    closing.join(timeout=5.0)
    client.close()


def test_https_works(serve: Serve, run: Any, dial: Any, intake: Any, certificates: Any) -> None:
    onramp = HttpOnramp(
        HttpOnramp.Options(address="127.0.0.1:0", tls={"cert": certificates.cert, "key": certificates.key})
    )
    run(onramp)
    context = client_context(TlsClient(ca=certificates.ca))
    client = Client(context.wrap_socket(dial(onramp.address), server_hostname="127.0.0.1"))
    assert client.post(b"x").status == 202
    client.close()


def test_a_port_in_use_cannot_be_opened() -> None:
    first = HttpOnramp(HttpOnramp.Options(address="127.0.0.1:0"))
    first.open()
    with pytest.raises(CannotOpen, match="the port is in use by another process"):
        HttpOnramp(HttpOnramp.Options(address=str(first.address))).open()
    first.close()
