"""`TcpProxy`: stands between two ends of TCP connections, and delays, cuts and half-closes them."""

from __future__ import annotations

import contextlib
import socket
import threading

__all__ = ["TcpProxy"]

_CHUNK_BYTES = 65536


class TcpProxy:
    """Forwards what comes to ``port`` to ``target`` (a port of this machine), from its making until `close`."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.delay_seconds = 0.0
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._start(self._accept)

    def cut(self) -> None:
        """End all connections at once, with what is under way."""
        for pair in self.current():
            for end in pair:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def half_close(self) -> None:
        """Tell each target that its peer will send nothing more; the other direction stays open."""
        for _near, far in self.current():
            with contextlib.suppress(OSError):
                far.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Let nobody in, end all connections, and wait until all threads are gone."""
        self._closed.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
        for thread in self._threads:
            thread.join()

    def _start(self, function: object, *args: object) -> None:
        thread = threading.Thread(target=function, args=args)  # type: ignore[arg-type]
        self._threads = [old for old in self._threads if old.is_alive()] + [thread]
        thread.start()

    def current(self) -> list[tuple[socket.socket, socket.socket]]:
        """The two sockets of each connection: of who came, and of the target."""
        with self._lock:
            return list(self._pairs)

    def _accept(self) -> None:
        while not self._closed.is_set():
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self.target), timeout=5.0)
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            with self._lock:
                self._pairs.add((near, far))
            self._start(self._serve, near, far)

    def _serve(self, near: socket.socket, far: socket.socket) -> None:
        back = threading.Thread(target=self._pump, args=(far, near))
        back.start()
        self._pump(near, far)
        back.join()
        with self._lock:
            self._pairs.discard((near, far))
        near.close()
        far.close()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_CHUNK_BYTES):
                if self.delay_seconds:
                    self._closed.wait(self.delay_seconds)
                target.sendall(data)
        for end, how in ((target, socket.SHUT_WR), (source, socket.SHUT_RD)):
            with contextlib.suppress(OSError):
                end.shutdown(how)
