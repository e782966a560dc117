"""Where events go to: each kind says how it is configured, what it holds, and how it can be made to fail."""

from __future__ import annotations

import json
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.chaos.http_ledger import HttpLedger
from tests.chaos.tcp_ledger import TcpLedger
from tests.chaos.tcp_proxy import TcpProxy

__all__ = ["SINKS", "Sink"]


class Sink(ABC):
    """The outside of one kind of offramp."""

    proxy: TcpProxy | None = None
    """What stands between, if it is a network."""
    server: HttpLedger | TcpLedger | None = None
    """The server that can be made to misbehave, if it is one."""
    file: Path | None = None
    """The file that it grows, if it is one."""
    wal: Path | None = None
    """The file of the wal that stands at the beginning of the flow, if one does."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._arrived: set[int] = set()

    @abstractmethod
    def toml(self) -> str:
        """The keys of ``[offramps.out]``."""

    @abstractmethod
    def ledger(self) -> list[dict[str, Any]]:
        """All events that it holds, in any order, repetitions included."""

    @abstractmethod
    def arrived(self) -> set[int]:
        """The ids of what it has held so far; cheap enough to be asked again and again."""

    def tear(self) -> bool:
        """Leave half a record at its end, as a crash of the machine may; whether that is possible."""
        return False

    def heal(self) -> None:
        """Behave from now on."""
        if self.server is not None:
            self.server.heal()
        if self.proxy is not None:
            self.proxy.delay_seconds = 0.0

    def close(self) -> None:
        """Release everything."""
        if self.server is not None:
            self.server.close()
        if self.proxy is not None:
            self.proxy.close()


class LedgerSink(Sink):
    """Lines in a file, of the suite's own offramp. What is torn by a crash is nothing that anybody promised."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.file = directory / "out.jsonl"
        self._reader = LineReader(self.file)

    def toml(self) -> str:
        return f'type = "chaos-ledger"\npath = "{self.file}"'

    def ledger(self) -> list[dict[str, Any]]:
        return list(LineReader(self.directory / "out.jsonl").news())

    def arrived(self) -> set[int]:
        self._arrived.update(event["id"] for event in self._reader.news())
        return self._arrived

    def tear(self) -> bool:
        path = self.directory / "out.jsonl"
        if not path.exists():
            return False
        with path.open("ab") as file:
            file.write(b'{"id": 1, "text"')
        return True


class FileSink(LedgerSink):
    """The same for the offramp `file`."""

    def toml(self) -> str:
        return f'type = "file"\npath = "{self.file}"\nfsync = "always"'


class ServerSink(Sink):
    """A server of the suite's own, behind a proxy."""

    def __init__(self, directory: Path, server: HttpLedger | TcpLedger) -> None:
        super().__init__(directory)
        self.server = server
        self._looked_at = 0
        self.proxy = TcpProxy(self.server.port)

    def ledger(self) -> list[dict[str, Any]]:
        assert self.server is not None
        return list(self.server.events)

    def arrived(self) -> set[int]:
        assert self.server is not None
        self._arrived.update(event["id"] for event in self.server.events[self._looked_at :])
        self._looked_at = len(self.server.events)
        return self._arrived


class HttpSink(ServerSink):
    """Requests."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, HttpLedger())

    def toml(self) -> str:
        assert self.proxy is not None
        return (
            f'type = "http"\nurl = "http://127.0.0.1:{self.proxy.port}/"\nbatch = "lines"\ntimeout = "500ms"\n'
            'retry = { initial = "20ms", maximum = "200ms" }'
        )


class TcpSink(ServerSink):
    """Lines that are acknowledged."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, TcpLedger())

    def toml(self) -> str:
        assert self.proxy is not None
        return (
            f'type = "tcp"\naddress = "127.0.0.1:{self.proxy.port}"\nacknowledge = true\n'
            'acknowledge_timeout = "500ms"\nretry = { initial = "20ms", maximum = "200ms" }'
        )


class SqliteSink(Sink):
    """Rows of a table, without a key: an event that comes twice is there twice."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.file = directory / "out.db"
        self._latest_row = 0

    def toml(self) -> str:
        return (
            f'type = "sqlite"\npath = "{self.file}"\ntable = "events"\ncreate = true\nlock_timeout = "1s"\n'
            'columns = { id = "id", text = "text", numbers = "numbers", nested = "nested" }\n'
            'retry = { initial = "20ms", maximum = "200ms" }'
        )

    def ledger(self) -> list[dict[str, Any]]:
        rows = self._select("SELECT id, text, numbers, nested FROM events")
        return [
            {"id": number, "text": text, "numbers": json.loads(numbers), "nested": json.loads(nested)}
            for number, text, numbers, nested in rows
        ]

    def arrived(self) -> set[int]:
        for row, number in self._select("SELECT rowid, id FROM events WHERE rowid > ?", self._latest_row):
            self._latest_row = max(self._latest_row, row)
            self._arrived.add(number)
        return self._arrived

    def _select(self, statement: str, *values: int) -> list[tuple[Any, ...]]:
        if not self.file.exists():
            return []
        with closing(sqlite3.connect(self.file)) as database:
            try:
                return database.execute(statement, values).fetchall()
            except sqlite3.OperationalError:
                # Not made yet, or somebody writes for long.
                return []


class LineReader:
    """Reads a file of JSON lines that grows; skips what is torn, and begins again when it became shorter."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def news(self) -> Iterator[dict[str, Any]]:
        """The events of the complete lines since the last call."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            if file.seek(0, 2) < self._offset:
                self._offset = 0
            file.seek(self._offset)
            data = file.read()
        complete, newline, _rest = data.rpartition(b"\n")
        self._offset += len(complete) + len(newline)
        for text in complete.split(b"\n"):
            try:
                event = json.loads(text)
            except ValueError:
                continue
            if isinstance(event, dict) and isinstance(event.get("id"), int):
                yield event


class WalHttpSink(HttpSink):
    """The same behind a wal, so that sources are told before anything arrives. What is on the disk is its log."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.wal = directory / "events.wal"
        self.file = directory / "events.wal-wal"

    def tear(self) -> bool:
        """Half a page of the log, as a write leaves it that a crash has cut short: nothing that was committed."""
        log = self.directory / "events.wal-wal"
        if not log.exists():
            return False
        with log.open("ab") as file:
            file.write(log.read_bytes()[32 : 32 + 2000])
        return True


SINKS: dict[str, type[Sink]] = {
    "ledger": LedgerSink,
    "file": FileSink,
    "http": HttpSink,
    "tcp": TcpSink,
    "sqlite": SqliteSink,
    "wal-http": WalHttpSink,
}
