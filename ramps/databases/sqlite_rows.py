"""`SqliteRows`: the rows of one table of a SQLite file, in the order of a key, from any thread."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from pipelines.options import format_size
from ramps.databases.sqlite_file import SqliteFile, may_pass, quoted
from ramps.errors import CannotOpen, ConnectionLost

__all__ = ["RowPlace", "Rows", "SqliteRows"]

# Of one query. What is behind that is read by the next one.
_PIECE_BYTES = 4 << 20
_VALUE_BYTES = 16
_ROW_NAMES = ("rowid", "_rowid_", "oid")

Key = int | float | str


@dataclass(frozen=True, slots=True)
class RowPlace:
    """Behind the row with this key; of those that have the same, behind the one with the row number ``row``. Without a
    key: before all rows. It means something only for the same column of the same table of the same file, which is known
    by its device and its inode.
    """

    device: int
    inode: int
    table: str
    column: str
    key: Key | None = None
    row: int | None = None

    @property
    def where(self) -> str:
        """From where it is read on, for people."""
        return "its beginning" if self.key is None else f"the row behind the key {self.key!r} on"

    def as_json(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return asdict(self)

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> RowPlace:
        """The same from that. Raises ``ValueError``, ``TypeError``."""
        place = cls(**found)
        whole = (
            type(place.device) is type(place.inode) is int and type(place.table) is type(place.column) is str
        )
        is_key = type(place.key) in (int, float, str, type(None)) and type(place.row) in (int, type(None))
        if not (whole and is_key) or (place.key is None and place.row is not None):
            raise ValueError("its values are of no use")
        return place

    def is_like(self, other: RowPlace) -> bool:
        """Whether both are of the same column of the same table of the same file."""
        return replace(self, key=None, row=None) == replace(other, key=None, row=None)

    def is_before(self, other: RowPlace) -> bool:
        """Whether this one's key is smaller, as far as that can be told without SQLite: both are numbers."""
        mine, theirs = self.key, other.key
        return isinstance(mine, int | float) and isinstance(theirs, int | float) and mine < theirs


class _RowTooLarge(ConnectionLost):
    """A row beyond the limit stands next."""


@dataclass(slots=True)
class Rows:
    """What a query has found."""

    values: list[dict[str, Any]] = field(default_factory=list)
    """One object a row: its columns by name."""
    place: RowPlace | None = None
    """Behind the last of them."""
    size: int = 0
    """About how many bytes they take."""


class SqliteRows(SqliteFile):
    """A connection that only reads. ``key`` is a column, or ``None`` for the number that SQLite gives each row;
    ``columns`` are those of the values, or none for all. A row larger than ``max_row`` bytes is not read.
    """

    def __init__(
        self,
        path: Path,
        table: str,
        key: str | None,
        columns: Sequence[str],
        *,
        max_row: int,
        lock_timeout_seconds: float,
    ) -> None:
        super().__init__(path, lock_timeout_seconds=lock_timeout_seconds)
        self._table = table
        self._key_column = key
        self._columns = columns
        self._max_row = max_row
        self.beginning = RowPlace(0, 0, table, key or "")
        """Before all rows of the file that is open."""
        self._row = ""
        """What SQL calls the number of a row; empty where there is none."""
        self._key = ""

    def open(self) -> Exception | None:
        """Connect and look at the table. Returns why that failed, for the caller to raise: `ConnectionLost` where
        waiting may help (``expected`` where file or table are not there), `CannotOpen` where not.
        """
        try:
            with self._taking_turns():
                self._open()
        except (sqlite3.Error, OSError) as error:
            return self._error(error)
        except (CannotOpen, ConnectionLost) as error:
            return error
        return None

    def last(self) -> tuple[RowPlace, Exception | None]:
        """Behind all rows that are there now; what failed, for the caller to raise."""
        rows, failure = self._select(f" ORDER BY {self._order(' DESC')} LIMIT 1", [])
        return rows.place or self.beginning, failure

    def without_key(self) -> int:
        """How many rows have no key, and are not read; 0 where that cannot be found out now."""
        if self._key == self._row:
            return 0
        statement = f"SELECT count(*) FROM {quoted(self._table)} AS t WHERE {self._key} IS NULL"
        try:
            with self._taking_turns():
                if self._connection is None:
                    return 0
                return int(self._connection.execute(statement).fetchone()[0])
        except (sqlite3.Error, ConnectionLost):
            return 0

    def after(self, place: RowPlace, count: int) -> tuple[Rows, Exception | None]:
        """The next rows, up to so many; what failed, for the caller to raise: then there are none."""
        where, values = "", list[Key | None]()
        if place.key is not None and place.row is not None and self._key != self._row:
            where, values = f" AND ({self._key}, {self._row}) > (?, ?)", [place.key, place.row]
        elif place.key is not None:
            where, values = f" AND {self._key} > ?", [place.key]
        found, failure = self._select(f"{where} ORDER BY {self._order()} LIMIT {count}", values, place)
        if isinstance(failure, _RowTooLarge) and count > 1:
            # Cursors look one row ahead, and an error takes the row before it along.
            return self.after(place, 1)
        return found, failure

    def _order(self, direction: str = "") -> str:
        parts = [self._key] if self._row in ("", self._key) else [self._key, self._row]
        return ", ".join(part + direction for part in parts)

    def _select(
        self, rest: str, values: Sequence[Any], place: RowPlace | None = None
    ) -> tuple[Rows, Exception | None]:
        columns = ", ".join(f"t.{quoted(column)}" for column in self._columns) or "t.*"
        # Qualified: SQLite takes a quoted name that is no column for a text.
        statement = (
            f"SELECT {self._key}, {self._row or 'NULL'}, {columns} FROM {quoted(self._table)} AS t "
            f"WHERE {self._key} IS NOT NULL{rest}"
        )
        found = Rows(place=place)
        try:
            with self._taking_turns():
                self._check_file()
                self._fetch(statement, values, found)
        except (sqlite3.Error, OSError) as error:
            # What was found before the bad row is good.
            if found.values:
                return found, None
            if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_TOOBIG:
                after = (
                    "first row" if place is None or place.key is None else f"row behind the key {place.key!r}"
                )
                limit = format_size(self._max_row)
                return found, _RowTooLarge(
                    f"{self._path}: the {after} is larger than max_row = {limit!r}; raise it, or name "
                    "`columns` without the large ones"
                )
            return found, ConnectionLost(f"{self._path}: {error}")
        except ConnectionLost as error:
            return (found, None) if found.values else (found, error)
        return found, None

    def _fetch(self, statement: str, values: Sequence[Any], found: Rows) -> None:
        if self._connection is None:
            raise ConnectionLost(f"{self._path}: not open")
        cursor = self._connection.execute(statement, values)
        try:
            names = [column[0] for column in cursor.description[2:]]
            for key, row, *cells in cursor:
                if not isinstance(key, Key):
                    raise ConnectionLost(
                        f"{self._path}: a key of the table {self._table!r} is a blob, or text that is no UTF-8, so "
                        "nobody can go on from there; set `key` to another column"
                    )
                found.values.append(dict(zip(names, cells, strict=True)))
                found.place = replace(self.beginning, key=key, row=row)
                found.size += sum([len(cell) if isinstance(cell, str | bytes) else 0 for cell in cells])
                found.size += _VALUE_BYTES * len(cells)
                if found.size >= _PIECE_BYTES:
                    return
        finally:
            # Its transaction would keep others from writing, or a log from being emptied.
            cursor.close()

    def _open(self) -> None:
        before = os.stat(self._path)
        connection = self._connect("ro")
        connection.text_factory = _text
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, self._max_row)
        table = connection.execute(
            "SELECT type FROM sqlite_master WHERE name = ? COLLATE NOCASE AND type IN ('table', 'view')",
            [self._table],
        ).fetchone()
        if table is None:
            raise ConnectionLost(f"{self._path}: there is no table {self._table!r}", expected=True)
        if table[0] == "view":
            raise CannotOpen(
                f"{self._path}: {self._table!r} is a view, whose rows cannot be told apart; name a table"
            )
        described = connection.execute(f"PRAGMA table_xinfo({quoted(self._table)})").fetchall()
        names = [row[1] for row in described]
        for column in [*self._columns, *filter(None, [self._key_column])]:
            if column not in names:
                raise CannotOpen(f"{self._path}: the table {self._table!r} has no column {column!r}")
        self._row = self._name_of_row(connection, names)
        self._key = self._row if self._key_column is None else f"t.{quoted(self._key_column)}"
        if not self._row and [row[1] for row in described if row[5]] != [self._key_column]:
            raise CannotOpen(
                f"{self._path}: the rows of the table {self._table!r} have no number; set `key` to its primary key, "
                "if that is a single column"
            )
        self.beginning = replace(self.beginning, device=before.st_dev, inode=before.st_ino)
        self._check_file()

    def _name_of_row(self, connection: sqlite3.Connection, columns: Sequence[str]) -> str:
        taken = {column.lower() for column in columns}
        for name in _ROW_NAMES:
            if name in taken:
                continue
            try:
                connection.execute(f"EXPLAIN SELECT t.{name} FROM {quoted(self._table)} AS t")
            except sqlite3.OperationalError as error:
                if may_pass(error):
                    raise
                return ""
            return f"t.{name}"
        return ""

    def _check_file(self) -> None:
        found = os.stat(self._path)
        if (found.st_dev, found.st_ino) != (self.beginning.device, self.beginning.inode):
            raise ConnectionLost(f"{self._path}: it was replaced by another file")

    def _error(self, error: sqlite3.Error | OSError) -> Exception:
        if isinstance(error, OSError):
            missing = isinstance(error, FileNotFoundError)
            return ConnectionLost(f"{self._path}: {error.strerror or error}", expected=missing)
        # A log that was left by a crash is worked in by whoever may write.
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if may_pass(error) or code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
            return ConnectionLost(f"{self._path}: {error}")
        return CannotOpen(f"{self._path}: table {self._table!r}: {error}; check `path`, `table` and `key`")


def _text(data: bytes) -> str | bytes:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data
