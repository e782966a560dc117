"""The file of an `EventStore`: what it looks like, how it is told from others, and what can be read of a damaged one.
All of it blocks.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pipelines.errors import CannotStart

__all__ = [
    "APPLICATION_ID",
    "COLUMNS",
    "TABLE",
    "VERSION",
    "last_number",
    "StoredSum",
    "move",
    "readable_rows",
    "require_ours",
    "stored_sum",
]

APPLICATION_ID = 0x4146574C
VERSION = 1
TABLE = """
CREATE TABLE IF NOT EXISTS batches (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    time_ns INTEGER NOT NULL,
    ingest_ns INTEGER NOT NULL,
    origin TEXT NOT NULL,
    events INTEGER NOT NULL,
    size INTEGER NOT NULL,
    crc INTEGER NOT NULL,
    damaged INTEGER NOT NULL DEFAULT 0,
    data BLOB NOT NULL
)
"""
COLUMNS = "time_ns, ingest_ns, origin, events, size, crc, damaged, data"
_SEQUENCE = "SELECT seq FROM sqlite_sequence WHERE name = 'batches'"
_BUSY_SECONDS = 5.0
_MOST_SEARCHED = 1_000_000


class StoredSum(NamedTuple):
    """How much is stored, without what is damaged."""

    batches: int
    events: int
    size: int


def stored_sum(connection: sqlite3.Connection) -> StoredSum:
    """What is stored in an open file."""
    query = "SELECT count(*), ifnull(sum(events), 0), ifnull(sum(size), 0) FROM batches WHERE NOT damaged"
    return StoredSum(*connection.execute(query).fetchone())


def require_ours(connection: sqlite3.Connection, path: Path, *, may_be_empty: bool = False) -> None:
    """Raise `CannotStart` for a file that is no store of ours."""
    try:
        # The tables first: whoever has the file may make all of it between these.
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        (found,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_NOTADB:
            raise CannotStart(
                _not_ours(path, "it is no SQLite database, or its beginning is damaged")
            ) from None
        raise
    if not tables and may_be_empty and found in (0, APPLICATION_ID):
        return
    if found != APPLICATION_ID:
        raise CannotStart(_not_ours(path, "it is a database of something else"))
    if version != VERSION:
        raise CannotStart(
            _not_ours(path, f"it has version {version} of the format, and this program knows {VERSION}")
        )


def _not_ours(path: Path, why: str) -> str:
    return f"the file {str(path)!r} is no wal: {why}; name another file, or move this one away"


def readable_rows(path: Path) -> Iterator[tuple[object, ...]]:
    """All rows of a damaged file that can still be read, by asking for one after the other."""
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
    try:
        last = _first_answer(connection, "SELECT max(id) FROM batches", _SEQUENCE)
        first = _first_answer(connection, "SELECT min(id) FROM batches") or max(1, last - _MOST_SEARCHED)
        for number in range(first, last + 1):
            try:
                row = connection.execute(
                    f"SELECT id, {COLUMNS} FROM batches WHERE id = ?", (number,)
                ).fetchone()
            except sqlite3.DatabaseError:
                continue
            if row is not None:
                yield row
    finally:
        connection.close()


def last_number(path: Path) -> int:
    """The highest number that was ever given in a file, as far as it can still be read; otherwise 0."""
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
    try:
        return _first_answer(connection, _SEQUENCE)
    finally:
        connection.close()


def _first_answer(connection: sqlite3.Connection, *queries: str) -> int:
    for query in queries:
        with contextlib.suppress(sqlite3.DatabaseError):
            row = connection.execute(query).fetchone()
            if row is not None and isinstance(row[0], int):
                return row[0]
    return 0


def move(path: Path, other: Path) -> None:
    """Rename a file, with what SQLite has beside it."""
    for suffix in ("-wal", "-shm", ""):
        with contextlib.suppress(FileNotFoundError):
            os.rename(f"{path}{suffix}", f"{other}{suffix}")
