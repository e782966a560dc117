"""`OutboundStream`: a connected stream socket that offramps write to, and that notices a peer that went away."""

from __future__ import annotations

import ssl
from typing import Any

from ramps.errors import ConnectionLost

__all__ = ["OutboundStream", "reason"]

_DRAIN_BYTES = 65536
# A peer that floods us with answers must not keep us from writing: the rest is read before the next write.
_DRAIN_ROUNDS = 16


def reason(error: OSError) -> str:
    """What an ``OSError`` says to people, without its number."""
    return error.strerror or str(error) or type(error).__name__


class OutboundStream:
    """Owns a connected, cooperative socket (plain or TLS). ``peer`` names it in errors.

    A write into a connection that the peer has closed succeeds, and is lost: the reset comes only after it. So each
    `send` first reads what the peer has sent, throws it away, and fails if that ends in an end of file. What the
    peer does between that look and the write cannot be seen: TCP confirms nothing to its user.
    """

    def __init__(self, sock: Any, peer: str) -> None:
        self._socket = sock
        self._peer = peer

    def send(self, data: bytes, timeout_seconds: float) -> None:
        """Write everything. Blocks while the peer does not read; each bit of progress starts the timeout anew.

        Raises `ConnectionLost`; whatever interrupts it, part of the data may be on the wire, so the connection is
        closed then.
        """
        sock = self._socket
        if sock is None:
            raise ConnectionLost(f"{self._peer}: not connected")
        try:
            self._drain(sock)
            sock.settimeout(timeout_seconds)
            view = memoryview(data)
            while view:
                view = view[sock.send(view) :]
        except TimeoutError:
            self.close()
            raise ConnectionLost(f"{self._peer}: took nothing for {timeout_seconds:g} s") from None
        except OSError as error:
            self.close()
            raise ConnectionLost(f"{self._peer}: {reason(error)}") from error
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Send the end of file (and TLS's farewell) if that goes without waiting, and close. Raises nothing."""
        sock, self._socket = self._socket, None
        if sock is None:
            return
        try:
            # Closing a socket with unread bytes resets it, and the reset overtakes what we wrote last.
            self._drain(sock)
            if hasattr(sock, "unwrap"):
                sock = sock.unwrap()
        except (OSError, ValueError, ConnectionLost):
            pass
        try:
            sock.shutdown(1)
        except OSError:
            pass
        sock.close()

    def _drain(self, sock: Any) -> None:
        sock.settimeout(0.0)
        for _ in range(_DRAIN_ROUNDS):
            try:
                self._receive(sock)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return

    def _receive(self, sock: Any) -> None:
        data = sock.recv(_DRAIN_BYTES)
        if not data:
            raise ConnectionLost(f"{self._peer}: closed by the other side")
        self._take(data)

    def _take(self, data: bytes) -> None:
        """What the peer has said."""
