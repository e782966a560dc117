"""`HttpSinkServer`: takes lines of JSON by POST, and can be made to refuse, hang, answer half, or be gone."""

from __future__ import annotations

import contextlib
import json
import re
from typing import Any

from gevent import socket
from gevent.event import Event
from gevent.pool import Pool
from gevent.server import StreamServer

__all__ = ["HttpSinkServer"]

_MOMENT_SECONDS = 0.002


class HttpSinkServer:
    """``events`` is what it has, in order. ``fault`` is how it behaves: ``""`` (well), ``"refuse"`` (503), ``"hang"``
    (no answer, and nothing is kept), ``"half"`` (kept, and half an answer). ``out_of_order``: a request is answered
    after the next one, if one comes within a moment.
    """

    def __init__(self, *, out_of_order: bool = False) -> None:
        self._out_of_order = out_of_order
        self._other_answered = Event()
        self.events: list[Any] = []
        self.port = 0
        self.fault = ""
        self._changed = Event()
        self._server: StreamServer | None = None
        self._pool = Pool()
        self._open: set[Any] = set()
        self.start()

    def start(self) -> None:
        """Listen, on the same port as before."""
        if self._server is None:
            self._server = StreamServer(("127.0.0.1", self.port), self._serve, spawn=self._pool)
            self._server.start()
            self.port = self._server.server_port

    def stop(self) -> None:
        """Be gone, with all connections."""
        server, self._server = self._server, None
        if server is not None:
            server.stop(timeout=0)
            self._pool.kill()

    def behave(self, fault: str = "") -> None:
        """From now on, like this."""
        self.fault = fault
        changed, self._changed = self._changed, Event()
        changed.set()

    def _serve(self, connection: Any, _address: Any) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with contextlib.suppress(OSError), connection.makefile("rb") as file:
            while self._answer(connection, file):
                pass

    def _answer(self, connection: Any, file: Any) -> bool:
        """Serve one request; whether another one may follow."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = file.readline(65536)
            if not line:
                return False
            head += line
        found = re.search(rb"(?i)content-length: (\d+)", head)
        assert found is not None
        length = int(found[1])
        body = file.read(length)
        if len(body) < length:
            return False
        if self._out_of_order:
            self._let_another_one_pass()
        fault = self.fault
        if fault == "hang":
            self._changed.wait()
            return False
        if fault != "refuse":
            self.events += [json.loads(line) for line in body.splitlines()]
        if fault == "half":
            connection.sendall(b"HTTP/1.1 20")
            return False
        status = b"503 Service Unavailable" if fault == "refuse" else b"200 OK"
        connection.sendall(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")
        return True

    def _let_another_one_pass(self) -> None:
        if self._other_answered.is_set():
            # Whoever waits has been called, and comes behind this one.
            self._other_answered = Event()
        before = self._other_answered
        before.wait(_MOMENT_SECONDS)
        before.set()
