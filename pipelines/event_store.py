"""`EventStore`: batches in an SQLite file until they are delivered. SQLite is a well-kept store that survives crashes,
and any tool can look into it.

All methods block, without giving way: call them in a native thread. Whoever is killed leaves his call to end by itself,
so calls take turns, and nothing begins any more once `close` was called: the next store of the same file waits for the
lock, and finds all that there is.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import sqlite3
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pipelines.errors import CannotStart
from pipelines.event_file import (
    APPLICATION_ID,
    COLUMNS,
    TABLE,
    VERSION,
    last_number,
    move,
    readable_rows,
    require_ours,
    stored_sum,
)
from pipelines.packed_events import PackedEvents, unpack_events
from pipelines.turns import Turns

__all__ = ["EventStore", "Fsync", "InUse", "Record", "StoreTrouble", "StoredBatch"]

Fsync = Literal["always", "interval", "never"]

_SYNCHRONOUS: dict[Fsync, str] = {"always": "FULL", "interval": "NORMAL", "never": "OFF"}
_INSERT = f"INSERT INTO batches ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_BUSY_SECONDS = 5.0
_LOOK_SECONDS = 0.02
_MOST_JOURNAL_BYTES = 64 * 1024 * 1024
_DAMAGES = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


_Row = tuple[int, int, bytes, int, int, int]
"""As `_SELECT` names its columns."""


class StoreTrouble(Exception):
    """The disk or the database does not do it now; nothing was changed. It may later."""


class InUse(CannotStart):
    """Another process, or another pipeline, has the file."""


class Record(NamedTuple):
    """What is stored of a batch. ``data`` is from `pipelines.packed_events`."""

    time_ns: int
    ingest_ns: int
    origin: str
    events: int
    data: bytes


class StoredBatch(NamedTuple):
    """A batch from the store, under its number there: rising, and never given twice."""

    id: int
    ingest_ns: int
    size: int
    events: PackedEvents


class EventStore:
    """One file, which belongs to one object at a time: a lock on ``PATH.lock`` is held from `open` until it is closed.

    A row has a checksum. One that does not fit is marked as damaged, stays, and counts nowhere. ``new_lock`` makes the
    lock for which calls wait, each in a native thread.
    """

    def __init__(
        self, path: Path, fsync: Fsync = "always", new_lock: Callable[[], Any] = threading.Lock
    ) -> None:
        self.path = path
        self.fsync = fsync
        self.events = 0
        """How many are stored."""
        self.size = 0
        """The bytes of their data."""
        self.last_id = 0
        """The highest number that was there when it was opened."""
        self.last_given = 0
        """The highest number that is known to have been given to anything."""
        self._turns = Turns(new_lock(), self._release)
        self._connection: sqlite3.Connection | None = None
        self._lock_file: int | None = None

    # --- life --------------------------------------------------------------------------------------------------------

    def open(self, patience_seconds: float = 1.0, above: int = 0) -> str:
        """Take the file, or make a new one. Waits so long for whoever has it. All numbers that are given from now on
        are ``above`` this one. Returns what has to be said of the file: that it was damaged, and what became of that;
        usually nothing.

        Raises `CannotStart` for what is none of ours, `InUse`, and `StoreTrouble`.
        """
        with self._taking_turns():
            self.last_given = max(self.last_given, above)
            try:
                self._lock(time.monotonic() + patience_seconds)
                return self._open()
            except sqlite3.Error as error:
                self._release()
                raise StoreTrouble(f"the wal {str(self.path)!r} cannot be used: {error}") from None
            except OSError as error:
                self._release()
                raise CannotStart(f"the wal {str(self.path)!r} cannot be opened: {error.strerror}") from None
            except BaseException:
                self._release()
                raise

    def close(self) -> None:
        """Let go of the file, now or when the call under way has ended. Does not wait for that."""
        self._turns.close()

    def _taking_turns(self) -> AbstractContextManager[None]:
        return self._turns.taking(lambda: StoreTrouble(f"{self.path}: closed"))

    def _release(self) -> None:
        connection, self._connection = self._connection, None
        try:
            if connection is not None:
                connection.close()
        finally:
            lock_file, self._lock_file = self._lock_file, None
            if lock_file is not None:
                os.close(lock_file)

    def _lock(self, deadline: float) -> None:
        lock_path = f"{self.path}.lock"
        self._lock_file = os.open(lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        while True:
            try:
                fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise InUse(
                        f"the wal {str(self.path)!r} is in use by another process or pipeline; "
                        "give each a file of its own, or stop the other one"
                    ) from None
                time.sleep(_LOOK_SECONDS)
            else:
                return

    def _open(self) -> str:
        is_new = not self.path.exists()
        told = ""
        try:
            self._connect()
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode & 0xFF not in _DAMAGES:
                raise
            told = self._begin_anew(str(error))
        self._prepare()
        if (is_new or told) and self.fsync != "never":
            _sync_directory(self.path.parent)
        return told

    def _open_again(self, why: str) -> str:
        told = self._begin_anew(why)
        self._prepare()
        return told

    def _prepare(self) -> None:
        connection = self._connected()
        connection.execute(f"PRAGMA synchronous = {_SYNCHRONOUS[self.fsync]}")
        connection.execute(f"PRAGMA journal_size_limit = {_MOST_JOURNAL_BYTES}")
        found = stored_sum(connection)
        self.events, self.size = found.events, found.size
        (self.last_id,) = connection.execute("SELECT ifnull(max(id), 0) FROM batches").fetchone()
        self.last_given = max(self.last_given, self.last_id)

    def _connect(self) -> None:
        connection = self._connection = sqlite3.connect(
            self.path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        require_ours(connection, self.path, may_be_empty=True)
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            error = sqlite3.DatabaseError(verdict)
            error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
            raise error
        connection.execute("PRAGMA journal_mode = WAL")
        if not connection.execute("PRAGMA user_version").fetchone()[0]:
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute(TABLE)
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {VERSION}")

    def _begin_anew(self, why: str) -> str:
        """Move a damaged file aside, and take over what can still be read of it."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
        aside = self.path.with_name(f"{self.path.name}.damaged-{time.time_ns()}")
        move(self.path, aside)
        rows = 0
        try:
            self._connect()
            connection = self._connected()
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                for row in readable_rows(aside):
                    connection.execute(f"INSERT INTO batches (id, {COLUMNS}) VALUES (?{', ?' * 8})", row)
                    rows += 1
                # Answers for what is gone may still come, and must not be taken for those for something else.
                connection.execute("DELETE FROM sqlite_sequence WHERE name = 'batches'")
                connection.execute(
                    "INSERT INTO sqlite_sequence SELECT 'batches', max(?, ifnull(max(id), 0)) FROM batches",
                    (max(self.last_given, last_number(aside)),),
                )
        except BaseException:
            # The next one may have more room on the disk.
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()
            move(aside, self.path)
            raise
        return (
            f"The wal {str(self.path)!r} is damaged ({why}). It was moved to {str(aside)!r}, and {rows} of its batches "
            "could be taken over; what else was in it was not delivered."
        )

    # --- work --------------------------------------------------------------------------------------------------------

    def append(self, record: Record) -> int:
        """Store a batch. Returns its number. Raises `StoreTrouble`."""
        size = len(record.data)
        origin = record.origin.encode(errors="backslashreplace").decode()
        row = (
            record.time_ns,
            record.ingest_ns,
            origin,
            record.events,
            size,
            zlib.crc32(record.data),
            0,
            record.data,
        )
        with self._taking_turns(), self._errors():
            # A transaction by itself: for each statement more, this thread would wait for its turn with the others.
            number = int(self._connected().execute(_INSERT, row).lastrowid or 0)
            self.last_given = max(self.last_given, number)
            self.events += record.events
            self.size += size
        return number

    def forget(self, ids: Sequence[int]) -> None:
        """Remove batches. Those that are not there do not matter. Raises `StoreTrouble`."""
        with self._taking_turns(), self._transaction() as connection:
            chosen = f"id IN {_LISTED}"
            query = f"SELECT ifnull(sum(events), 0), ifnull(sum(size), 0) FROM batches WHERE {chosen} AND NOT damaged"
            listed = (json.dumps(list(ids)),)
            events, size = connection.execute(query, listed).fetchone()
            connection.execute(f"DELETE FROM batches WHERE {chosen}", listed)
            connection.execute("COMMIT")
            self.events -= events
            self.size -= size

    def read(self, ids: Sequence[int], most_bytes: int) -> tuple[list[StoredBatch], list[int]]:
        """These batches in the order of their numbers, as far as they are there, but no more after so many bytes; and
        the numbers of those that were found to be damaged. Raises `StoreTrouble`.
        """
        with self._taking_turns(), self._transaction() as connection:
            query = f"{_SELECT} WHERE id IN {_LISTED} AND NOT damaged ORDER BY id"
            rows = _first(connection.execute(query, (json.dumps(list(ids)),)), most_bytes)
            return self._checked(connection, rows)

    def read_between(
        self, after: int, up_to: int, most: int, most_bytes: int
    ) -> tuple[list[StoredBatch], list[int]]:
        """As `read`, for the first that come after one number and not after another: so many at most, and no more
        after so many bytes.
        """
        with self._taking_turns(), self._transaction() as connection:
            query = f"{_SELECT} WHERE id > ? AND id <= ? AND NOT damaged ORDER BY id LIMIT ?"
            rows = _first(connection.execute(query, (after, up_to, most)), most_bytes)
            return self._checked(connection, rows)

    def sync(self) -> None:
        """Have the disk have what was stored. Raises `StoreTrouble`."""
        with self._taking_turns(), self._errors():
            self._connected().execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            raise StoreTrouble(f"{self.path}: not open")
        return self._connection

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Rolled back unless it is committed within."""
        connection = self._connected()
        with self._errors():
            try:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreTrouble(self._after(error)) from None

    def _after(self, error: sqlite3.Error) -> str:
        """What to say of an error; where the file turns out to be damaged, after what can be done about it."""
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _DAMAGES:
            return f"{self.path}: {error}"
        try:
            return self._open_again(str(error))
        except (sqlite3.Error, OSError) as another:
            return f"{self.path}: {error}, and then: {another}"

    def _checked(
        self, connection: sqlite3.Connection, rows: list[_Row]
    ) -> tuple[list[StoredBatch], list[int]]:
        good, damaged = [], []
        lost_events = lost_size = 0
        for number, ingest_ns, data, crc, size, count in rows:
            events = _unpacked(data, crc, count)
            if events is not None:
                good.append(StoredBatch(number, ingest_ns, size, events))
                continue
            damaged.append(number)
            lost_events += count
            lost_size += size
            connection.execute("UPDATE batches SET damaged = 1 WHERE id = ?", (number,))
        if damaged:
            connection.execute("COMMIT")
            self.events -= lost_events
            self.size -= lost_size
        return good, damaged


_LISTED = "(SELECT value FROM json_each(?))"
_SELECT = "SELECT id, ingest_ns, data, crc, size, events FROM batches"


def _first(cursor: sqlite3.Cursor, most_bytes: int) -> list[_Row]:
    rows: list[_Row] = []
    size = 0
    for row in cursor:
        rows.append(row)
        size += row[4]
        if size >= most_bytes:
            break
    # An unfinished query would keep the transaction from its end.
    cursor.close()
    return rows


def _unpacked(data: bytes, crc: int, count: int) -> PackedEvents | None:
    if zlib.crc32(data) != crc:
        return None
    try:
        events = unpack_events(data)
    except ValueError:
        return None
    return events if len(events.values) == count else None


def _sync_directory(directory: Path) -> None:
    """So that the name of a new file survives as well, where the file system can do that."""
    with contextlib.suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
