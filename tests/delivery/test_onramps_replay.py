"""Every onramp that keeps at-least-once passes the battery for it."""

from __future__ import annotations

import contextlib
import gzip
import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gevent
import pytest
from gevent import socket
from gevent.event import Event

from ramps.onramp import Onramp
from ramps.onramps.file import FileOnramp
from ramps.onramps.http import HttpOnramp
from ramps.onramps.memory import MemoryOnramp
from ramps.onramps.sqlite import SqliteOnramp
from ramps.onramps.tcp import TcpOnramp
from ramps.testing.replay_battery import ReplayBattery

RETRY_SECONDS = 0.001


def append(path: Path, numbers: Sequence[int], padding: int) -> None:
    """Lines long enough that a file is read in several pieces."""
    with path.open("a") as file:
        file.writelines(json.dumps({"n": number, "padding": "x" * padding}) + "\n" for number in numbers)


class TestWholeFile(ReplayBattery):
    input_first = True
    most_in_flight = 4

    @pytest.fixture(autouse=True)
    def _file(self, tmp_path: Path) -> None:
        self.path = tmp_path / "input.log"

    def make(self) -> Onramp:
        # Less than a piece: one at a time, unless the test needs several.
        return FileOnramp(FileOnramp.Options.model_validate({"path": self.path, "max_in_flight": self.most}))

    most = "64MiB"

    def provide(self, onramp: Onramp, numbers: Sequence[int]) -> None:
        append(self.path, numbers, 100_000)

    def test_no_more_is_under_way_than_it_may_have(self) -> None:
        self.most = "1B"
        super().test_no_more_is_under_way_than_it_may_have()


class TestFollowedFile(ReplayBattery):
    most_in_flight = 4
    most = "64MiB"

    @pytest.fixture(autouse=True)
    def _file(self, tmp_path: Path) -> None:
        self.path = tmp_path / "input.log"

    def make(self) -> Onramp:
        options = {"path": self.path, "follow": True, "poll_interval": "1ms", "max_in_flight": self.most}
        return FileOnramp(FileOnramp.Options.model_validate(options))

    def provide(self, onramp: Onramp, numbers: Sequence[int]) -> None:
        append(self.path, numbers, 25_000)

    def test_no_more_is_under_way_than_it_may_have(self) -> None:
        self.most = "1B"
        super().test_no_more_is_under_way_than_it_may_have()


class TestCompressedFile(ReplayBattery):
    input_first = True

    @pytest.fixture(autouse=True)
    def _file(self, tmp_path: Path) -> None:
        self.path = tmp_path / "input.log.gz"

    def make(self) -> Onramp:
        return FileOnramp(FileOnramp.Options(path=self.path))

    def provide(self, onramp: Onramp, numbers: Sequence[int]) -> None:
        with gzip.open(self.path, "at") as file:
            file.writelines(json.dumps({"n": number}) + "\n" for number in numbers)


class TestMemory(ReplayBattery):
    survives_restart = False
    most_in_flight: int | None = 8

    def make(self) -> Onramp:
        return MemoryOnramp(MemoryOnramp.Options(capacity=8))

    @pytest.fixture(autouse=True)
    def _feeders(self) -> None:
        self.feeders: list[gevent.Greenlet] = []

    def provide(self, onramp: Onramp, numbers: Sequence[int]) -> None:
        assert isinstance(onramp, MemoryOnramp)
        self.feeders.append(gevent.spawn(onramp.put_all, [{"n": number} for number in numbers]))

    def stop_providing(self) -> None:
        gevent.killall(self.feeders)


class TestMemoryWithFrames(TestMemory):
    def provide(self, onramp: Onramp, numbers: Sequence[int]) -> None:
        assert isinstance(onramp, MemoryOnramp)
        frames = [json.dumps({"n": number}).encode() for number in numbers]
        self.feeders.append(gevent.spawn(onramp.put_all, frames))


class TestMemoryToItsEnd(TestMemory):
    input_first = True
    most_in_flight = None

    def make(self) -> Onramp:
        return MemoryOnramp()

    def provide(self, onramp: Onramp, numbers: Sequence[int]) -> None:
        assert isinstance(onramp, MemoryOnramp)
        if numbers:
            onramp.put_all([{"n": number} for number in numbers])
            onramp.close_input()


class TestHttp(ReplayBattery):
    """The sender is a part of it: it posts again what was not acknowledged."""

    keeps_order = False
    # An acknowledgement may be under way when it stops.
    forgets_delivered = False

    @pytest.fixture(autouse=True)
    def _senders(self) -> None:
        self.senders: dict[int, gevent.Greenlet] = {}

    def make(self) -> Onramp:
        return HttpOnramp(HttpOnramp.Options.model_validate({"address": "127.0.0.1:0"}))

    def provide(self, onramp: Onramp, numbers: Sequence[int]) -> None:
        assert isinstance(onramp, HttpOnramp)
        self.target = onramp
        for number in numbers:
            self.senders[number] = gevent.spawn(self._send, number)

    def _send(self, number: int) -> None:
        body = json.dumps({"n": number}).encode()
        head = b"POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
        answer = b""
        while not answer.startswith(b"HTTP/1.1 202"):
            gevent.sleep(RETRY_SECONDS)
            with contextlib.suppress(OSError), socket.create_connection(self.target.address) as client:
                client.sendall(head + body)
                answer = client.recv(4096)

    def stop_providing(self) -> None:
        gevent.killall(list(self.senders.values()))


class TestTcp(ReplayBattery):
    """The sender is a part of it: on a new connection it sends again what was not acknowledged on the last one."""

    most_in_flight = 4
    most = "1MiB"
    read_size = "64KiB"

    @pytest.fixture(autouse=True)
    def _sender(self) -> None:
        self.sender: gevent.Greenlet | None = None
        self.unacknowledged = b""
        self.forgotten = 0
        """Bytes of this connection that are acknowledged, and so not in there any more."""
        self.more = Event()

    def make(self) -> Onramp:
        options = {
            "address": "127.0.0.1:0",
            "acknowledge": True,
            "max_in_flight": self.most,
            "read_size": self.read_size,
        }
        return TcpOnramp(TcpOnramp.Options.model_validate(options))

    def provide(self, onramp: Onramp, numbers: Sequence[int]) -> None:
        assert isinstance(onramp, TcpOnramp)
        self.target = onramp
        self.unacknowledged += b"".join(b'{"n": %d}\n' % number for number in numbers)
        self.more.set()
        if self.sender is None:
            self.sender = gevent.spawn(self._send)

    def _send(self) -> None:
        while True:
            gevent.sleep(RETRY_SECONDS)
            with contextlib.suppress(OSError), socket.create_connection(self.target.address) as client:
                self.forgotten = 0
                writer = gevent.spawn(self._write, client)
                try:
                    self._listen(client)
                finally:
                    writer.kill()

    def _write(self, client: Any) -> None:
        sent = 0
        with contextlib.suppress(OSError):
            while True:
                self.more.clear()
                news = self.unacknowledged[sent - self.forgotten :]
                sent += len(news)
                client.sendall(news)
                self.more.wait()

    def _listen(self, client: Any) -> None:
        with client.makefile("rb") as lines:
            for line in lines:
                word, count = line.split()
                self.unacknowledged = self.unacknowledged[int(count) - self.forgotten :]
                self.forgotten = int(count)
                if word == b"NAK":
                    return

    def stop_providing(self) -> None:
        if self.sender is not None:
            self.sender.kill()
            self.sender = None

    def test_no_more_is_under_way_than_it_may_have(self) -> None:
        self.most, self.read_size = "20B", "10B"
        super().test_no_more_is_under_way_than_it_may_have()


class TestSqlite(ReplayBattery):
    most_in_flight = 4
    most = "64MiB"

    @pytest.fixture(autouse=True)
    def _database(self, tmp_path: Path) -> None:
        self.path = tmp_path / "in.db"
        self._run("CREATE TABLE events (id INTEGER PRIMARY KEY, n INTEGER)")

    def _run(self, statement: str, rows: Sequence[tuple[int]] = ((),)) -> None:
        with contextlib.closing(sqlite3.connect(self.path)) as database, database:
            database.executemany(statement, rows)

    def make(self) -> Onramp:
        options = {
            "path": self.path,
            "table": "events",
            "batch": 4,
            "follow": not self.input_first,
            "poll_interval": "1ms",
            "max_in_flight": self.most,
        }
        return SqliteOnramp(SqliteOnramp.Options.model_validate(options))

    def provide(self, onramp: Onramp, numbers: Sequence[int]) -> None:
        self._run("INSERT INTO events (n) VALUES (?)", [(number,) for number in numbers])

    def test_no_more_is_under_way_than_it_may_have(self) -> None:
        self.most = "1B"
        super().test_no_more_is_under_way_than_it_may_have()


class TestSqliteToItsEnd(TestSqlite):
    input_first = True


class TestFileOfTable(ReplayBattery):
    """A codec that needs the header: nobody can begin in the middle, so all is read again."""

    input_first = True
    codec = "csv"

    @pytest.fixture(autouse=True)
    def _file(self, tmp_path: Path) -> None:
        self.path = tmp_path / "input.csv"
        self.path.write_text("n,padding\n")

    def make(self) -> Onramp:
        return FileOnramp(FileOnramp.Options(path=self.path))

    def provide(self, onramp: Onramp, numbers: Sequence[int]) -> None:
        with self.path.open("a") as file:
            file.writelines(f"{number},{'x' * 100_000}\n" for number in numbers)

    forgets_delivered = False
