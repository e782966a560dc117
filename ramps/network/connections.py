"""`ConnectionServer`: accepts connections and serves each in a greenlet of its own, for every onramp that
listens."""

from __future__ import annotations

import contextlib
import errno
import socket as native_socket
import ssl
from collections.abc import Callable
from typing import Any

import gevent
from gevent.event import AsyncResult
from gevent.pool import Pool
from structlog.stdlib import BoundLogger

from ramps.errors import ConnectionLost

__all__ = ["ConnectionServer", "Serve", "stop_reading"]

Serve = Callable[[Any, Any], None]
"""Serves one connection: its socket (after the TLS handshake) and the peer's address. The socket is closed
for it."""

# What accept fails with while the process or the machine is short of something. The connection stays in the
# backlog,
# so accepting again at once would spin.
_SHORTAGES = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_SHORTAGE_PAUSE_SECONDS = 0.1
_STILLBORN = {errno.ECONNABORTED, errno.EPROTO, errno.EINTR, errno.EAGAIN}

# How long `close` lets connections deliver what they have read. It waits for downstream, never for a peer.
_CLOSE_GRACE_SECONDS = 0.5


class ConnectionServer:
    """Serves the connections of one listening socket, which it owns from now on.

    At ``max_connections`` it stops accepting: more clients wait in the kernel's backlog, which is
    back-pressure and no error. TLS handshakes run in the connection's greenlet and have ``handshake_timeout``
    seconds.
    """

    def __init__(
        self,
        listener: Any,
        *,
        log: BoundLogger,
        max_connections: int,
        tls: ssl.SSLContext | None = None,
        handshake_timeout: float = 10.0,
    ) -> None:
        self._listener = listener
        self._log = log
        self._tls = tls
        self._handshake_timeout = handshake_timeout
        self._connections = Pool(max_connections)
        self._sockets: set[Any] = set()
        self._outcome = AsyncResult()
        self._acceptor: gevent.Greenlet | None = None
        self.closing = False
        """True once `close` was called: a connection that reads its end now was ended by us, not by the
        peer."""

    def serve(self, serve: Serve) -> None:
        """Serve until `close`, then return. Blocks.

        Raises what ``serve`` raised for a connection, apart from ``OSError``, which costs only that
        connection, and `ConnectionLost` when the listening socket fails.
        """
        acceptor = self._acceptor = gevent.spawn(self._accept_all, serve)
        try:
            self._outcome.get()
        finally:
            acceptor.kill()

    def stop_accepting(self) -> None:
        """Let no more connections in, and serve those that there are."""
        if self._acceptor is not None:
            self._acceptor.kill()
        self._listener.close()

    def finish(self) -> None:
        """Make `serve` return."""
        if not self._outcome.ready():
            self._outcome.set(None)

    def close(self) -> None:
        """Stop accepting, end all connections, release everything. What they have read is still delivered, if
        downstream takes it within half a second; what the kernel still holds is not read.
        """
        self.closing = True
        self.finish()
        try:
            self.stop_accepting()
            for sock in list(self._sockets):
                stop_reading(sock)
            self._connections.join(timeout=_CLOSE_GRACE_SECONDS)
            self._connections.kill()
        finally:
            # Also when whoever closes is killed meanwhile: nobody comes again to do it.
            if self._acceptor is not None:
                self._acceptor.kill(block=False)
            self._listener.close()
            self._connections.kill(block=False)
            for sock in self._sockets:
                sock.close()
            self._sockets.clear()

    def fail(self, error: Exception) -> None:
        """Make `serve` raise this."""
        if not self._outcome.ready():
            self._outcome.set_exception(error)

    def _accept_all(self, serve: Serve) -> None:
        told_full = told_short = False
        while not self.closing:
            if self._connections.full():
                if not told_full:
                    limit = self._connections.size
                    self._log.warning("all connections are taken, more clients wait", max_connections=limit)
                told_full = True
                self._connections.wait_available()
            else:
                told_full = False
            try:
                sock, peer = self._listener.accept()
            except OSError as error:
                if error.errno in _SHORTAGES:
                    if not told_short:
                        told_short = True
                        self._log.warning("cannot accept connections for now, trying again", error=str(error))
                    gevent.sleep(_SHORTAGE_PAUSE_SECONDS)
                elif error.errno not in _STILLBORN:
                    self.fail(ConnectionLost(f"the listening socket failed: {error}"))
                    return
            else:
                told_short = False
                # Before its greenlet runs for the first time, so that `close` knows of it in any case.
                self._sockets.add(sock)
                self._connections.spawn(self._run, serve, sock, peer)

    def _run(self, serve: Serve, sock: Any, peer: Any) -> None:
        try:
            if self._tls is not None:
                self._sockets.discard(sock)
                sock = self._handshake(sock)
            serve(sock, peer)
        except OSError as error:
            self._log.info("a connection ended with an error", peer=str(peer), error=str(error))
        except Exception as error:
            # A crash of the whole onramp: the supervisor decides, and its log has the traceback.
            self.fail(error)
        finally:
            self._sockets.discard(sock)
            sock.close()

    def _handshake(self, sock: Any) -> Any:
        assert self._tls is not None
        secured: Any = None
        try:
            # An end without TLS's goodbye may be an attacker's cut: it must not look like an end in good
            # order.
            secured = self._tls.wrap_socket(
                sock, server_side=True, do_handshake_on_connect=False, suppress_ragged_eofs=False
            )
            self._sockets.add(secured)
            # A deadline for the whole handshake: a timeout per read lets a peer send one byte each.
            with gevent.Timeout(self._handshake_timeout, TimeoutError("the TLS handshake took too long")):
                secured.do_handshake()
        except BaseException:
            self._sockets.discard(secured)
            (secured or sock).close()
            raise
        return secured


def stop_reading(sock: Any) -> None:
    """Make a blocked or later read see the end of the stream, and writing go on.

    On the file descriptor, not the object: `ssl.SSLSocket.shutdown` forgets the encryption, and what would be
    written afterwards would go out in the clear.
    """
    descriptor = sock.fileno()
    if descriptor < 0:
        return
    raw = native_socket.socket(fileno=descriptor)
    try:
        with contextlib.suppress(OSError):
            raw.shutdown(native_socket.SHUT_RD)
    finally:
        raw.detach()
