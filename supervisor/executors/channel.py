"""`Channel`: one end of a control channel. Sending never blocks, so that no stuck process holds up the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

import gevent
from gevent.event import Event

from actors import Clock
from supervisor.executors.control import Decoder, Message, encode

__all__ = ["Channel"]

_READ_BYTES = 256 * 1024


class Channel:
    """Sends and receives messages over a connected, cooperative stream socket, which it owns.

    What is sent waits in memory until the other side takes it. Each side sends little: the parent a few orders, the
    executor a heartbeat when the last one has left, and log records within limits.
    """

    def __init__(self, sock: Any) -> None:
        self._socket = sock
        self._outgoing: deque[bytes] = deque()
        self._work = Event()
        self._sent = Event()
        self._sent.set()
        self._writer = gevent.spawn(self._write)

    @property
    def backlog(self) -> int:
        """Messages that have not left yet."""
        return len(self._outgoing)

    def send(self, message: Message) -> None:
        """Queue a message. Does not block. What is sent to somebody who is gone is dropped; `receive` hears of that."""
        if self._writer.dead:
            return
        self._outgoing.append(encode(message))
        self._sent.clear()
        self._work.set()

    def receive(self) -> Iterator[Message]:
        """All messages as they come, until the other side is gone. Blocks. Raises `ChannelBroken`."""
        decoder = Decoder()
        while True:
            try:
                data = self._socket.recv(_READ_BYTES)
            except OSError:
                return
            if not data:
                return
            yield from decoder.feed(data)

    def flush(self, clock: Clock, seconds: float) -> bool:
        """Block until everything has left, for so many seconds at most. Whether it has."""
        deadline = clock.now() + seconds
        while self._outgoing and not self._writer.dead and clock.now() < deadline:
            self._sent.wait(0.05)
        return not self._outgoing

    def close(self) -> None:
        """Forget what has not left, and close. Does not block. Calling it again changes nothing."""
        self._writer.kill(block=False)
        self._outgoing.clear()
        self._socket.close()

    def _write(self) -> None:
        outgoing = self._outgoing
        while True:
            self._work.wait()
            self._work.clear()
            while outgoing:
                try:
                    self._socket.sendall(outgoing[0])
                except OSError:
                    return
                if outgoing:
                    outgoing.popleft()
            self._sent.set()
