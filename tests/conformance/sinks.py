"""The outside of each of our offramps that confirm."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import Any, ClassVar

from supervisor.testing.delivery_drivers import Event, SinkDriver
from tests.conformance.http_sink_server import HttpSinkServer

__all__ = ["SINKS", "FileSink", "HttpSink", "SqliteSink"]


class FileSink(SinkDriver):
    """Lines of a file. The disk is full when its name leads to the device that always is."""

    faults: ClassVar[tuple[str, ...]] = ("full",)

    def __init__(self, directory: Any) -> None:
        super().__init__(directory)
        self._path = directory / "out.jsonl"
        self._aside = directory / "aside.jsonl"
        self._path.touch()

    def options(self) -> dict[str, Any]:
        return {"type": "file", "path": str(self._path)}

    def arrived(self) -> list[Event]:
        path = self._aside if self._path.is_symlink() else self._path
        return [json.loads(line) for line in path.read_bytes().splitlines()]

    def begin(self, fault: str) -> None:
        self._path.rename(self._aside)
        self._path.symlink_to("/dev/full")

    def mend(self) -> None:
        if self._path.is_symlink():
            self._aside.replace(self._path)


class SqliteSink(SinkDriver):
    """Rows of a table without a key, so that repetitions can be seen. Somebody else may have it locked."""

    faults: ClassVar[tuple[str, ...]] = ("locked",)

    def __init__(self, directory: Any) -> None:
        super().__init__(directory)
        self._path = directory / "out.db"
        self._other = sqlite3.connect(self._path, isolation_level=None)
        self._other.execute("CREATE TABLE events (n, sink, text)")
        self._found: list[Event] = []

    def options(self) -> dict[str, Any]:
        return {"type": "sqlite", "path": str(self._path), "table": "events", "lock_timeout": "20ms"}

    def arrived(self) -> list[Event]:
        # Rows are only added.
        rows = self._other.execute(
            "SELECT n, sink, text FROM events WHERE rowid > ? ORDER BY rowid", (len(self._found),)
        )
        self._found += [{"n": n, "sink": sink, "text": text} for n, sink, text in rows]
        return self._found

    def begin(self, fault: str) -> None:
        if not self._other.in_transaction:
            self._other.execute("PRAGMA busy_timeout = 5000")
            self._other.execute("BEGIN IMMEDIATE")

    def mend(self) -> None:
        if self._other.in_transaction:
            self._other.execute("ROLLBACK")

    def close(self) -> None:
        with closing(self._other):
            self.mend()


class HttpSink(SinkDriver):
    """A server that takes batches of lines."""

    faults: ClassVar[tuple[str, ...]] = ("refuse", "hang", "half", "gone")

    def __init__(self, directory: Any) -> None:
        super().__init__(directory)
        self._server = HttpSinkServer()

    def options(self) -> dict[str, Any]:
        url = f"http://127.0.0.1:{self._server.port}/"
        return {"type": "http", "url": url, "batch": "lines", "timeout": "150ms"}

    def arrived(self) -> list[Event]:
        return self._server.events

    def begin(self, fault: str) -> None:
        if fault == "gone":
            self._server.stop()
        else:
            self._server.behave(fault)

    def mend(self) -> None:
        self._server.behave()
        self._server.start()

    def close(self) -> None:
        self._server.behave()
        self._server.stop()


SINKS: dict[str, type[SinkDriver]] = {"file": FileSink, "sqlite": SqliteSink, "http": HttpSink}
