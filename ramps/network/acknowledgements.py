"""`ConfirmedStream`: an `OutboundStream` whose peer says how much of it is delivered. `Acknowledgements`: what it says.

`ramps.network.acknowledged_stream` is the other side, and has the protocol.
"""

from __future__ import annotations

import re
from typing import Any

from ramps.errors import ConnectionLost
from ramps.network.outbound_stream import OutboundStream, reason

__all__ = ["Acknowledgements", "ConfirmedStream"]

_LINE = re.compile(rb"(ACK|NAK) (0|[1-9][0-9]{0,18})")
_MAX_LINE_BYTES = 64


class Acknowledgements:
    """Takes what a peer says in chunks of any size."""

    def __init__(self) -> None:
        self.confirmed = 0
        """How many bytes it has acknowledged."""
        self.refusal = ""
        """The ``NAK`` after which no more will be, for people."""
        self._line = b""

    def take(self, data: bytes, sent: int) -> None:
        """``sent``: how many bytes may have reached the peer. Raises ``ValueError`` with what it said, if that makes no
        sense.
        """
        *lines, self._line = (self._line + data).split(b"\n")
        for line in lines:
            self._take_line(line, sent)
        if len(self._line) > _MAX_LINE_BYTES:
            self._take_line(self._line, sent)

    def _take_line(self, line: bytes, sent: int) -> None:
        found = _LINE.fullmatch(line)
        if found is None or self.refusal:
            raise ValueError(
                f"it answered {_shown(line)}, which is no acknowledgement; does it `acknowledge`?"
            )
        word, count = found[1], int(found[2])
        if not self.confirmed <= count <= sent:
            raise ValueError(
                f"it answered {_shown(line)} when it had {sent} bytes, and had acknowledged {self.confirmed}"
            )
        self.confirmed = count
        if word == b"NAK":
            self.refusal = f"it ended the connection with {_shown(line)}; what is behind that is sent again"


def _shown(line: bytes) -> str:
    rest = "…" if len(line) > _MAX_LINE_BYTES else ""
    return ascii(line[:_MAX_LINE_BYTES].decode("latin-1")) + rest


class ConfirmedStream(OutboundStream):
    """Owns a connection. Bytes count from 0 on each."""

    def __init__(self, sock: Any, peer: str) -> None:
        super().__init__(sock, peer)
        self._sent = 0
        self._acknowledgements = Acknowledgements()

    def deliver(self, data: bytes, write_timeout: float, acknowledge_timeout: float) -> None:
        """Write everything, and wait until the peer has acknowledged all of it. Blocks; each line that comes starts the
        ``acknowledge_timeout`` anew, because the peer repeats itself while it is at work.

        Raises `ConnectionLost`; whatever interrupts it, the connection is closed then.
        """
        said = self._acknowledgements
        self.send(data, write_timeout)
        self._sent += len(data)
        try:
            while said.confirmed < self._sent:
                if said.refusal:
                    raise ConnectionLost(f"{self._peer}: {said.refusal}")
                self._socket.settimeout(acknowledge_timeout)
                self._receive(self._socket)
        except TimeoutError:
            self.close()
            raise ConnectionLost(
                f"{self._peer}: acknowledged nothing for {acknowledge_timeout:g} s; does it `acknowledge`?"
            ) from None
        except OSError as error:
            self.close()
            raise ConnectionLost(f"{self._peer}: {reason(error)}") from error
        except BaseException:
            self.close()
            raise

    def _take(self, data: bytes) -> None:
        try:
            self._acknowledgements.take(data, self._sent)
        except ValueError as error:
            raise ConnectionLost(f"{self._peer}: {error}") from None
