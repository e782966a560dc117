"""Where events come from: each kind says how it is configured, and how events are sent so that they are obligations."""

from __future__ import annotations

import http.client
import socket
import sqlite3
import threading
from abc import ABC, abstractmethod
from contextlib import closing
from pathlib import Path

from tests.chaos.tcp_proxy import TcpProxy

__all__ = ["SOURCES", "Source"]

_ANSWER_SECONDS = 3.0


def free_port() -> int:
    """One that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Source(ABC):
    """The outside of one kind of onramp."""

    proxy: TcpProxy | None = None
    """What stands between, if it is a network."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @abstractmethod
    def toml(self) -> str:
        """The keys of ``[onramps.in]``."""

    @abstractmethod
    def send(self, lines: list[bytes]) -> bool:
        """Send these events; whether they are obligations now. Otherwise some of them may have arrived."""

    def tear(self, how: str) -> bool:
        """Damage what the engine remembers of it, as a crash of the machine may: "cut", "flip", "empty". Whether it
        remembers anything.
        """
        return False

    def rotate(self) -> bool:
        """Begin a new file; whether it is one."""
        return False

    def close(self) -> None:
        """Release everything."""
        if self.proxy is not None:
            self.proxy.close()


class QueueSource(Source):
    """Lines at the end of a file, for the suite's own onramp: an obligation as soon as it is in there."""

    def toml(self) -> str:
        path = self.directory / "in.jsonl"
        path.touch()
        return f'type = "chaos-queue"\npath = "{path}"'

    def send(self, lines: list[bytes]) -> bool:
        with (self.directory / "in.jsonl").open("ab") as file:
            file.write(b"".join(lines))
        return True


class FileSource(QueueSource):
    """The same for the onramp `file`. It may be rotated."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self._lock = threading.Lock()
        self._rotations = 0

    def toml(self) -> str:
        path = self.directory / "in.jsonl"
        path.touch()
        return f'type = "file"\npath = "{path}"\nfollow = true\npoll_interval = "20ms"'

    def send(self, lines: list[bytes]) -> bool:
        with self._lock:
            return super().send(lines)

    def tear(self, how: str) -> bool:
        # One that was rotated away is found by its checkpoint only: without it, that is a loss, and none is promised.
        return not self._rotations and _tear(self.directory / "in.jsonl.checkpoint", how)

    def rotate(self) -> bool:
        if not (self.directory / "in.jsonl.checkpoint").exists():
            # Nobody has opened it so far, and who comes later looks for this name only.
            return False
        with self._lock:
            if self._rotations:
                # One at a time: what is replaced twice between two looks is lost, as the onramp says.
                return False
            self._rotations += 1
            (self.directory / "in.jsonl").rename(self.directory / "in.jsonl.1")
            (self.directory / "in.jsonl").touch()
            return True


class HttpSource(Source):
    """Requests: an obligation when they were answered with success."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self._port = free_port()
        self.proxy = TcpProxy(self._port)

    def toml(self) -> str:
        return f'type = "http"\naddress = "127.0.0.1:{self._port}"'

    def send(self, lines: list[bytes]) -> bool:
        assert self.proxy is not None
        connection = http.client.HTTPConnection("127.0.0.1", self.proxy.port, timeout=_ANSWER_SECONDS)
        try:
            headers = {"Content-Type": "application/x-ndjson"}
            connection.request("POST", "/", b"".join(lines), headers)
            return connection.getresponse().status in (200, 202)
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


class TcpSource(Source):
    """One connection: an obligation when the bytes are acknowledged. What is not is sent again on a new one."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self._port = free_port()
        self.proxy = TcpProxy(self._port)
        self._connection: socket.socket | None = None
        self._sent = self._acknowledged = 0
        self._heard = b""

    def toml(self) -> str:
        return f'type = "tcp"\naddress = "127.0.0.1:{self._port}"\nacknowledge = true'

    def send(self, lines: list[bytes]) -> bool:
        assert self.proxy is not None
        try:
            if self._connection is None:
                self._connection = socket.create_connection(("127.0.0.1", self.proxy.port), _ANSWER_SECONDS)
                self._sent = self._acknowledged = 0
                self._heard = b""
            self._connection.sendall(b"".join(lines))
            self._sent += sum(map(len, lines))
            while self._acknowledged < self._sent:
                self._listen(self._connection)
        except OSError:
            self._hang_up()
            return False
        return True

    def _listen(self, connection: socket.socket) -> None:
        data = connection.recv(4096)
        if not data:
            raise ConnectionResetError("nobody is there any more")
        *answers, self._heard = (self._heard + data).split(b"\n")
        for answer in answers:
            word, count = answer.split()
            self._acknowledged = int(count)
            if word == b"NAK" and self._acknowledged < self._sent:
                raise ConnectionResetError("it was not delivered")

    def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def close(self) -> None:
        self._hang_up()
        super().close()


class SqliteSource(Source):
    """Rows of a table: an obligation when they are committed."""

    def toml(self) -> str:
        self._path = self.directory / "in.db"
        with closing(sqlite3.connect(self._path)) as database, database:
            database.execute("CREATE TABLE events (number INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT)")
        return f'type = "sqlite"\npath = "{self._path}"\ntable = "events"\npoll_interval = "20ms"\nbatch = 20'

    def send(self, lines: list[bytes]) -> bool:
        rows = [(line.decode(),) for line in lines]
        with closing(sqlite3.connect(self._path, timeout=_ANSWER_SECONDS)) as database, database:
            database.executemany("INSERT INTO events (event) VALUES (?)", rows)
        return True

    def tear(self, how: str) -> bool:
        return _tear(self.directory / "in.db.events.checkpoint", how)


def _tear(path: Path, how: str) -> bool:
    if not path.exists():
        return False
    data = path.read_bytes()
    middle = len(data) // 2
    torn = {
        "cut": data[:middle],
        "flip": data[:middle] + bytes(255 - byte for byte in data[middle : middle + 4]) + data[middle + 4 :],
        "empty": b"",
    }
    path.write_bytes(torn[how])
    return True


SOURCES: dict[str, type[Source]] = {
    "queue": QueueSource,
    "file": FileSource,
    "http": HttpSource,
    "tcp": TcpSource,
    "sqlite": SqliteSource,
}
