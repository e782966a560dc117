"""`HttpLedger`: a server that keeps what is posted to it, and misbehaves on demand."""

from __future__ import annotations

import json
import socket
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["MISDEEDS", "HttpLedger"]

MISDEEDS = ("refuse", "hang", "reset", "half")
_IDLE_SECONDS = 30.0


class HttpLedger:
    """``events`` holds what was taken, also where the answer never arrived. ``misbehave("refuse", 3)`` goes for the
    next three requests: 503, no answer, a reset before the body is read, half an answer (and the body is kept).
    """

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self._misdeeds: list[str] = []
        self._lock = threading.Lock()
        self._released = threading.Event()
        self._open: set[socket.socket] = set()
        ledger = self

        class Handler(_Handler):
            def setup(self) -> None:
                self.ledger = ledger
                super().setup()

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def misbehave(self, misdeed: str, times: int) -> None:
        """From the next request on."""
        assert misdeed in MISDEEDS
        self._released.clear()
        with self._lock:
            self._misdeeds += [misdeed] * times

    def heal(self) -> None:
        """Behave, and let those go who hang."""
        with self._lock:
            self._misdeeds.clear()
        self._released.set()

    def close(self) -> None:
        """Stop serving, and wait until all threads are gone."""
        self.heal()
        self._server.shutdown()
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self._server.server_close()
        self._thread.join()

    def _next_misdeed(self) -> str:
        with self._lock:
            return self._misdeeds.pop(0) if self._misdeeds else ""

    def _take(self, body: bytes) -> None:
        # A request is kept as a whole, or not at all.
        events = [json.loads(text) for text in body.split(b"\n") if text]
        with self._lock:
            self.events += events


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A peer that was killed is no news here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_SECONDS
    ledger: HttpLedger

    def handle(self) -> None:
        with self.ledger._lock:
            self.ledger._open.add(self.connection)
        try:
            super().handle()
        except OSError:
            self.close_connection = True
        finally:
            with self.ledger._lock:
                self.ledger._open.discard(self.connection)

    def do_POST(self) -> None:
        misdeed = self.ledger._next_misdeed()
        if misdeed == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            return
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True
            return
        if misdeed == "refuse":
            self._answer(503)
        elif misdeed == "hang":
            self.ledger._released.wait(_IDLE_SECONDS)
            self.close_connection = True
        elif misdeed == "half":
            self.ledger._take(body)
            self.wfile.write(b"HTTP/1.1 2")
            self.close_connection = True
        else:
            self.ledger._take(body)
            self._answer(200)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing on the standard error."""
