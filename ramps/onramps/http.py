"""The `http` onramp: a server to which events are posted."""

from __future__ import annotations

import hmac
import ssl
from typing import Any, ClassVar

from pydantic import Field

from pipelines.options import Address, Duration, HostPort, Options, Secret, Size
from pipelines.ticket import Outcome
from ramps.confirmations import Confirmations
from ramps.errors import CannotOpen, ConnectionLost, EndOfInput, IntakeFull
from ramps.network import listening
from ramps.network.connections import ConnectionServer
from ramps.network.http_request import Refused, decompress_body, framing, metadata, read_body
from ramps.network.limited_wsgi import Answer, HttpHost, HttpLimits, RequestBody
from ramps.network.tls import TlsServer, server_context
from ramps.network.waiting_requests import WaitingRequest, WaitingRequests
from ramps.onramp import InboundStream, Intake, Onramp, onramps

__all__ = ["HttpOnramp"]


class HttpOptions(Options):
    """Options of `http`."""

    address: Address = Field(  # type: ignore[assignment] # text, as in a file
        default="127.0.0.1:8080", description="where to listen; port 0 lets the system choose"
    )
    path: str = Field(
        default="/", pattern="^/", description="where events are posted to; other paths are not found"
    )
    token: Secret | None = Field(
        default=None,
        description="what clients must send as `Authorization: Bearer TOKEN`; without it anybody may post",
    )
    tls: TlsServer | None = Field(
        default=None, description="certificate and key; without them it is plain HTTP"
    )
    handshake_timeout: Duration = Field(  # type: ignore[assignment]
        default="10s", gt=0, description="how long a TLS handshake may take"
    )
    max_connections: int = Field(
        default=256, ge=1, description="connections at a time; further clients wait until one is free"
    )
    max_header: Size = Field(  # type: ignore[assignment]
        default="64KiB", ge=256, description="bytes that the headers of a request may have"
    )
    max_body: Size = Field(  # type: ignore[assignment]
        default="4MiB", ge=1, description="bytes that a body may have, as sent and decompressed"
    )
    header_timeout: Duration = Field(  # type: ignore[assignment]
        default="30s",
        gt=0,
        description="how long the headers may take, a connection be idle, and an answer wait to be read",
    )
    body_timeout: Duration = Field(  # type: ignore[assignment]
        default="30s", gt=0, description="how long a body may take"
    )
    queue_timeout: Duration = Field(  # type: ignore[assignment]
        default="5s",
        gt=0,
        description="how long a request waits for room downstream before it is answered 503",
    )
    acknowledge_timeout: Duration = Field(  # type: ignore[assignment]
        default="30s",
        gt=0,
        description="in an at-least-once flow: how long a request waits until its events are delivered before it is "
        "answered 503",
    )
    max_waiting: int = Field(
        default=128,
        ge=1,
        description="in an at-least-once flow: requests that wait for this at a time; further ones are answered 503",
    )
    metadata: bool = Field(
        default=False,
        description="add the request's method, path, query and headers to the metadata of its events",
    )
    reuse_port: bool = Field(default=False, description="let several processes share the port (SO_REUSEPORT)")


@onramps.register
class HttpOnramp(Onramp):
    """``curl -d '{"a": 1}' 127.0.0.1:8080`` adds an event.

    The content type chooses the codec: ``application/json`` is one document of any layout,
    ``application/x-ndjson`` and ``application/jsonl`` are lines of JSON, other known types mean their codec,
    and unknown ones (with them ``application/x-www-form-urlencoded``, which is what curl sends) the
    configured one. Bodies may be compressed.

    A body is taken in as a whole or not at all, and answered in JSON:

    * 202 ``{"accepted": n}`` when all its events are on their way; * 400 ``{"accepted": n, "rejected": m,
    "errors": […]}`` when one or more of them cannot be decoded. Those went to
      ``err``, the others are on their way: sending the body again would send these twice;
    * 503 with ``Retry-After`` when downstream had no room within ``queue_timeout``; nothing was taken in;
    * 401, 404, 405, 408, 411, 413, 415 and 431 as HTTP has them (RFC 9110); nothing was taken in.

    A connection that breaks off in mid-body costs only that request: nothing of it is taken in.

    In a flow with ``guarantee = "at-least-once"`` the answer waits until all events of the body are delivered, those
    in ``err`` too: 202 and 400 then mean that nothing of it can get lost any more. It is 503 with ``Retry-After`` when
    some of them failed, when they are not delivered within ``acknowledge_timeout``, when ``max_waiting`` requests wait
    already, and when the deployment stops. The client must send again whatever was answered 503, or not at all. The
    events of such a request may have arrived, or arrive later, nevertheless: at least once, not exactly once.
    """

    name: ClassVar[str] = "http"
    summary: ClassVar[str] = "Listens for HTTP; each POST or PUT brings one event, or lines of them."
    example: ClassVar[str] = """
        [onramps.in]
        type = "http"
        address = "127.0.0.1:8080"
        max_body = "1MiB"
        """
    feeds_frames: ClassVar[bool] = True
    listens: ClassVar[bool] = True
    replays = True
    single_owner: ClassVar[bool] = False
    Options = HttpOptions
    options: HttpOptions

    address: HostPort
    """Where it listens, once it is open."""

    _server: ConnectionServer | None = None
    _token: bytes | None = None
    _waiting: WaitingRequests | None = None
    _ends = False

    def check(self) -> None:
        """Read the certificates and the token."""
        self._tls()
        self._reveal_token()

    def open(self) -> None:
        """Listen. Raises `CannotOpen` with the reason and the remedy."""
        self.close()
        self._ends = False
        tls = self._tls()
        self._token = self._reveal_token()
        listener = listening.listen(self.options.address, reuse_port=self.options.reuse_port)
        self.address = listening.bound_address(listener)
        if self.at_least_once:
            # Not by its truth: an empty one is false, and has its counts.
            if self._waiting is None:
                self._waiting = WaitingRequests(self.options.max_waiting)
            self._waiting.start()
        self._server = ConnectionServer(
            listener,
            log=self.log,
            max_connections=self.options.max_connections,
            tls=tls,
            handshake_timeout=self.options.handshake_timeout,
        )

    def read(self, intake: Intake) -> None:
        """Serve until closed. Raises `EndOfInput` when the last request has been answered after `end_input`."""
        server = self._server
        if server is None:
            raise ConnectionLost("the http onramp is not open")
        host = HttpHost(
            lambda environ, body: self._answer(intake, environ, body),
            limits=HttpLimits(self.options.max_header, self.options.header_timeout),
            log=self.log,
            on_crash=server.fail,
        )
        server.serve(host.serve)
        if self._ends:
            raise EndOfInput("the last request is answered")

    def end_input(self) -> bool:
        """Let nobody in any more, and answer the requests that wait for their events to be delivered."""
        server, waiting = self._server, self._waiting
        if server is None or waiting is None or not len(waiting):
            return False
        self._ends = True
        waiting.finish(server.finish)
        server.stop_accepting()
        return True

    @property
    def awaits_delivery(self) -> bool:
        """Whether only such requests are left."""
        return self._waiting is not None and self._waiting.finishing

    def confirmations(self) -> Confirmations:
        """What clients were told."""
        return Confirmations() if self._waiting is None else self._waiting.confirmations()

    def close(self) -> None:
        """Stop listening. Requests whose body has arrived are answered, if downstream takes it within half a
        second; those that wait for their events to be delivered are answered 503.
        """
        server, self._server = self._server, None
        if self._waiting is not None:
            self._waiting.stop()
        if server is not None:
            server.close()

    def _tls(self) -> ssl.SSLContext | None:
        return None if self.options.tls is None else server_context(self.options.tls)

    def _reveal_token(self) -> bytes | None:
        if self.options.token is None:
            return None
        try:
            token = self.options.token.reveal()
        except ValueError as error:
            raise CannotOpen(f"onramp has no token to ask for: {error}") from None
        if not token:
            raise CannotOpen("onramp has no token to ask for: it is empty; drop `token` if anybody may post")
        return token.encode()

    def _answer(self, intake: Intake, environ: dict[str, Any], body: RequestBody) -> Answer:
        try:
            self._authorize(environ)
            self._route(environ)
            data = read_body(body, self.options.max_body, self.options.body_timeout)
            data = decompress_body(data, environ.get("HTTP_CONTENT_ENCODING", ""), self.options.max_body)
            return self._take_in(intake, environ, data)
        except Refused as refused:
            return refused.answer

    def _authorize(self, environ: dict[str, Any]) -> None:
        if self._token is None:
            return
        scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        given = token.strip().encode("latin-1")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given, self._token):
            environ["wsgi.input"].abandoned = environ["wsgi.input"].announced
            raise Refused(401, "send `Authorization: Bearer TOKEN`", ("WWW-Authenticate", "Bearer"))

    def _route(self, environ: dict[str, Any]) -> None:
        body: RequestBody = environ["wsgi.input"]
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        if path == self.options.path and method in ("POST", "PUT"):
            return
        body.abandoned = body.announced
        if path != self.options.path:
            raise Refused(404, f"events are posted to {self.options.path}")
        scheme = "https" if self.options.tls else "http"
        hint = f"curl -d '{{\"hello\": 1}}' {scheme}://{self.address}{self.options.path}"
        raise Refused(405, f"this is an Aftershock onramp; post events to it: {hint}", ("Allow", "POST, PUT"))

    def _take_in(self, intake: Intake, environ: dict[str, Any], data: bytes) -> Answer:
        codec, preprocessors = framing(intake, environ.get("CONTENT_TYPE", ""))
        peer = HostPort(environ["REMOTE_ADDR"], int(environ["REMOTE_PORT"]))
        stream = intake.stream(f"http://{peer}", codec=codec, preprocessors=preprocessors, framed=True)
        meta = metadata(environ) if self.options.metadata else None
        waiting = self._waiting
        if waiting is None:
            return self._feed(stream, data, meta, None)
        request = waiting.begin()
        if request is None:
            raise _later("too many requests wait to be acknowledged, or the onramp stops")
        try:
            answer = self._feed(stream, data, meta, request)
            outcome = request.wait(self.options.acknowledge_timeout)
        finally:
            waiting.end(request)
        if outcome is None:
            raise _later("whether the events were delivered is not known yet; some may have been")
        if outcome is not Outcome.DELIVERED:
            raise _later("not all events were delivered; some may have been")
        return answer

    def _feed(
        self,
        stream: InboundStream,
        data: bytes,
        meta: dict[str, Any] | None,
        request: WaitingRequest | None,
    ) -> Answer:
        ticket = None if request is None else request.ticket
        try:
            accepted, rejected = stream.feed(
                data, meta=meta, timeout=self.options.queue_timeout, ticket=ticket
            )
        except IntakeFull:
            raise _later("there is no room downstream") from None
        if request is not None:
            request.events = accepted + rejected
        if rejected:
            return Answer(400, {"accepted": accepted, "rejected": rejected, "errors": stream.reasons})
        return Answer(202, {"accepted": accepted})


def _later(reason: str) -> Refused:
    return Refused(503, f"{reason}; try again", ("Retry-After", "1"))
