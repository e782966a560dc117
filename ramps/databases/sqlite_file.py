"""`SqliteFile`: a connection to a SQLite file that threads share, a call at a time; and what its errors mean."""

from __future__ import annotations

import sqlite3
from contextlib import AbstractContextManager
from pathlib import Path

from actors.native_thread import native_lock
from pipelines.turns import Turns
from ramps.errors import ConnectionLost

__all__ = ["SqliteFile", "may_pass", "quoted"]

# The primary codes that say "not now": another process has the file, or the disk has a bad day.
_LATER = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_PROTOCOL,
}


def quoted(name: str) -> str:
    """A name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def may_pass(error: sqlite3.Error) -> bool:
    """Whether waiting may help."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _LATER


class SqliteFile:
    """One connection. All methods but `close` block, without giving way: call them in a native thread.

    A caller that is killed leaves its call to end by itself, so calls take turns, and the last one closes.
    """

    def __init__(self, path: Path, *, lock_timeout_seconds: float) -> None:
        self._path = path
        self._lock_timeout_seconds = lock_timeout_seconds
        self._turns = Turns(native_lock(), self._release)
        self._connection: sqlite3.Connection | None = None

    def close(self) -> None:
        """Close, now or when the call under way has ended. Does not wait."""
        self._turns.close()

    def _connect(self, mode: str) -> sqlite3.Connection:
        """``mode`` as in SQLite's URIs: ``ro``, ``rw``, ``rwc``."""
        connection = self._connection = sqlite3.connect(
            f"{self._path.absolute().as_uri()}?mode={mode}",
            uri=True,
            timeout=self._lock_timeout_seconds,
            isolation_level=None,
            check_same_thread=False,
        )
        return connection

    def _taking_turns(self) -> AbstractContextManager[None]:
        return self._turns.taking(lambda: ConnectionLost(f"{self._path}: closed"))

    def _release(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
