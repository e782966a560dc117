"""`HttpClient`: requests to one server, over kept-alive connections on gevent sockets.

The protocol is the standard library's ``http.client`` (RFC 9112), which needs no monkey-patching when it is given a
socket, and limits the length of lines and the number of headers of an answer.
"""

from __future__ import annotations

import http.client
import ssl
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult

import gevent
from gevent import socket

from ramps.errors import ConnectionLost
from ramps.network.outbound_stream import reason

__all__ = ["HttpClient", "HttpResponse"]

_STALE = (
    BrokenPipeError,
    ConnectionResetError,
    ConnectionAbortedError,
    ssl.SSLEOFError,
    ssl.SSLZeroReturnError,
)


# More than any server has to say before its answer.
_MAX_INTERIM_ANSWERS = 20


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """What the server answered: ``body`` is cut off at the limit."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes


class HttpClient:
    """As many connections as there are callers at a time; those that are not in use are kept for the next one.

    ``url`` has a scheme and a host. Redirects are answers like any other.
    """

    def __init__(
        self,
        url: SplitResult,
        *,
        context: ssl.SSLContext | None,
        server_name: str | None,
        connect_timeout_seconds: float,
        timeout_seconds: float,
        max_response_bytes: int,
    ) -> None:
        self._url = url
        self._target = (url.path or "/") + (f"?{url.query}" if url.query else "")
        self._context = context
        self._server_name = server_name
        self._connect_timeout_seconds = connect_timeout_seconds
        self._timeout_seconds = timeout_seconds
        self._max_response_bytes = max_response_bytes
        self._idle: list[_Connection] = []
        self._closed = False
        self._peer = f"{url.scheme}://{url.netloc}"

    def connect(self) -> None:
        """Make one connection ahead of its use, to see that it can be made. Blocks. Raises `ConnectionLost`."""
        connection = self._new_connection()
        try:
            connection.connect()
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)

    def request(self, method: str, headers: dict[str, str], body: bytes) -> HttpResponse:
        """The answer to one request. Blocks up to the timeout for all of it. Raises `ConnectionLost`."""
        try:
            with gevent.Timeout(self._timeout_seconds, TimeoutError):
                if self._idle:
                    try:
                        return self._exchange(self._idle.pop(), method, headers, body)
                    except _STALE:
                        # Servers close idle connections whenever they like: no failure, as long as a new one works.
                        pass
                return self._exchange(self._new_connection(), method, headers, body)
        except TimeoutError:
            raise ConnectionLost(f"{self._peer}: no answer within {self._timeout_seconds:g} s") from None
        except OSError as error:
            raise ConnectionLost(f"{self._peer}: {reason(error)}") from error
        except (http.client.HTTPException, ValueError) as error:
            what = str(error)[:200] or type(error).__name__
            raise ConnectionLost(f"{self._peer}: what it answered is not HTTP: {what!r}") from error

    def close(self) -> None:
        """Close all idle connections; those in use are closed when their request is over."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    def _new_connection(self) -> _Connection:
        return _Connection(self._url, self._context, self._server_name, self._connect_timeout_seconds)

    def _exchange(
        self, connection: _Connection, method: str, headers: dict[str, str], body: bytes
    ) -> HttpResponse:
        reusable = False
        try:
            connection.request(method, self._target, body, headers)
            response = connection.getresponse()
            content = self._read(response)
            ended = response.isclosed() or response.length == 0
            # 101 would switch to another protocol, which nobody asked for.
            reusable = ended and response.status >= 200 and not response.will_close and not self._closed
            response.close()
            return HttpResponse(response.status, response.headers, content)
        finally:
            if reusable:
                self._idle.append(connection)
            else:
                connection.close()

    def _read(self, response: http.client.HTTPResponse) -> bytes:
        parts: list[bytes] = []
        room = self._max_response_bytes
        # read1, because read trusts a chunk's announced length, even a negative one.
        while room > 0 and (part := response.read1(room)):
            parts.append(part)
            room -= len(part)
        return b"".join(parts)


class _Answer(http.client.HTTPResponse):
    """Passes over interim answers (RFC 9110, section 15.2), of which ``http.client`` knows only 100, and takes any
    number of those.
    """

    def _read_status(self) -> tuple[str, int, str]:
        for _ in range(_MAX_INTERIM_ANSWERS):
            version, status, phrase = super()._read_status()  # type: ignore[misc]
            if not 100 <= status < 200 or status == http.client.SWITCHING_PROTOCOLS:
                return version, status, phrase
            http.client.parse_headers(self.fp)
        raise http.client.HTTPException("more interim answers than a server can mean")


class _Connection(http.client.HTTPConnection):
    """An ``HTTPConnection`` whose socket is gevent's."""

    response_class = _Answer
    sock: Any

    def __init__(
        self,
        url: SplitResult,
        context: ssl.SSLContext | None,
        server_name: str | None,
        timeout_seconds: float,
    ) -> None:
        assert url.hostname is not None
        # Left out of the Host header where it is the scheme's own.
        self.default_port = 80 if context is None else 443
        super().__init__(url.hostname, url.port or self.default_port)
        self._context = context
        self._server_name = server_name or url.hostname
        self._connect_timeout_seconds = timeout_seconds
        self._peer = f"{url.scheme}://{url.netloc}"

    def connect(self) -> None:
        """Connect, with TLS if there is a context. Raises `ConnectionLost`."""
        seconds = self._connect_timeout_seconds
        try:
            self.sock = socket.create_connection((self.host, self.port), timeout=seconds)
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._context is not None:
                # The handshake comes apart, because what interrupts it would leave the socket to nobody.
                self.sock = self._context.wrap_socket(
                    self.sock, server_hostname=self._server_name, do_handshake_on_connect=False
                )
                self.sock.do_handshake()
            # From here on the timeout of the whole request counts.
            self.sock.settimeout(None)
        except ssl.SSLCertVerificationError as error:
            raise ConnectionLost(
                f"{self._peer}: its certificate is not trusted: {error.verify_message}; "
                "set `tls.ca` to the authority's file, or `tls.server_name` to the name it bears"
            ) from None
        except TimeoutError:
            raise ConnectionLost(f"{self._peer}: no connection within {seconds:g} s") from None
        except OSError as error:
            raise ConnectionLost(f"{self._peer}: cannot connect: {reason(error)}") from error
