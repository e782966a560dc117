"""`ApiServer`: serves the API in the hub of the process that runs the deployment."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Iterable
from typing import Any

import gevent
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.wrappers import Request, Response

from actors.log import get_logger
from pipelines.options import HostPort
from ramps.errors import CannotOpen
from ramps.network import listening
from ramps.network.connections import ConnectionServer
from ramps.network.limited_wsgi import Answer, HttpHost, HttpLimits, RequestBody
from supervisor.api import API
from supervisor.api.guard import Guard
from supervisor.api.problems import CONTENT_TYPE, Problem
from supervisor.api.routing import Route, Router, response_of
from supervisor.deployment.api_table import ApiTable, is_loopback
from supervisor.deployment.outcome import StartRefused

__all__ = ["ApiServer"]

_log = get_logger("api")

_MAX_HEADER_BYTES = 16 * 1024
_HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
    (
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    ),
)


class ApiServer:
    """Answers requests by the routes that it is given. What a handler raises that is no `Problem` is a 500, logged with
    its traceback, and nothing of it is shown to the client.
    """

    def __init__(self, routes: Iterable[Route], settings: ApiTable) -> None:
        self._router = Router(routes)
        self._settings = settings
        self._server: ConnectionServer | None = None
        self._serving: gevent.Greenlet[..., Any] | None = None
        self.address: HostPort | None = None
        """Where it listens, once it does."""
        self.on_stop: Callable[[], None] = lambda: None
        """Called at each `stop`."""

    def listen(self) -> None:
        """Take the address; nobody is answered yet. Raises `StartRefused` with the reason and the remedy."""
        settings = self._settings
        try:
            token = None if settings.token is None else settings.token.reveal()
        except ValueError as error:
            raise StartRefused(f"the API cannot start: {error}", API) from None
        if token is None and not is_loopback(settings.address.host):
            raise StartRefused(
                f"the API cannot listen on {settings.address}: beyond this machine it needs a `token`",
                API,
            )
        self._guard = Guard(
            token=token,
            read_only=settings.read_only,
            origins=settings.origins,
            any_host=not is_loopback(settings.address.host),
        )
        try:
            sock = listening.listen(settings.address)
        except CannotOpen as error:
            raise StartRefused(str(error).replace("onramp cannot", "the API cannot"), API) from None
        self.address = listening.bound_address(sock)
        self._server = ConnectionServer(sock, log=_log, max_connections=settings.max_connections)

    def serve(self) -> None:
        """Answer, in greenlets, from now on. After `listen`."""
        assert self._server is not None
        host = _Host(self.application, HttpLimits(_MAX_HEADER_BYTES, self._settings.header_timeout))
        self._serving = gevent.spawn(self._server.serve, host.serve)

    def stop(self) -> None:
        """End all connections, and listen no more. A second call does nothing."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        if self._serving is not None:
            self._serving.kill()
        self.on_stop()

    def application(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """The WSGI application."""
        request = Request(environ)
        request.max_content_length = self._settings.max_body
        response = self._respond(request)
        for name, value in _HEADERS:
            response.headers.setdefault(name, value)
        origin = self._guard.allowed_origin(request)
        if origin is not None:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers.add("Vary", "Origin")
        body = environ["wsgi.input"]
        if isinstance(body, RequestBody) and _is_unread(body, response.status_code):
            # It might take for ever to come.
            body.abandoned = True
            response.headers["Connection"] = "close"
        return response(environ, start_response)

    def _respond(self, request: Request) -> Response:
        try:
            if request.method == "OPTIONS":
                return self._preflight(request)
            route, path = self._router.find(request)
            self._guard.check(request, route)
            return response_of(route, self._router.call(route, path, request))
        except Problem as problem:
            return _problem_response(problem)
        except RequestEntityTooLarge:
            return _problem_response(
                Problem(413, "too-large", f"the body is larger than {self._settings.max_body} bytes")
            )
        except Exception as error:
            _log.error(
                "A request could not be answered.",
                path=request.path[:200],
                error=repr(error),
                traceback=traceback.format_exc(),
            )
            return _problem_response(
                Problem(500, "internal", "something went wrong; the log of the engine says what")
            )

    def _preflight(self, request: Request) -> Response:
        """What a browser asks before a page of another site may (CORS)."""
        response = Response(status=204)
        if self._guard.allowed_origin(request) is not None:
            response.headers["Access-Control-Allow-Methods"] = "GET, POST, PUT, DELETE"
            response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
        return response


def _problem_response(problem: Problem) -> Response:
    title = HTTP_STATUS_CODES.get(problem.status, "Problem")
    response = Response(json.dumps(problem.document(title)), status=problem.status, content_type=CONTENT_TYPE)
    response.headers.extend(problem.headers)
    return response


def _is_unread(body: RequestBody, status: int) -> bool:
    if body.content_length is not None:
        return bool(body.position < body.content_length)
    return bool(body.chunked_input) and status >= 400


class _Host(HttpHost):
    """An `HttpHost` that leaves answers to a WSGI application, which may stream them."""

    def __init__(self, application: Callable[..., Iterable[bytes]], limits: HttpLimits) -> None:
        super().__init__(_never, limits=limits, log=_log, on_crash=_crashed)
        self._application = application

    def get_environ(self) -> dict[str, Any]:
        """What werkzeug wants to know, and a request does not say."""
        return {"wsgi.url_scheme": "http", "SERVER_NAME": "localhost", "SERVER_PORT": "80", "SCRIPT_NAME": ""}

    def application(  # type: ignore[override]
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        return self._application(environ, start_response)


def _never(_environ: dict[str, Any], _body: RequestBody) -> Answer:
    raise AssertionError("the application answers")


def _crashed(error: Exception) -> None:
    _log.error("A connection of the API broke down.", error=repr(error))
