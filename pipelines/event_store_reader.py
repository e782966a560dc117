"""Looks into the file of an `EventStore`, also while somebody has it, and changes nothing. Blocks."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipelines.errors import CannotStart
from pipelines.event_file import StoredSum, require_ours, stored_sum
from pipelines.event_store import StoredBatch
from pipelines.packed_events import unpack_events

__all__ = ["EventStoreReader", "StoreSummary"]

_BUSY_SECONDS = 5.0
_NEXT = """
SELECT id, ingest_ns, size, data, crc FROM batches WHERE id > ? AND id <= ? AND NOT damaged ORDER BY id LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class StoreSummary:
    """What lies in a store. Times are nanoseconds since 1970, of when batches were stored."""

    stored: StoredSum
    damaged: int
    """Batches that cannot be read."""
    oldest_ns: int | None
    newest_ns: int | None
    origins: dict[str, int]
    """Events by where they came from, those with the most first."""
    in_use: bool
    """Whether a process has it open to work with it."""


class EventStoreReader:
    """One connection. Raises `CannotStart` for a file that is none, or cannot be read, from any method."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_file():
            raise CannotStart(f"there is no file {str(path)!r}")
        with self._errors():
            self._connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=_BUSY_SECONDS, isolation_level=None
            )
            self._connection.execute("PRAGMA query_only = ON")
            try:
                require_ours(self._connection, path)
            except BaseException:
                self._connection.close()
                raise

    def close(self) -> None:
        """Release the file."""
        self._connection.close()

    def summary(self, most_origins: int = 20) -> StoreSummary:
        """Counts, without reading the events."""
        with self._errors():
            connection = self._connection
            oldest, newest = connection.execute("SELECT min(time_ns), max(time_ns) FROM batches").fetchone()
            (damaged,) = connection.execute("SELECT count(*) FROM batches WHERE damaged").fetchone()
            origins = connection.execute(
                "SELECT origin, sum(events) AS count FROM batches WHERE NOT damaged "
                "GROUP BY origin ORDER BY count DESC LIMIT ?",
                (most_origins,),
            ).fetchall()
            return StoreSummary(
                stored_sum(connection), damaged, oldest, newest, dict(origins), self._is_in_use()
            )

    def batches(self) -> Iterator[StoredBatch]:
        """All batches that are there now and can be read, oldest first; what is removed meanwhile may be missing."""
        with self._errors():
            (last,) = self._connection.execute("SELECT ifnull(max(id), 0) FROM batches").fetchone()
            number = -1
            # One query each: while one is unfinished, nobody can empty the log, which would grow and grow.
            while (row := self._connection.execute(_NEXT, (number, last)).fetchone()) is not None:
                number, ingest_ns, size, data, crc = row
                if zlib.crc32(data) != crc:
                    continue
                with contextlib.suppress(ValueError):
                    yield StoredBatch(number, ingest_ns, size, unpack_events(data))

    def _is_in_use(self) -> bool:
        try:
            descriptor = os.open(f"{self.path}.lock", os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise CannotStart(f"the wal {str(self.path)!r} cannot be read: {error}") from None
