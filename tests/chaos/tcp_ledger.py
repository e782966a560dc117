"""`TcpLedger`: a server that keeps the lines that it is sent and acknowledges them, and misbehaves on demand."""

from __future__ import annotations

import contextlib
import json
import socket
import socketserver
import struct
import threading
from typing import Any

__all__ = ["TcpLedger"]

_IDLE_SECONDS = 30.0


class TcpLedger:
    """As `HttpLedger`, for connections that are acknowledged: "refuse" says NAK, "hang" says nothing, "reset" does that
    before anything is kept, "half" keeps the lines and says half an answer.
    """

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self._misdeeds: list[str] = []
        self._lock = threading.Lock()
        self._released = threading.Event()
        self._open: set[socket.socket] = set()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.ledger = self
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def misbehave(self, misdeed: str, times: int) -> None:
        """From the next chunk on."""
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
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._server.server_close()
        self._thread.join()

    def serve(self, connection: socket.socket) -> None:
        """One connection, to its end."""
        connection.settimeout(_IDLE_SECONDS)
        with self._lock:
            self._open.add(connection)
        try:
            self._serve(connection)
        except OSError:
            pass
        finally:
            with self._lock:
                self._open.discard(connection)

    def _serve(self, connection: socket.socket) -> None:
        count, rest = 0, b""
        while data := connection.recv(65536):
            whole, newline, rest = (rest + data).rpartition(b"\n")
            with self._lock:
                misdeed = self._misdeeds.pop(0) if self._misdeeds else ""
                if misdeed in ("", "half"):
                    self.events += [json.loads(text) for text in whole.split(b"\n") if text]
                    count += len(whole) + len(newline)
            if misdeed == "":
                connection.sendall(b"ACK %d\n" % count)
                continue
            if misdeed == "refuse":
                connection.sendall(b"NAK %d\n" % count)
            elif misdeed == "hang":
                self._released.wait(_IDLE_SECONDS)
            elif misdeed == "reset":
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            else:
                connection.sendall(b"ACK")
            return


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = False
    block_on_close = True
    ledger: TcpLedger

    def shutdown_request(self, request: Any) -> None:
        # As it is: an orderly shutdown would come before a reset.
        self.close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A peer that was killed is no news here."""


class _Handler(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        self.server.ledger.serve(self.request)
