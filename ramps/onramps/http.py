"""The `http` onramp: a server to which events are posted."""

from __future__ import annotations

import hmac
import io
import ssl
from typing import Any, ClassVar, NamedTuple

import gevent
from pydantic import Field

from pipelines.options import Address, Duration, HostPort, Options, Secret, Size, format_size
from ramps import listening
from ramps.archives import decompressed
from ramps.connections import ConnectionServer
from ramps.errors import CannotOpen, ConnectionLost, FrameError, IntakeFull
from ramps.limited_wsgi import Answer, HttpHost, HttpLimits, RequestBody
from ramps.onramp import Intake, Onramp, onramps
from ramps.tls import TlsServer, server_context

__all__ = ["HttpOnramp"]

# Small, because pywsgi parses chunk sizes byte by byte: a body in chunks of one byte must not hold up others.
_READ_BYTES = 8192

_ENCODINGS = {"gzip": "gzip", "x-gzip": "gzip", "deflate": "zlib", "zstd": "zstd", "xz": "xz"}

# Never part of an event: events are shown, stored and sent on.
_SECRET_HEADERS = {"HTTP_AUTHORIZATION", "HTTP_PROXY_AUTHORIZATION", "HTTP_COOKIE"}


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
        description="how long the headers may take, and how long a connection may be idle",
    )
    body_timeout: Duration = Field(  # type: ignore[assignment]
        default="30s", gt=0, description="how long a body may take"
    )
    queue_timeout: Duration = Field(  # type: ignore[assignment]
        default="5s",
        gt=0,
        description="how long a request waits for room downstream before it is answered 503",
    )
    metadata: bool = Field(
        default=False,
        description="add the request's method, path, query and headers to the metadata of its events",
    )
    reuse_port: bool = Field(default=False, description="let several processes share the port (SO_REUSEPORT)")


class _Framing(NamedTuple):
    codec: str | None
    preprocessors: tuple[str, ...] | None


class _Refused(Exception):
    """Ends the work on a request with this answer."""

    def __init__(self, status: int, reason: str, *headers: tuple[str, str]) -> None:
        super().__init__(reason)
        self.answer = Answer(status, {"accepted": 0, "error": reason}, headers)


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
    """

    name: ClassVar[str] = "http"
    summary: ClassVar[str] = "Listens for HTTP; each POST or PUT brings one event, or lines of them."
    example: ClassVar[str] = """
        [onramps.in]
        type = "http"
        address = "127.0.0.1:8080"
        max_body = "1MiB"
        """
    listens: ClassVar[bool] = True
    Options = HttpOptions
    options: HttpOptions

    address: HostPort
    """Where it listens, once it is open."""

    _server: ConnectionServer | None = None
    _token: bytes | None = None

    def check(self) -> None:
        """Read the certificates and the token."""
        self._tls()
        self._reveal_token()

    def open(self) -> None:
        """Listen. Raises `CannotOpen` with the reason and the remedy."""
        self.close()
        tls = self._tls()
        self._token = self._reveal_token()
        listener = listening.listen(self.options.address, reuse_port=self.options.reuse_port)
        self.address = listening.bound_address(listener)
        self._server = ConnectionServer(
            listener,
            log=self.log,
            max_connections=self.options.max_connections,
            tls=tls,
            handshake_timeout=self.options.handshake_timeout,
        )

    def read(self, intake: Intake) -> None:
        """Serve until closed."""
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

    def close(self) -> None:
        """Stop listening. Requests whose body has arrived are answered, if downstream takes it within half a
        second.
        """
        server, self._server = self._server, None
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
            data = self._decompress(environ, self._read_body(body))
            return self._take_in(intake, environ, data)
        except _Refused as refused:
            return refused.answer

    def _authorize(self, environ: dict[str, Any]) -> None:
        if self._token is None:
            return
        scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        given = token.strip().encode("latin-1")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given, self._token):
            environ["wsgi.input"].abandoned = environ["wsgi.input"].announced
            raise _Refused(401, "send `Authorization: Bearer TOKEN`", ("WWW-Authenticate", "Bearer"))

    def _route(self, environ: dict[str, Any]) -> None:
        body: RequestBody = environ["wsgi.input"]
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        if path == self.options.path and method in ("POST", "PUT"):
            return
        body.abandoned = body.announced
        if path != self.options.path:
            raise _Refused(404, f"events are posted to {self.options.path}")
        scheme = "https" if self.options.tls else "http"
        hint = f"curl -d '{{\"hello\": 1}}' {scheme}://{self.address}{self.options.path}"
        raise _Refused(
            405, f"this is an Aftershock onramp; post events to it: {hint}", ("Allow", "POST, PUT")
        )

    def _read_body(self, body: RequestBody) -> bytes:
        if not body.announced:
            raise _Refused(411, "the request has no body; send one, with Content-Length or chunked")
        limit = self.options.max_body
        # Until it is read to its end, every way out of here leaves a connection that cannot be used again.
        body.abandoned = True
        pieces: list[bytes] = []
        size = body.content_length or 0
        if size <= limit:
            size = 0
            late = _Refused(
                408, f"the body took longer than {self.options.body_timeout:g} s (`body_timeout`)"
            )
            with gevent.Timeout(self.options.body_timeout, late):
                while size <= limit and (piece := body.read(min(_READ_BYTES, limit + 1 - size))):
                    size += len(piece)
                    pieces.append(piece)
        if size > limit:
            raise _Refused(413, f"the body is larger than {format_size(limit)} (`max_body`)")
        body.abandoned = False
        if not size:
            raise _Refused(400, "the body is empty")
        return b"".join(pieces)

    def _decompress(self, environ: dict[str, Any], data: bytes) -> bytes:
        encoding = environ.get("HTTP_CONTENT_ENCODING", "identity").strip().lower()
        if encoding in ("identity", ""):
            return data
        if encoding not in _ENCODINGS:
            known = ", ".join(sorted(_ENCODINGS))
            raise _Refused(
                415,
                f"bodies with Content-Encoding {encoding!r} are not understood",
                ("Accept-Encoding", known),
            )
        limit = self.options.max_body
        pieces: list[bytes] = []
        size = 0
        try:
            for piece in decompressed(io.BytesIO(data), _ENCODINGS[encoding]):
                size += len(piece)
                pieces.append(piece)
                if size > limit:
                    raise _Refused(
                        413, f"the body is larger than {format_size(limit)} when decompressed (`max_body`)"
                    )
        except FrameError as error:
            raise _Refused(400, str(error)) from None
        if size > limit:
            raise _Refused(
                413, f"the body is larger than {format_size(limit)} when decompressed (`max_body`)"
            )
        return b"".join(pieces)

    def _take_in(self, intake: Intake, environ: dict[str, Any], data: bytes) -> Answer:
        framing = _framing(intake, environ.get("CONTENT_TYPE", ""))
        peer = HostPort(environ["REMOTE_ADDR"], int(environ["REMOTE_PORT"]))
        stream = intake.stream(
            f"http://{peer}", codec=framing.codec, preprocessors=framing.preprocessors, framed=True
        )
        meta = _metadata(environ) if self.options.metadata else None
        try:
            accepted, rejected = stream.feed(data, meta=meta, timeout=self.options.queue_timeout)
        except IntakeFull:
            raise _Refused(503, "there is no room downstream; try again", ("Retry-After", "1")) from None
        if rejected:
            return Answer(400, {"accepted": accepted, "rejected": rejected, "errors": stream.reasons})
        return Answer(202, {"accepted": accepted})


def _framing(intake: Intake, content_type: str) -> _Framing:
    """How a body of this type becomes events. The configured preprocessors apply unless the type itself
    frames.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    codec = intake.content_type_codec(media_type) if media_type else None
    if media_type == "application/json":
        return _Framing(codec, ())
    if media_type in (
        "application/x-ndjson",
        "application/ndjson",
        "application/jsonl",
        "application/x-jsonlines",
    ):
        return _Framing(codec or "json", ("lines", "remove-empty"))
    return _Framing(codec, None)


def _metadata(environ: dict[str, Any]) -> dict[str, Any]:
    headers = {
        name.removeprefix("HTTP_").lower().replace("_", "-"): value
        for name, value in environ.items()
        if (name.startswith("HTTP_") or name in ("CONTENT_TYPE", "CONTENT_LENGTH"))
        and name not in _SECRET_HEADERS
    }
    return {
        "request": {
            "method": environ["REQUEST_METHOD"],
            "path": environ["PATH_INFO"],
            "query": environ["QUERY_STRING"],
            "headers": headers,
        }
    }
