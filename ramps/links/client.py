"""`LinkClient`: the connection of a link as its sender sees it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gevent import socket

from ramps.errors import ConnectionLost
from ramps.links.wire import VERSION, Answer, Frame, FrameReader, Kind, WireError, packed
from ramps.network.outbound_stream import reason

__all__ = ["LinkClient"]

_GREETING_SECONDS = 10.0
_SMALL_BYTES = 4096


class LinkClient:
    """One connection at a time to the server at ``path``; ``identity`` tells the server that it is the same sender
    again. ``on_settled(sequence, outcome)`` hears what became of a frame in the end.
    """

    def __init__(
        self, path: Path, identity: bytes, max_bytes: int, on_settled: Callable[[int, int], None]
    ) -> None:
        self._path = path
        self._on_settled = on_settled
        self._identity = identity
        self._max_bytes = max_bytes
        self._socket: Any = None
        self._greeted = False
        self.enough = False
        """Whether the server to which we were connected last wants no more."""
        self._reader = FrameReader(max_bytes)
        self._frames: list[Frame] = []

    @property
    def connected(self) -> bool:
        """Whether there is a connection, as far as we know."""
        return self._socket is not None

    def open(self, *, ended: bool = False) -> None:
        """Connect and say who we are; ``ended`` tells that nothing more will come. Blocks for ten seconds at most.

        Raises `ConnectionLost`, also when the server is there and can take nothing now.
        """
        self.close()
        sock = self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._reader = FrameReader(self._max_bytes)
        self._frames = []
        try:
            sock.settimeout(_GREETING_SECONDS)
            sock.connect(os.fspath(self._path))
            sock.sendall(packed(Kind.HELLO, (VERSION, self._identity, ended), max_bytes=_SMALL_BYTES))
            match self._receive():
                case Frame(Kind.WELCOME, _, _, [str(closed)]):
                    pass
                case _:
                    raise WireError("the other executor does not greet")
            self._greeted = True
            if closed:
                raise ConnectionLost(closed)
            self.enough = False
        except OSError as error:
            self.close()
            why = f"the other executor is not there: {reason(error)}"
            raise ConnectionLost(why, expected=not self._greeted) from error
        except BaseException:
            self.close()
            raise

    def exchange(self, data: bytes, sequence: int) -> Answer:
        """Send a frame, and wait for its answer for as long as it takes: that is the back-pressure.

        Raises `ConnectionLost`. Whatever interrupts it, the connection is closed then, and whether the frame was taken
        is not known: send it again under the same number.
        """
        try:
            self.look()
            self._socket.settimeout(None)
            self._socket.sendall(data)
            while True:
                frame = self._receive()
                if frame.kind is Kind.ANSWER and frame.sequence == sequence:
                    return Answer.of(frame)
                self._heed(frame)
        except OSError as error:
            self.close()
            raise ConnectionLost(f"the other executor is gone: {reason(error)}") from error
        except BaseException:
            self.close()
            raise

    def wait(self, timeout: float | None = None) -> None:
        """Block until something has come unasked, and heed it. Raises `ConnectionLost`, also after ``timeout`` seconds
        in vain; the connection is closed then.
        """
        try:
            if self._socket is None:
                raise ConnectionLost("not connected to the other executor")
            self._socket.settimeout(timeout)
            self._heed(self._receive())
        except OSError as error:
            self.close()
            raise ConnectionLost(f"the other executor is gone: {reason(error)}") from error
        except BaseException:
            self.close()
            raise

    def look(self) -> None:
        """Read what has come unasked. Does not block. Raises `ConnectionLost` if the server is gone, or can take
        nothing now.
        """
        sock = self._socket
        if sock is None:
            raise ConnectionLost("not connected to the other executor")
        sock.settimeout(0.0)
        try:
            while True:
                self._take_in(sock.recv(self._reader.wanted))
        except BlockingIOError:
            pass
        frames, self._frames = self._frames, []
        for frame in frames:
            self._heed(frame)

    def close(self) -> None:
        """Close the connection; waits for nothing, raises nothing."""
        sock, self._socket = self._socket, None
        if sock is not None:
            sock.close()

    def _receive(self) -> Frame:
        while not self._frames:
            self._take_in(self._socket.recv(self._reader.wanted))
        return self._frames.pop(0)

    def _take_in(self, data: bytes) -> None:
        if not data:
            raise ConnectionLost("the other executor has closed the link")
        self._frames += self._reader.feed(data)

    def _heed(self, frame: Frame) -> None:
        """What comes unasked."""
        match frame:
            case Frame(Kind.CLOSED, _, _, [str(why)]):
                raise ConnectionLost(why)
            case Frame(Kind.ENOUGH):
                self.enough = True
            case Frame(Kind.SETTLED, _, _, [list(sequences), list(outcomes)]) if len(sequences) == len(
                outcomes
            ):
                for sequence, outcome in zip(sequences, outcomes, strict=True):
                    self._on_settled(sequence, outcome)
            case Frame(Kind.OPEN) | Frame(Kind.ANSWER):
                # An answer to a frame that we have given up since.
                pass
            case _:
                raise WireError(f"the other executor sends {frame.kind.name}, which is not for us")
