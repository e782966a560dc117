"""A deployment with an API, in this process, and a client for it."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import gevent
import pytest

from supervisor.api import open_api
from supervisor.api.server import ApiServer
from supervisor.deployment.deployment import Deployment


class Response(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)


class Client:
    """Asks in a native thread, because the server needs this one."""

    def __init__(self, server: ApiServer, deployment: Deployment) -> None:
        assert server.address is not None
        self.server = server
        self.address = server.address
        self.deployment = deployment

    def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Response:
        def call() -> Response:
            connection = http.client.HTTPConnection(*self.address, timeout=5.0)
            try:
                data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
                sent = {"Content-Type": "application/json"} if data is not None else {}
                connection.request(method, path, data, {**sent, **(headers or {})})
                answer = connection.getresponse()
                return Response(answer.status, dict(answer.getheaders()), answer.read())
            finally:
                connection.close()

        found = gevent.get_hub().threadpool.apply(call)
        assert isinstance(found, Response)
        return found

    def get(self, path: str, **headers: str) -> Response:
        return self.ask("GET", path, headers=headers)

    def drain(self, target: str, timeout: float = 10.0) -> Response:
        return self.ask("POST", "/api/v1/actions", {"action": "drain", "target": target, "timeout": timeout})

    def act(self, action: str, target: str, **headers: str) -> Response:
        return self.ask("POST", "/api/v1/actions", {"action": action, "target": target}, headers)


@pytest.fixture
def serve() -> Iterator[Callable[..., Client]]:
    opened: list[tuple[ApiServer, Deployment]] = []

    def start(
        *,
        offramp: str = "out",
        supervisor: dict[str, Any] | None = None,
        tables: dict[str, Any] | None = None,
        **api: Any,
    ) -> Client:
        deployment = Deployment.load(
            {
                "supervisor": {"api": {"address": "127.0.0.1:0", **api}, **(supervisor or {})},
                "onramps": {"in": {"type": "memory"}},
                "pipelines": {"count": {"operators": [{"type": "counter"}]}},
                "offramps": {offramp: {"type": "memory"}},
                "flows": {"main": {"links": [f"in -> count -> {offramp}"]}},
                **(tables or {}),
            }
        )
        server = open_api(deployment)
        assert server is not None
        deployment.start()
        server.serve()
        opened.append((server, deployment))
        return Client(server, deployment)

    yield start
    for server, deployment in opened:
        deployment.stop(1.0)
        server.stop()
