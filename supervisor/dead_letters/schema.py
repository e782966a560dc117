"""The tables of a store of dead letters, and what becomes of a file that an earlier version has made."""

from __future__ import annotations

import sqlite3

__all__ = ["prepare"]

_APPLICATION_ID = 0x41465444
_VERSION = 1

_LETTERS = """
CREATE TABLE letters (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    time_ns INTEGER NOT NULL,
    flow TEXT NOT NULL,
    component TEXT NOT NULL,
    reason TEXT NOT NULL,
    error TEXT NOT NULL,
    origin TEXT NOT NULL,
    original BLOB NOT NULL,
    details TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 1,
    first_ns INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0
)
"""

# Counted by the file itself: so a bound costs no look at all letters, and holds for all processes that have it open.
_TOTALS = (
    "CREATE TABLE totals (letters INTEGER NOT NULL, bytes INTEGER NOT NULL)",
    "INSERT INTO totals SELECT count(*), coalesce(sum(bytes), 0) FROM letters",
    "CREATE TRIGGER letter_added AFTER INSERT ON letters BEGIN "
    "UPDATE totals SET letters = letters + 1, bytes = bytes + NEW.bytes; END",
    "CREATE TRIGGER letter_removed AFTER DELETE ON letters BEGIN "
    "UPDATE totals SET letters = letters - 1, bytes = bytes - OLD.bytes; END",
)

# Version 0 knew neither attempts nor first times, and counted no bytes.
_FROM_VERSION_0 = (
    "ALTER TABLE letters ADD COLUMN attempts INTEGER NOT NULL DEFAULT 1",
    "ALTER TABLE letters ADD COLUMN first_ns INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE letters ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0",
    "UPDATE letters SET first_ns = time_ns, bytes = length(original) + length(CAST(details AS BLOB))",
)


def prepare(connection: sqlite3.Connection) -> None:
    """Make the tables, or bring those of an earlier version up to date; several processes may do so at a time.

    ``connection`` begins no transactions by itself. Raises ``sqlite3.Error`` for a file of something else, or of a
    version that is not known yet.
    """
    if _is_current(connection):
        connection.execute("PRAGMA synchronous = FULL")
        return
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Again, as somebody else may have been faster.
        if not _is_current(connection):
            _make(connection)
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _is_current(connection: sqlite3.Connection) -> bool:
    # The tables first: somebody else may make all of it between these.
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    (found,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if tables and found != _APPLICATION_ID:
        raise sqlite3.DatabaseError("it is a database of something else")
    if tables and version > _VERSION:
        raise sqlite3.DatabaseError("a later version of this program has made it; use that one")
    return bool(tables) and version == _VERSION


def _make(connection: sqlite3.Connection) -> None:
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables:
        statements: tuple[str, ...] = (*_FROM_VERSION_0, *_TOTALS)
    else:
        statements = (f"PRAGMA application_id = {_APPLICATION_ID}", _LETTERS, *_TOTALS)
    for statement in (*statements, f"PRAGMA user_version = {_VERSION}"):
        connection.execute(statement)
