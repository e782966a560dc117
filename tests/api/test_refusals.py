"""What the API refuses, over all of its routes and down to the bytes: it is the client's mistake, and never an error of
ours.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import gevent
import pytest
from gevent import socket

from supervisor.api.routes import all_routes
from supervisor.api.routing import Route
from supervisor.api.service import Service

Serve = Callable[..., Any]

ACTIONS = "/api/v1/actions"


def routes_of(client: Any) -> list[Route]:
    return all_routes(Service(client.deployment))


def some_path(route: Route) -> str:
    return re.sub(r"<[^>]*>", "a:b/c" if "component" in route.path else "x", route.path)


def raw(client: Any, request: bytes) -> bytes:
    """What comes back for these bytes, until the connection is closed or nothing comes for a while."""
    connection = socket.create_connection(client.address)
    try:
        connection.sendall(request)
        answer = b""
        with gevent.Timeout(2.0, False), suppress(ConnectionResetError):
            while data := connection.recv(65536):
                answer += data
        return answer
    finally:
        connection.close()


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def test_every_route_but_the_probes_and_the_empty_page_asks_for_the_token(
    serve: Serve, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("secret\n")
    client = serve(token={"file": str(tmp_path / "token")})
    statuses = {
        (route.method, route.path): client.ask(route.method, some_path(route)).status
        for route in routes_of(client)
    }
    answered = {path for (_method, path), status in statuses.items() if status != 401}
    assert answered == {"/livez", "/readyz", "/version", "/", "/static/<path:name>"}


def test_every_route_refuses_pages_of_other_sites(serve: Serve) -> None:
    client = serve()
    for route in routes_of(client):
        answer = client.ask(route.method, some_path(route), headers={"Origin": "https://evil.example"})
        assert answer.status == 403, route
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_every_route_that_changes_something_is_refused_in_read_only_mode(serve: Serve) -> None:
    client = serve(read_only=True)
    writing = [route for route in routes_of(client) if route.method != "GET"]
    assert writing
    assert {client.ask(route.method, some_path(route)).status for route in writing} == {403}


def test_a_browser_may_not_ask_beforehand_for_another_site(serve: Serve) -> None:
    client = serve()
    answer = client.ask(
        "OPTIONS",
        ACTIONS,
        headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"},
    )
    assert not {name for name in answer.headers if name.startswith("Access-Control")}


def test_an_address_beyond_this_machine_without_a_token_is_refused_with_its_line(
    supervisor: Callable[..., Any], write: Callable[[str, str], Path]
) -> None:
    write(
        "c.toml",
        """
        [supervisor]
        api = "0.0.0.0:0"
        [onramps.in]
        type = "metronome"
        interval = "1s"
        [offramps.out]
        type = "blackhole"
        [flows.main]
        links = ["in -> out"]
        """,
    )
    run = supervisor("run", "c.toml")
    assert run.wait() == 3
    assert "c.toml:3:7: error[no-token]" in run.errors


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 500_000,
        b'{"a":' * 100_000,
        b'{"action": "pause", "target": "' + b"x" * 1000 + b'"}',
        b'{"action": "pause", "target": "\\ud800"}',
        b'{"action": "pause", "target": "\xff"}',
        '{"action": "pause", "target": "main"}'.encode("utf-16"),
        b'{"action": "drain", "target": "main", "timeout": NaN}',
        b'{"action": "drain", "target": "main", "timeout": 1e999}',
        b'{"action": "drain", "target": "main", "timeout": ' + b"9" * 10_000 + b"}",
        b'{"action": "pause", "target": "main", "more": 1}',
        b'{"action": "pause", "target": "main"} trailing',
        b"null",
        b"\0",
        b"",
    ],
    ids=lambda body: repr(body[:30]),
)
def test_a_malformed_document_is_the_clients_mistake(serve: Serve, body: bytes) -> None:
    answer = serve().ask("POST", ACTIONS, body)
    assert answer.status in (400, 404, 422)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.document["detail"]


@pytest.mark.parametrize(
    "type_", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
def test_a_form_of_a_page_is_no_document(serve: Serve, type_: str) -> None:
    """A page of any site may send those without asking beforehand."""
    document = json.dumps({"action": "pause", "target": "main"}).encode()
    assert serve().ask("POST", ACTIONS, document, {"Content-Type": type_}).status in (400, 415)


def test_a_body_that_grows_beyond_the_bound_in_chunks_is_refused(serve: Serve) -> None:
    client = serve(max_body="1KiB")
    head = (
        f"POST {ACTIONS} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    )
    answer = raw(
        client,
        head.encode() + b"400\r\n" + b" " * 1024 + b"\r\n" + b"400\r\n" + b" " * 1024 + b"\r\n0\r\n\r\n",
    )
    assert status(answer) == 413
    assert client.get("/livez").status == 200


@pytest.mark.parametrize(
    "head",
    [
        f"POST {ACTIONS} HTTP/1.1\r\nContent-Length: 1000000000000",
        "POST /nowhere HTTP/1.1\r\nContent-Length: 1000",
        f"PUT {ACTIONS} HTTP/1.1\r\nTransfer-Encoding: chunked",
    ],
)
def test_a_body_that_never_comes_is_not_waited_for(serve: Serve, head: str) -> None:
    connection = socket.create_connection(serve().address)
    try:
        connection.sendall(f"{head}\r\nHost: localhost\r\nContent-Type: application/json\r\n\r\n".encode())
        with gevent.Timeout(10.0):
            while connection.recv(65536):
                pass
    finally:
        connection.close()


def test_a_document_in_chunks_is_read(serve: Serve) -> None:
    document = b'{"action": "pause", "target": "main"}'
    answer = raw(
        serve(),
        f"POST {ACTIONS} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n{len(document):x}\r\n".encode()
        + document
        + b"\r\n0\r\n\r\n",
    )
    assert status(answer) == 200


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 20_000 + b"\r\n\r\n", 431),
        (b"nonsense\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n", 400),
        (
            b"GET /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            400,
        ),
        (b"GET /livez HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", 403),
        (b"BREW /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 405),
    ],
    ids=lambda value: repr(value[:40]) if isinstance(value, bytes) else str(value),
)
def test_a_malformed_request_is_refused_and_others_are_answered(
    serve: Serve, request_: bytes, expected: int
) -> None:
    client = serve()
    assert status(raw(client, request_)) == expected
    assert client.get("/livez").status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/../../../../etc/passwd",
        "/..%2f..%2f..%2fetc%2fpasswd",
        "/%2e%2e%2f%2e%2e%2fetc/passwd",
        "/..\\..\\etc\\passwd",
        "/%252e%252e/etc/passwd",
        "/api/v1/dead-letters/..%2f..%2fetc%2fpasswd",
        "/api/v1/components/..%2f..%2fetc%2fpasswd",
        "/api/v1/components/../../../etc/passwd/stack",
        "/api/v1/flows/%00",
        "/api/v1/flows/%ff",
        "file:///etc/passwd",
    ],
)
def test_no_path_leads_to_a_file(serve: Serve, path: str) -> None:
    client = serve()
    answer = raw(client, f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    assert status(answer) in (400, 404)
    assert b"root:" not in answer


@pytest.mark.parametrize(
    "query", ["limit=%ff", "component=%ff", "%00=1", "limit=" + "9" * 5000, "a[]=1", "&&=&"]
)
def test_a_query_that_is_none_is_the_clients_mistake(serve: Serve, query: str) -> None:
    assert serve().get(f"/api/v1/logs?{query}").status in (200, 422)
