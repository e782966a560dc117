"""Whoever has events for each of our onramps that keep at-least-once."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Any, ClassVar

import gevent
from gevent import socket
from gevent.event import Event as Signal
from gevent.lock import BoundedSemaphore

from ramps.onramps.memory import MemoryOnramp
from supervisor import Deployment
from supervisor.testing.delivery_drivers import Event, SourceDriver

__all__ = ["SOURCES", "FileSource", "HttpSource", "MemorySource", "SqliteSource", "TcpSource"]

_AGAIN_SECONDS = 0.005
_PIECE_BYTES = 65536


class FileSource(SourceDriver):
    """Lines at the end of a file that is followed. Its sender need not keep what the checkpoint is behind."""

    def __init__(self, directory: Any) -> None:
        super().__init__(directory)
        self._path = directory / "in.jsonl"
        self._path.touch()
        self._ends: list[tuple[int, int]] = []
        self._size = 0

    def options(self) -> dict[str, Any]:
        return {
            "type": "file",
            "path": str(self._path),
            "follow": True,
            "poll_interval": "2ms",
            "max_in_flight": "32KiB",
        }

    def most_in_flight(self, event_bytes: int) -> int:
        # One more piece is read as long as there is room for a byte.
        return (32 * 1024 + _PIECE_BYTES) // event_bytes

    def send(self, events: Sequence[Event]) -> None:
        with self._path.open("ab") as file:
            for event in events:
                self._size += file.write(json.dumps(event).encode() + b"\n")
                self._ends.append((self._size, event["n"]))

    def acknowledged(self) -> set[int]:
        checkpoint = self._path.with_name("in.jsonl.checkpoint")
        offset = json.loads(checkpoint.read_text())["place"]["offset"] if checkpoint.exists() else 0
        return {number for end, number in self._ends if end <= offset}


class SqliteSource(SourceDriver):
    """Rows that are added to a table. Its sender need not keep what the checkpoint is behind."""

    def __init__(self, directory: Any) -> None:
        super().__init__(directory)
        self._path = directory / "in.db"
        self._checkpoint = directory / "in.db.checkpoint"
        self._numbers: list[int] = []
        """By the key of their rows, which begins with 1."""
        self._database = sqlite3.connect(self._path, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("CREATE TABLE events (key INTEGER PRIMARY KEY, n, sink, text)")

    def options(self) -> dict[str, Any]:
        return {
            "type": "sqlite",
            "path": str(self._path),
            "table": "events",
            "key": "key",
            "columns": ["n", "sink", "text"],
            "checkpoint": str(self._checkpoint),
            "poll_interval": "2ms",
            "batch": 10,
            "max_in_flight": "32KiB",
        }

    def most_in_flight(self, event_bytes: int) -> int:
        # One more query is made as long as there is room for a byte.
        return 32 * 1024 // event_bytes + 10

    def send(self, events: Sequence[Event]) -> None:
        rows = [(event["n"], event["sink"], event["text"]) for event in events]
        self._database.execute("BEGIN")
        self._database.executemany("INSERT INTO events (n, sink, text) VALUES (?, ?, ?)", rows)
        self._database.execute("COMMIT")
        self._numbers += [event["n"] for event in events]

    def acknowledged(self) -> set[int]:
        if not self._checkpoint.exists():
            return set()
        key = json.loads(self._checkpoint.read_text())["place"]["key"]
        return set(self._numbers[: key or 0])

    def close(self) -> None:
        self._database.close()


class MemorySource(SourceDriver):
    """A program that embeds the engine, and puts again what it was not told of."""

    def __init__(self, directory: Any) -> None:
        super().__init__(directory)
        self._waiting: dict[int, Event] = {}
        self._acknowledged: set[int] = set()
        self._feeders: list[gevent.Greenlet] = []
        self._onramp: MemoryOnramp | None = None

    def options(self) -> dict[str, Any]:
        return {"type": "memory", "capacity": 40}

    def most_in_flight(self, event_bytes: int) -> int:
        return 40

    def attach(self, deployment: Deployment) -> None:
        self._onramp = deployment.onramp("in")
        self._feed(list(self._waiting))

    def detach(self) -> None:
        gevent.killall(self._feeders)
        self._feeders.clear()
        self._onramp = None

    def send(self, events: Sequence[Event]) -> None:
        self._waiting |= {event["n"]: event for event in events}
        if self._onramp is not None:
            self._feed([event["n"] for event in events])

    def acknowledged(self) -> set[int]:
        return self._acknowledged

    def close(self) -> None:
        self.detach()

    def _feed(self, numbers: list[int]) -> None:
        # One after the other, so that what was sent first is put first.
        before = self._feeders[-1] if self._feeders else None
        self._feeders.append(gevent.spawn(self._put, self._onramp, numbers, before))

    def _put(self, onramp: MemoryOnramp, numbers: list[int], before: gevent.Greenlet | None) -> None:
        if before is not None:
            before.join()
        for number in numbers:
            onramp.put(self._waiting[number], on_delivered=lambda number=number: self._delivered(number))

    def _delivered(self, number: int) -> None:
        self._acknowledged.add(number)
        self._waiting.pop(number, None)


class HttpSource(SourceDriver):
    """Clients, with a request for each call of `send`, which post it again until it is answered with 202."""

    keeps_order: ClassVar[bool] = False
    connects: ClassVar[bool] = True

    def __init__(self, directory: Any) -> None:
        super().__init__(directory)
        self._acknowledged: set[int] = set()
        self._clients: list[gevent.Greenlet] = []
        self._connections: set[Any] = set()
        self._deployment: Deployment | None = None
        self._attached = Signal()
        self._turns = BoundedSemaphore(6)

    def options(self) -> dict[str, Any]:
        return {"type": "http", "address": "127.0.0.1:0", "max_waiting": 4}

    def most_in_flight(self, event_bytes: int) -> int:
        # Requests of ten events each are what the test sends.
        return 40

    def attach(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._attached.set()

    def detach(self) -> None:
        self._attached.clear()

    def send(self, events: Sequence[Event]) -> None:
        self._clients.append(gevent.spawn(self._post, events))

    def acknowledged(self) -> set[int]:
        return self._acknowledged

    def cut(self) -> None:
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        gevent.killall(self._clients)

    def _post(self, events: Sequence[Event]) -> None:
        body = b"".join(json.dumps(event).encode() + b"\n" for event in events)
        head = (
            b"POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Type: application/x-ndjson\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body)
        )
        while True:
            self._attached.wait()
            with self._turns:
                if self._answer(head + body).startswith(b"HTTP/1.1 202"):
                    break
            gevent.sleep(_AGAIN_SECONDS)
        self._acknowledged.update(event["n"] for event in events)

    def _answer(self, request: bytes) -> bytes:
        assert self._deployment is not None
        # Each time, as the port is another one when the onramp was started again.
        host, _, port = self._deployment.addresses()["onramp:main/in"].rpartition(":")
        connection = socket.socket()
        self._connections.add(connection)
        try:
            connection.connect((host, int(port)))
            connection.sendall(request)
            return bytes(connection.recv(4096))
        except OSError:
            return b""
        finally:
            self._connections.discard(connection)
            connection.close()


class TcpSource(SourceDriver):
    """A client of the onramp `tcp` with acknowledgements: on a new connection it sends again what was not acknowledged
    on the one before.
    """

    connects: ClassVar[bool] = True

    def __init__(self, directory: Any) -> None:
        super().__init__(directory)
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._acknowledged: set[int] = set()
        self._sent = 0
        """How many of those that wait were sent on this connection."""
        self._counted = 0
        """Bytes of this connection that are acknowledged."""
        self._connection: Any = None
        self._more = Signal()
        self._deployment: Deployment | None = None
        self._attached = Signal()
        self._client = gevent.spawn(self._connect_again_and_again)

    def options(self) -> dict[str, Any]:
        return {
            "type": "tcp",
            "address": "127.0.0.1:0",
            "acknowledge": True,
            "max_in_flight": "32KiB",
            "read_size": "16KiB",
        }

    def most_in_flight(self, event_bytes: int) -> int:
        return 48 * 1024 // event_bytes

    def attach(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._attached.set()

    def detach(self) -> None:
        self._attached.clear()

    def send(self, events: Sequence[Event]) -> None:
        self._waiting += [(event["n"], json.dumps(event).encode() + b"\n") for event in events]
        self._more.set()

    def acknowledged(self) -> set[int]:
        return self._acknowledged

    def cut(self) -> None:
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._client.kill()

    def _connect_again_and_again(self) -> None:
        while True:
            self._attached.wait()
            assert self._deployment is not None
            host, _, port = self._deployment.addresses()["onramp:main/in"].rpartition(":")
            with (
                contextlib.suppress(OSError),
                socket.create_connection((host, int(port))) as self._connection,
            ):
                self._sent = self._counted = 0
                writer = gevent.spawn(self._write, self._connection)
                try:
                    self._hear(self._connection)
                finally:
                    writer.kill()
            gevent.sleep(_AGAIN_SECONDS)

    def _write(self, connection: Any) -> None:
        with contextlib.suppress(OSError):
            while True:
                self._more.clear()
                lines = [line for _number, line in islice(self._waiting, self._sent, None)]
                self._sent += len(lines)
                connection.sendall(b"".join(lines))
                self._more.wait()

    def _hear(self, connection: Any) -> None:
        with connection.makefile("rb") as answers:
            for answer in answers:
                word, count = answer.split()
                while self._sent and self._counted + len(self._waiting[0][1]) <= int(count):
                    number, line = self._waiting.popleft()
                    self._sent -= 1
                    self._counted += len(line)
                    self._acknowledged.add(number)
                if word == b"NAK":
                    return


SOURCES: dict[str, type[SourceDriver]] = {
    "file": FileSource,
    "sqlite": SqliteSource,
    "http": HttpSource,
    "tcp": TcpSource,
    "memory": MemorySource,
}
