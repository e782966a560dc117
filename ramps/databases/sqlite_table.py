"""`SqliteTable`: rows into one table of a SQLite file, a transaction a call, from any thread."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ramps.databases.sqlite_file import SqliteFile, may_pass, quoted
from ramps.errors import CannotOpen, ConnectionLost

__all__ = ["Row", "SqliteTable"]

Row = dict[str, Any]
"""Values by column; a column that is missing gets its default."""

# What is wrong with one row: a constraint, or a value that SQLite has no type for, or no room.
_REFUSALS = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
    OverflowError,
    UnicodeError,
)


class SqliteTable(SqliteFile):
    """A connection that writes."""

    def __init__(self, path: Path, table: str, key: Sequence[str], *, lock_timeout_seconds: float) -> None:
        super().__init__(path, lock_timeout_seconds=lock_timeout_seconds)
        self.columns: list[str] = []
        """The table's, after `open`."""
        self._table = table
        self._key = tuple(key)

    def open(self, create: Sequence[str]) -> Exception | None:
        """Connect, make the table with the columns ``create`` if there are any and it is missing, and look at it.
        Returns why that failed, for the caller to raise: `CannotOpen` or `ConnectionLost`.
        """
        try:
            with self._taking_turns():
                self._open(create)
        except sqlite3.Error as error:
            return self._error(error)
        except (CannotOpen, ConnectionLost) as error:
            return error
        return None

    def write(self, rows: Sequence[Row]) -> tuple[dict[int, str], Exception | None]:
        """Write the rows in one transaction. Returns those that the database refused, with its reasons, and what failed
        as a whole, if anything did: then nothing is written.
        """
        refusals: dict[int, str] = {}
        try:
            with self._taking_turns():
                while not self._written(rows, refusals):
                    pass
        except sqlite3.Error as error:
            return {}, ConnectionLost(f"{self._path}: {error}")
        except ConnectionLost as error:
            return {}, error
        return refusals, None

    def _open(self, create: Sequence[str]) -> None:
        connection = self._connect("rwc" if create else "rw")
        if create:
            parts = [quoted(column) for column in create]
            if self._key:
                parts.append(f"PRIMARY KEY ({', '.join(map(quoted, self._key))})")
            connection.execute(f"CREATE TABLE IF NOT EXISTS {quoted(self._table)} ({', '.join(parts)})")
        self.columns = [
            row[1] for row in connection.execute(f"PRAGMA table_info({quoted(self._table)})").fetchall()
        ]
        if not self.columns:
            raise CannotOpen(
                f"{self._path}: there is no table {self._table!r}; create it, or set `create` and `columns`"
            )
        for column in self._key:
            if column not in self.columns:
                raise CannotOpen(f"{self._path}: the table {self._table!r} has no column {column!r} (`key`)")
        # Says whether the key is one: SQLite looks for its index.
        connection.execute("EXPLAIN " + self._statement(tuple(self.columns)), [None] * len(self.columns))

    def _written(self, rows: Sequence[Row], refusals: dict[int, str]) -> bool:
        """Whether all rows but the refused are committed; False if a refusal took the whole transaction with it."""
        connection = self._connection
        if connection is None:
            raise ConnectionLost(f"{self._path}: not open")
        connection.execute("BEGIN IMMEDIATE")
        try:
            for index, row in enumerate(rows):
                if index in refusals:
                    continue
                try:
                    connection.execute(self._statement(tuple(row)), list(row.values()))
                except _REFUSALS as error:
                    refusals[index] = f"{self._path}: {error}"
                    # A trigger, or a constraint with ON CONFLICT ROLLBACK.
                    if not connection.in_transaction:
                        return False
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        return True

    def _statement(self, columns: tuple[str, ...]) -> str:
        table = quoted(self._table)
        if not columns:
            return f"INSERT INTO {table} DEFAULT VALUES"
        names = ", ".join(map(quoted, columns))
        statement = f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})"
        if not self._key:
            return statement
        changes = [
            f"{quoted(column)} = excluded.{quoted(column)}" for column in columns if column not in self._key
        ]
        action = f"UPDATE SET {', '.join(changes)}" if changes else "NOTHING"
        return f"{statement} ON CONFLICT ({', '.join(map(quoted, self._key))}) DO {action}"

    def _error(self, error: sqlite3.Error) -> Exception:
        if may_pass(error):
            return ConnectionLost(f"{self._path}: {error}")
        return CannotOpen(f"{self._path}: table {self._table!r}: {error}; check `path`, `table` and `key`")
