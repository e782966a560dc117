"""`HttpHost`: gevent's WSGI handler with the limits that it leaves to others.

`gevent.pywsgi` parses requests and knows chunked bodies and ``Expect: 100-continue``. What it lacks, and this
adds: time limits, a limit on the headers, refusal of requests whose body's length is ambiguous (RFC 9112
§6.3), errors that never become tracebacks on stderr, and fairness towards others while a client sends faster
than we parse.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import gevent
from gevent import pywsgi, socket
from structlog.stdlib import BoundLogger

from ramps.time_slice import TimeSlice

__all__ = ["Answer", "HttpHost", "HttpLimits", "RequestBody"]

# How much of a refused body we still read, and for how long, so that the client gets to see the answer:
# closing with unread data makes the kernel send a reset, which may overtake it.
_LINGER_BYTES = 1 << 20
_LINGER_SECONDS = 1.0

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_REASON_PHRASES = {
    200: "OK", 202: "Accepted", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found",
    405: "Method Not Allowed", 408: "Request Timeout", 411: "Length Required", 413: "Content Too Large",
    415: "Unsupported Media Type", 431: "Request Header Fields Too Large", 500: "Internal Server Error",
    503: "Service Unavailable",
}  # fmt: skip


class HttpLimits(NamedTuple):
    """What a client may ask of us."""

    max_header_bytes: int
    header_timeout_seconds: float
    """For the request line and all headers together, and so for an idle connection too; and for reading an answer."""


class Answer(NamedTuple):
    """A response: its status, a JSON document, more headers."""

    status: int
    document: dict[str, Any]
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def status_line(self) -> str:
        """The status with its phrase."""
        return f"{self.status} {_REASON_PHRASES[self.status]}"

    @property
    def body(self) -> bytes:
        """The document as a line of JSON."""
        return json.dumps(self.document).encode() + b"\n"


class RequestBody(pywsgi.Input):  # type: ignore[misc]
    """A request's body that can be given up, if it shall not be read to its end."""

    __slots__ = ("abandoned",)

    abandoned: bool

    @property
    def announced(self) -> bool:
        """Whether the request says that it has a body, be it empty."""
        return self.chunked_input or self.content_length is not None

    def _discard(self) -> None:
        # pywsgi calls this after the answer, and would read a refused body for as long as the client cares to
        # send.
        # Where chunks are broken, pywsgi answers only afterwards, and there is nothing to wait for.
        if not self.abandoned or self._chunked_input_error:
            super()._discard()
            return
        left = _LINGER_BYTES
        with gevent.Timeout(_LINGER_SECONDS, False):
            while left > 0 and (data := self.rfile.read1(16384)):
                left -= len(data)


class _HeadersTooLarge(ValueError):
    pass


class _HeaderLines:
    """The lines of a header section, as `http.client.parse_headers` wants them, up to a limit."""

    def __init__(self, file: Any, max_bytes: int) -> None:
        self._file = file
        self._left = max_bytes

    def readline(self, size: int) -> bytes:
        line: bytes = self._file.readline(min(size, self._left + 1))
        self._left -= len(line)
        if self._left < 0:
            raise _HeadersTooLarge("the headers are too large")
        return line


class _FairReader(io.RawIOBase):
    """A socket's bytes; gives way to others, because a socket that always has data never blocks."""

    def __init__(self, sock: Any) -> None:
        self._socket = sock
        self._time_slice = TimeSlice()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._time_slice.give_way()
        return int(self._socket.recv_into(buffer))


class _Silent:
    def write(self, _text: str) -> None:
        """Requests are counted, not logged."""


class HttpHost:
    """Serves HTTP/1.1 on sockets that a `ConnectionServer` accepts.

    ``answer`` gets the WSGI environment and the body, and may block. What it raises becomes a 500 and goes to
    ``on_crash``.
    """

    def __init__(
        self,
        answer: Callable[[dict[str, Any], RequestBody], Answer],
        *,
        limits: HttpLimits,
        log: BoundLogger,
        on_crash: Callable[[Exception], None],
    ) -> None:
        self.answer = answer
        self.limits = limits
        self.on_crash = on_crash
        self.logger = log
        # The names that pywsgi's handler expects of its server.
        self.log = self.error_log = _Silent()

    def serve(self, sock: Any, peer: Any) -> None:
        """Serve one connection until its end. Blocks."""
        # An answer goes out as headers and then a body; held back until the client acknowledges the headers, each
        # request on a kept connection would take its 40 ms.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _Handler(sock, peer, self, io.BufferedReader(_FairReader(sock))).handle()

    def get_environ(self) -> dict[str, Any]:
        """The WSGI environment that each request's is a copy of."""
        return {}

    def application(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        """The WSGI application."""
        body: RequestBody = environ["wsgi.input"]
        answer = self.answer(environ, body)
        content = answer.body
        headers = [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(content))),
            *answer.headers,
        ]
        if body.abandoned:
            headers.append(("Connection", "close"))
        start_response(answer.status_line, headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [content]


class _Handler(pywsgi.WSGIHandler):  # type: ignore[misc]
    server: HttpHost
    wsgi_input: Any
    _timer: Any

    def handle_one_request(self) -> Any:
        self.requestline = None
        self._timer = gevent.Timeout.start_new(self.server.limits.header_timeout_seconds)
        try:
            return super().handle_one_request()
        except gevent.Timeout as timeout:
            if timeout is not self._timer:
                raise
            # A connection that was merely idle is closed without a word.
            return _raw(Answer(408, {"error": "the headers took too long"})) if self.requestline else None
        finally:
            self._timer.close()

    def _sendall(self, data: bytes) -> None:
        with gevent.Timeout(
            self.server.limits.header_timeout_seconds, TimeoutError("the answer is not read")
        ):
            super()._sendall(data)

    def MessageClass(self, *_args: Any) -> Any:  # noqa: N802 pywsgi's name
        headers = super().MessageClass(_HeaderLines(self.rfile, self.server.limits.max_header_bytes))
        _check_framing(headers)
        return headers

    def get_environ(self) -> dict[str, Any]:
        self._timer.close()
        environ: dict[str, Any] = super().get_environ()
        theirs = self.wsgi_input
        body = RequestBody(
            self.rfile, self.content_length, socket=theirs.socket, chunked_input=theirs.chunked_input
        )
        body.abandoned = False
        self.wsgi_input = environ["wsgi.input"] = body
        return environ

    def _handle_client_error(self, error: Exception) -> tuple[str, bytes]:
        self.server.logger.info("a malformed HTTP request", peer=str(self.client_address), error=str(error))
        status = 431 if isinstance(error, _HeadersTooLarge) else 400
        return _raw(Answer(status, {"error": f"malformed request: {error}"}))

    def handle_error(self, _type: Any, error: BaseException, _traceback: Any) -> None:
        if isinstance(error, OSError):
            # The client is gone: nobody is left to answer.
            self.close_connection = True
        elif isinstance(error, Exception):
            self.server.on_crash(error)
            self._send_error_response_if_possible(500)
        else:
            raise error


def _raw(answer: Answer) -> tuple[str, bytes]:
    head = (
        f"HTTP/1.1 {answer.status_line}\r\nConnection: close\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(answer.body)}\r\n\r\n"
    )
    return answer.status_line, head.encode() + answer.body


def _check_framing(headers: Any) -> None:
    """Refuse what two parsers might read as bodies of two lengths. Raises ``ValueError``."""
    if headers.defects or not all(_TOKEN.fullmatch(name) for name in headers.keys()):  # noqa: SIM118 not a dict
        raise ValueError("a header line is not NAME: VALUE")
    encodings = headers.get_all("transfer-encoding", [])
    lengths = headers.get_all("content-length", [])
    if encodings and (lengths or [encoding.lower() for encoding in encodings] != ["chunked"]):
        raise ValueError("a body is either chunked, and nothing else, or has a Content-Length")
    if len(lengths) > 1 or not all(re.fullmatch(r"[0-9]{1,18}", length) for length in lengths):
        raise ValueError("Content-Length must be one decimal number")
