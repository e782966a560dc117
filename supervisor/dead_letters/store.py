"""`DeadLetterStore`: an SQLite file of dead letters. SQLite is a well-kept store, and any tool can look into it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import NamedTuple

from supervisor.dead_letters.schema import prepare

__all__ = ["BadStore", "Choice", "DeadLetterStore", "Letter", "LetterSummary", "StoredLetter"]

# Whoever stores holds up his whole process meanwhile.
_BUSY_SECONDS = 0.5


class BadStore(Exception):
    """The file cannot be used as a store of dead letters. Its text says why."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One event that nobody could process.

    ``original`` are the bytes to replay: those that the event came as, where they are known, otherwise its JSON.
    ``details`` is the JSON of what left by ``err``, or of the event itself. ``attempts`` is how often it was tried,
    ``first_ns`` when it was first tried or, where that is not known, came in, ``time_ns`` when it was given up:
    nanoseconds since 1970.
    """

    time_ns: int
    flow: str
    component: str
    reason: str
    error: str
    origin: str
    original: bytes
    details: str
    attempts: int = 1
    first_ns: int = 0

    @property
    def size(self) -> int:
        """Bytes that count against the bound of the store."""
        return len(self.original) + len(self.details.encode())


_NAMES = [field.name for field in fields(Letter)]
_COLUMNS = ", ".join(_NAMES)


class LetterSummary(NamedTuple):
    """What is known of a letter without the event itself. ``error`` may be cut, ``bytes`` are those of ``original``."""

    id: int
    time_ns: int
    flow: str
    component: str
    reason: str
    error: str
    origin: str
    attempts: int
    first_ns: int
    bytes: int

    @classmethod
    def of(cls, number: int, letter: Letter) -> LetterSummary:
        """That of a letter which is at hand."""
        return cls(
            number,
            letter.time_ns,
            letter.flow,
            letter.component,
            letter.reason,
            letter.error[:_MAX_ERROR_CHARACTERS],
            letter.origin,
            letter.attempts,
            letter.first_ns,
            len(letter.original),
        )


_MAX_ERROR_CHARACTERS = 2000
_SUMMARY = (
    f"id, time_ns, flow, component, reason, substr(error, 1, {_MAX_ERROR_CHARACTERS}), origin, attempts, "
    "first_ns, length(original)"
)


class StoredLetter(NamedTuple):
    """A letter with the number that it has in the store."""

    id: int
    letter: Letter


@dataclass(frozen=True, slots=True)
class Choice:
    """Which letters: of one flow, of components with this in their names, given up since (and at) and before these
    moments, with these numbers (if there are any). By default all.
    """

    flow: str | None = None
    component: str | None = None
    since_ns: int | None = None
    before_ns: int | None = None
    ids: Sequence[int] = ()
    after: int | None = None
    """Those with larger numbers than this."""

    def where(self) -> tuple[str, list[object]]:
        """The same in SQL, and its parameters."""
        tests: list[str] = []
        values: list[object] = []
        for test, value in (
            ("flow = ?", self.flow),
            ("instr(component, ?)", self.component),
            ("time_ns >= ?", self.since_ns),
            ("time_ns < ?", self.before_ns),
            ("id > ?", self.after),
            # As one parameter: there may be more numbers than parameters of a statement.
            ("id IN (SELECT value FROM json_each(?))", json.dumps(list(self.ids)) if self.ids else None),
        ):
            if value is not None:
                tests.append(test)
                values.append(value)
        return (" WHERE " + " AND ".join(tests) if tests else ""), values


ALL = Choice()


class DeadLetterStore:
    """One connection to the file. Several processes may have it open.

    ``most`` and ``most_bytes`` bound what is in it; what comes beyond is refused. Each `add` is on the disk when it
    returns, which takes as long as the disk does: some milliseconds; nobody else runs meanwhile. Raises `BadStore`
    where the file cannot be used.
    """

    def __init__(
        self, path: Path, *, most: int = 1_000_000, most_bytes: int = 1 << 30, must_exist: bool = False
    ) -> None:
        self.path = path
        self._most = most
        self._most_bytes = most_bytes
        if must_exist and not path.is_file():
            raise BadStore(f"there is no file {str(path)!r}")
        try:
            self._connection = sqlite3.connect(
                path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            try:
                prepare(self._connection)
            except BaseException:
                self._connection.close()
                raise
        except sqlite3.Error as error:
            raise BadStore(f"{str(path)!r} cannot be used as a store of dead letters: {error}") from None

    def add(self, letters: Sequence[Letter]) -> None:
        """Keep all of them, or none. Raises `BadStore` when the store is full, or cannot be written."""
        rows = [(*astuple(letter), letter.size) for letter in letters]
        marks = ", ".join("?" * (len(_NAMES) + 1))
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._check_room(len(letters), sum(row[-1] for row in rows))
                self._connection.executemany(
                    f"INSERT INTO letters ({_COLUMNS}, bytes) VALUES ({marks})", rows
                )
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise BadStore(f"{str(self.path)!r} cannot be written: {error}") from None

    def _check_room(self, letters: int, size: int) -> None:
        count, size_bytes = self._totals()
        if count + letters > self._most or size_bytes + size > self._most_bytes:
            raise BadStore(
                f"{str(self.path)!r} is full: it holds {count:,} dead letters of {size_bytes:,} bytes; purge some with "
                "`supervisor dead-letters purge`, or raise `dead_letters_max` or `dead_letters_max_size`"
            )

    def _totals(self) -> tuple[int, int]:
        count, size = self._connection.execute("SELECT letters, bytes FROM totals").fetchone()
        return int(count), int(size)

    def count(self, choice: Choice = ALL) -> int:
        """How many letters there are."""
        where, values = choice.where()
        (count,) = self._connection.execute(f"SELECT count(*) FROM letters{where}", values).fetchone()
        return int(count)

    def find(self, choice: Choice = ALL, *, most: int = -1) -> Iterator[StoredLetter]:
        """The letters, oldest first, so many at most."""
        where, values = choice.where()
        rows = self._connection.execute(
            f"SELECT id, {_COLUMNS} FROM letters{where} ORDER BY id LIMIT ?", [*values, most]
        )
        for number, *columns in rows:
            yield StoredLetter(number, Letter(*columns))

    def summaries(self, choice: Choice = ALL, most: int = -1, *, latest: bool = False) -> list[LetterSummary]:
        """The same without the events, oldest first, so many at most: the oldest, or the ``latest``."""
        where, values = choice.where()
        order = "DESC" if latest else "ASC"
        rows = self._connection.execute(
            f"SELECT {_SUMMARY} FROM letters{where} ORDER BY id {order} LIMIT ?", [*values, most]
        ).fetchall()
        return [LetterSummary(*row) for row in (reversed(rows) if latest else rows)]

    def numbers(self, choice: Choice = ALL) -> list[int]:
        """The numbers of the letters, oldest first."""
        where, values = choice.where()
        return [
            number
            for (number,) in self._connection.execute(f"SELECT id FROM letters{where} ORDER BY id", values)
        ]

    def purge(self, choice: Choice = ALL) -> int:
        """Remove letters; how many those were."""
        where, values = choice.where()
        return self._connection.execute(f"DELETE FROM letters{where}", values).rowcount

    def close(self) -> None:
        """Release the file."""
        self._connection.close()
