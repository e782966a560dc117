from __future__ import annotations

import gzip
import lzma
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from backports import zstd

from ramps.errors import CannotOpen
from ramps.network.tls import TlsClient, client_context
from ramps.onramps.http import HttpOnramp

Serve = Callable[..., Any]


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
        ("zstd", zstd.compress),
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


@pytest.mark.parametrize("body", [b"no gzip", gzip.compress(b"x" * 5000, mtime=0)[:-4]])
def test_a_broken_compressed_body_is_a_bad_request(serve: Serve, intake: Any, body: bytes) -> None:
    response = serve().post(body, "Content-Encoding: gzip")
    assert response.status == 400
    assert "gzip" in response.document["error"]
    assert not intake.streams


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


def test_https_works(run: Any, dial: Any, make_client: Any, certificates: Any) -> None:
    onramp = HttpOnramp(
        HttpOnramp.Options(address="127.0.0.1:0", tls={"cert": certificates.cert, "key": certificates.key})
    )
    run(onramp)
    context = client_context(TlsClient(ca=certificates.ca))
    client = make_client(context.wrap_socket(dial(onramp.address), server_hostname="127.0.0.1"))
    assert client.post(b"x").status == 202
    client.close()


def test_a_port_in_use_cannot_be_opened() -> None:
    first = HttpOnramp(HttpOnramp.Options(address="127.0.0.1:0"))
    first.open()
    with pytest.raises(CannotOpen, match="the port is in use by another process"):
        HttpOnramp(HttpOnramp.Options(address=str(first.address))).open()
    first.close()


def test_head_is_answered_without_a_body(serve: Serve, intake: Any) -> None:
    client = serve()
    client.send(b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n")
    assert client.file.readline().startswith(b"HTTP/1.1 405")
    while client.file.readline() != b"\r\n":
        pass
    assert client.post(b"x").status == 202
