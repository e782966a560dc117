"""What the API refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from supervisor.api.server import ApiServer
from supervisor.deployment.api_table import ApiTable, is_loopback
from supervisor.deployment.outcome import StartRefused

Serve = Callable[..., Any]


def test_it_does_not_listen_beyond_this_machine_without_a_token() -> None:
    with pytest.raises(StartRefused, match="needs a `token`"):
        ApiServer([], ApiTable.model_validate({"address": "0.0.0.0:0"})).listen()


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True), ("0.0.0.0", False),
     ("::", False), ("10.0.0.1", False), ("localhost.example.org", False)],
)  # fmt: skip
def test_loopback_is_told_from_other_addresses(host: str, local: bool) -> None:
    assert is_loopback(host) is local


def test_a_request_without_the_token_is_refused_but_probes_are_not(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret\n")
    client = serve(token={"file": str(tmp_path / "token")})
    refused = client.get("/api/v1/components")
    assert (refused.status, refused.headers["WWW-Authenticate"]) == (401, 'Bearer realm="aftershock"')
    assert client.get("/api/v1/components", Authorization="Bearer wrong").status == 401
    assert client.get("/api/v1/components", Authorization="Bearer secret").status == 200
    assert client.get("/livez").status == 200


def test_a_page_of_another_site_is_refused(serve: Serve) -> None:
    client = serve()
    assert client.act("pause", "main", Origin="http://evil.example").status == 403
    assert client.get("/api/v1/components", Origin="null").status == 403
    assert client.get("/api/v1/components", Origin=f"http://{client.address}").status == 200


def test_a_site_that_is_named_may_read_the_answer(serve: Serve) -> None:
    answer = serve(origins=["https://ops.example"]).get("/api/v1/flows", Origin="https://ops.example")
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (200, "https://ops.example")


def test_another_name_of_this_host_is_refused(serve: Serve) -> None:
    assert serve().get("/api/v1/components", Host="evil.example").status == 403


def test_nothing_is_changed_in_read_only_mode(serve: Serve) -> None:
    client = serve(read_only=True)
    assert client.act("pause", "main").status == 403
    assert client.get("/api/v1/components").status == 200


def test_a_body_that_is_too_large_is_refused(serve: Serve) -> None:
    answer = serve(max_body="2KiB").ask("POST", "/api/v1/actions", b'"' + b"x" * 4096 + b'"')
    assert answer.status == 413


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"", 400),
        (b"[]", 422),
        (b'{"action": "pause"}', 422),
        (b'{"action": 1, "target": "x"}', 422),
    ],
)
def test_a_malformed_document_is_refused_with_reasons(serve: Serve, body: bytes, status: int) -> None:
    answer = serve().ask("POST", "/api/v1/actions", body)
    assert answer.status == status
    assert answer.document["detail"]


@pytest.mark.parametrize(
    "path",
    ["/../../etc/passwd", "/api/v1/components/../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//etc"],
)
def test_a_path_leads_nowhere_but_to_a_route(serve: Serve, path: str) -> None:
    answer = serve().get(path)
    assert answer.status == 404
    assert b"root:" not in answer.body
