"""The outside of each of our offramps that confirm."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import Any, ClassVar

from supervisor.testing.delivery_drivers import Event, SinkDriver
from tests.conformance.http_sink_server import HttpSinkServer

__all__ = ["SINKS", "FileSink", "HttpSink", "HttpSinkOutOfOrder", "SqliteSink", "WalHttpSink"]


class FileSink(SinkDriver):
    """Lines of a file. The disk is full when its name leads to the device that always is, and the file is gone when its
    name leads to a directory.
    """

    faults: ClassVar[tuple[str, ...]] = ("full", "gone")

    def __init__(self, directory: Any) -> None:
        super().__init__(directory)
        self._path = directory / "out.jsonl"
        self._aside = directory / "aside.jsonl"
        self._path.touch()
        self._read = 0

    def options(self) -> dict[str, Any]:
        return {"type": "file", "path": str(self._path)}

    def news(self) -> list[Event]:
        with (self._aside if self._path.is_symlink() else self._path).open("rb") as file:
            file.seek(self._read)
            whole, newline, _rest = file.read().rpartition(b"\n")
        self._read += len(whole + newline)
        return [json.loads(line) for line in whole.splitlines()]

    def begin(self, fault: str) -> None:
        self._path.rename(self._aside)
        self._path.symlink_to("/dev/full" if fault == "full" else "/")

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
        self._latest_row = 0

    def options(self) -> dict[str, Any]:
        return {"type": "sqlite", "path": str(self._path), "table": "events", "lock_timeout": "20ms"}

    def news(self) -> list[Event]:
        rows = self._other.execute(
            "SELECT rowid, n, sink, text FROM events WHERE rowid > ? ORDER BY rowid", (self._latest_row,)
        ).fetchall()
        if rows:
            self._latest_row = rows[-1][0]
        return [{"n": n, "sink": sink, "text": text} for _row, n, sink, text in rows]

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

    def __init__(self, directory: Any, *, out_of_order: bool = False) -> None:
        super().__init__(directory)
        self._server = HttpSinkServer(out_of_order=out_of_order)
        self._seen = 0

    def options(self) -> dict[str, Any]:
        url = f"http://127.0.0.1:{self._server.port}/"
        return {"type": "http", "url": url, "batch": "lines", "timeout": "5s"}

    def news(self) -> list[Event]:
        seen, self._seen = self._seen, len(self._server.events)
        return self._server.events[seen : self._seen]

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


class HttpSinkOutOfOrder(HttpSink):
    """A server that takes each event by itself, and answers the one before after the one that comes next."""

    keeps_order: ClassVar[bool] = False

    def __init__(self, directory: Any) -> None:
        super().__init__(directory, out_of_order=True)

    def options(self) -> dict[str, Any]:
        return {**super().options(), "batch": "none", "max_in_flight": 4}


class WalHttpSink(HttpSink):
    """The same server behind a `wal`, which acknowledges what it has stored."""

    takes_over: ClassVar[bool] = True

    def pipelines(self) -> dict[str, dict[str, Any]]:
        wal = {
            "type": "wal",
            "path": str(self.directory / "events.wal"),
            "max_events": 60,
            "backoff": {"initial": "1ms", "maximum": "20ms"},
        }
        return {"wal": {"operators": [wal]}}

    def most_kept(self, event_bytes: int) -> int:
        # One more batch is stored where there is room for an event.
        return 60 + 128


SINKS: dict[str, type[SinkDriver]] = {
    "file": FileSink,
    "sqlite": SqliteSink,
    "http": HttpSink,
    "http-out-of-order": HttpSinkOutOfOrder,
    "wal-http": WalHttpSink,
}
