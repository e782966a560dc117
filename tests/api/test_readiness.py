"""Readiness: an offramp that may be away does not count, as long as another one gets the same events."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from actors.testing import wait_until
from supervisor.api import open_api
from supervisor.deployment.deployment import Deployment
from tests.api.conftest import Client


@pytest.mark.parametrize(
    ("when_closed", "links", "status", "http_status"),
    [
        ("drop", ["in -> out", "in -> dead"], "degraded", 200),
        ("wait", ["in -> out", "in -> dead"], "failing", 503),
        # Nobody else gets its events.
        ("drop", ["in -> dead", "other -> out"], "failing", 503),
    ],
)
def test_a_closed_offramp_makes_it_unready_unless_its_flow_says_otherwise(
    when_closed: str, links: list[str], status: str, http_status: int
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    tables: dict[str, Any] = {
        "supervisor": {"api": "127.0.0.1:0"},
        "onramps": {"in": {"type": "memory"}, "other": {"type": "memory"}},
        "offramps": {"out": {"type": "memory"}, "dead": {"type": "tcp", "address": f"127.0.0.1:{port}"}},
        "flows": {"main": {"links": links, "when_closed": when_closed}},
    }
    if "other -> out" not in links:
        del tables["onramps"]["other"]
    deployment = Deployment.load(tables)
    server = open_api(deployment)
    assert server is not None
    deployment.start()
    server.serve()
    try:
        client = Client(server, deployment)
        wait_until(lambda: deployment.snapshot().component("offramp:main/dead").state == "connecting")
        for path in ("/readyz", "/healthz"):
            answer = client.get(path)
            assert (answer.document["status"], answer.status) == (status, http_status)
            assert [reason for reason in answer.document["reasons"] if "offramp:main/dead" in reason]
    finally:
        deployment.stop(0.1)
        server.stop()
