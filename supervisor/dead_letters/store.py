"""`DeadLetterStore`: an SQLite file of dead letters. SQLite is a well-kept store, and any tool can look into it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

__all__ = ["BadStore", "DeadLetterStore", "Letter", "StoredLetter"]

_APPLICATION_ID = 0x41465444
_BUSY_SECONDS = 5.0
_TABLE = """
CREATE TABLE IF NOT EXISTS letters (
    id INTEGER PRIMARY KEY,
    time_ns INTEGER NOT NULL,
    flow TEXT NOT NULL,
    component TEXT NOT NULL,
    reason TEXT NOT NULL,
    error TEXT NOT NULL,
    origin TEXT NOT NULL,
    original BLOB NOT NULL,
    details TEXT NOT NULL
)
"""
_COLUMNS = "time_ns, flow, component, reason, error, origin, original, details"


class BadStore(Exception):
    """The file cannot be used as a store of dead letters. Its text says why."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One event that nobody could process.

    ``original`` are the bytes to replay: those that the event came as, where they are known, otherwise its JSON.
    ``details`` is the JSON of what left by ``err``, or of the event itself. ``time_ns``: nanoseconds since 1970.
    """

    time_ns: int
    flow: str
    component: str
    reason: str
    error: str
    origin: str
    original: bytes
    details: str


class StoredLetter(NamedTuple):
    """A letter with the number that it has in the store."""

    id: int
    letter: Letter


class DeadLetterStore:
    """One connection to the file. Several processes may have it open.

    ``most`` bounds the letters in it; what comes beyond is refused. Each `add` is on the disk when it returns, which
    takes as long as the disk does: some milliseconds. Raises `BadStore` where the file cannot be used.
    """

    def __init__(self, path: Path, *, most: int = 1_000_000, must_exist: bool = False) -> None:
        self.path = path
        self._most = most
        if must_exist and not path.is_file():
            raise BadStore(f"there is no file {str(path)!r}")
        try:
            self._connection = sqlite3.connect(
                path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            self._prepare()
        except sqlite3.Error as error:
            raise BadStore(f"{str(path)!r} cannot be used as a store of dead letters: {error}") from None

    def _prepare(self) -> None:
        connection = self._connection
        (found,) = connection.execute("PRAGMA application_id").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if tables and found != _APPLICATION_ID:
            raise sqlite3.DatabaseError("it is a database of something else")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        if not tables:
            connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
            connection.execute(_TABLE)

    def add(self, letters: Sequence[Letter]) -> None:
        """Keep all of them, or none. Raises `BadStore` when the store is full, or cannot be written."""
        rows = [
            (
                each.time_ns,
                each.flow,
                each.component,
                each.reason,
                each.error,
                each.origin,
                each.original,
                each.details,
            )
            for each in letters
        ]
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                if self.count() + len(rows) > self._most:
                    raise BadStore(f"{str(self.path)!r} holds {self._most:,} dead letters already")
                self._connection.executemany(
                    f"INSERT INTO letters ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows
                )
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise BadStore(f"{str(self.path)!r} cannot be written: {error}") from None

    def count(self) -> int:
        """How many letters there are."""
        (count,) = self._connection.execute("SELECT count(*) FROM letters").fetchone()
        return int(count)

    def find(
        self, *, flow: str | None = None, component: str | None = None, ids: Sequence[int] = ()
    ) -> Iterator[StoredLetter]:
        """The letters, oldest first; those of one flow, one component (a part of its name will do), or these numbers."""
        where, values = _where(flow, component, ids)
        rows = self._connection.execute(f"SELECT id, {_COLUMNS} FROM letters{where} ORDER BY id", values)
        for number, *fields in rows:
            yield StoredLetter(number, Letter(*fields))

    def purge(self, *, flow: str | None = None, component: str | None = None, ids: Sequence[int] = ()) -> int:
        """Remove letters, chosen as in `find`; how many those were."""
        where, values = _where(flow, component, ids)
        return self._connection.execute(f"DELETE FROM letters{where}", values).rowcount

    def close(self) -> None:
        """Release the file."""
        self._connection.close()


def _where(flow: str | None, component: str | None, ids: Sequence[int]) -> tuple[str, list[object]]:
    tests: list[str] = []
    values: list[object] = []
    if flow is not None:
        tests.append("flow = ?")
        values.append(flow)
    if component is not None:
        tests.append("instr(component, ?)")
        values.append(component)
    if ids:
        tests.append(f"id IN ({', '.join('?' * len(ids))})")
        values += ids
    return (" WHERE " + " AND ".join(tests) if tests else ""), values
