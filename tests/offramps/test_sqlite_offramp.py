from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import gevent
import pytest

from pipelines.batch import Batch
from ramps.errors import CannotOpen, ConnectionLost, Rejected
from ramps.offramp import Offramp, Outgoing
from ramps.offramps.sqlite import SqliteOfframp
from ramps.testing.offramp_battery import OfframpBattery

Make = Callable[..., SqliteOfframp]


def events(*values: Any) -> Outgoing:
    return Outgoing([], Batch(list(values), ingest_ns=0))


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "a database?.db"


@pytest.fixture
def make(database: Path) -> Iterator[Make]:
    """An open offramp with these options, closed after the test."""
    made: list[SqliteOfframp] = []

    def make(**options: Any) -> SqliteOfframp:
        defaults = {"path": str(database), "table": "t", "lock_timeout": "20ms"}
        made.append(SqliteOfframp(SqliteOfframp.Options.model_validate({**defaults, **options})))
        made[-1].open()
        return made[-1]

    yield make
    for offramp in made:
        offramp.close()


def run_sql(path: Path, *statements: str) -> list[Any]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            rows = connection.execute(statement).fetchall()
        return rows


def test_a_missing_table_is_created_if_asked_and_fields_are_mapped(make: Make, database: Path) -> None:
    make(create=True, columns={"id": "id", "who": "user.name", "tags": "tags"}).write(
        events({"id": 1, "user": {"name": "Zoë"}, "tags": ["a"]}, {"id": 2})
    )
    assert run_sql(database, "SELECT * FROM t") == [(1, "Zoë", '["a"]'), (2, None, None)]


def test_without_a_mapping_columns_are_the_fields_of_their_names(make: Make, database: Path) -> None:
    run_sql(database, 'CREATE TABLE t ("a.b", n INTEGER DEFAULT 7)')
    make().write(events({"a.b": 1, "other": 2}, {"n": 3}, {}))
    assert run_sql(database, "SELECT * FROM t") == [(1, 7), (None, 3), (None, 7)]


def test_a_key_that_is_there_already_changes_its_row(make: Make, database: Path) -> None:
    offramp = make(create=True, columns={"id": "id", "a": "a", "b": "b"}, key=["id"])
    offramp.write(events({"id": 1, "a": 1, "b": 1}))
    for _ in range(2):
        offramp.write(events({"id": 1, "a": 2}, {"id": 2}, {"id": 2}))
    assert run_sql(database, "SELECT * FROM t ORDER BY id") == [(1, 2, 1), (2, None, None)]


def test_what_the_database_refuses_costs_only_that_event(make: Make, database: Path) -> None:
    run_sql(database, "CREATE TABLE t (n INTEGER PRIMARY KEY CHECK (n < 100))")
    outgoing = events({"n": 1}, {"n": 1}, {"n": 100}, {"n": "x"}, 5, {"n": 2**70}, {"n": object()}, {"n": 2})
    with pytest.raises(Rejected) as refused:
        make().write(outgoing)
    assert refused.value.indices == [1, 2, 3, 4, 5, 6]
    assert run_sql(database, "SELECT n FROM t") == [(1,), (2,)]


def test_text_that_is_no_unicode_is_refused(make: Make, database: Path) -> None:
    with pytest.raises(Rejected) as refused:
        make(create=True, columns={"a": "a"}).write(events({"a": "\ud800"}, {"a": ["\ud800"]}, {"a": "x"}))
    assert refused.value.indices == [0, 1]
    assert run_sql(database, "SELECT a FROM t") == [("x",)]


def test_a_refusal_that_rolls_everything_back_does_not_cost_the_others(make: Make, database: Path) -> None:
    run_sql(database, "CREATE TABLE t (n UNIQUE ON CONFLICT ROLLBACK)")
    with pytest.raises(Rejected) as refused:
        make().write(events({"n": 1}, {"n": 1}, {"n": 2}, {"n": 2}, {"n": 3}))
    assert refused.value.indices == [1, 3]
    assert run_sql(database, "SELECT n FROM t") == [(1,), (2,), (3,)]


def test_a_locked_database_loses_the_connection_and_takes_the_batch_later(make: Make, database: Path) -> None:
    offramp = make(create=True, columns={"n": "n"})
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(ConnectionLost, match="locked"):
            offramp.write(events({"n": 1}))
        offramp.close()
        other.execute("ROLLBACK")
    offramp.open()
    offramp.write(events({"n": 1}))
    assert run_sql(database, "SELECT n FROM t") == [(1,)]


def test_others_run_while_it_waits_for_a_lock(make: Make, database: Path) -> None:
    offramp = make(create=True, columns={"n": "n"}, lock_timeout="5s")
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        writer = gevent.spawn(offramp.write, events({"n": 1}))
        gevent.sleep(0)
        assert not writer.dead
        other.execute("COMMIT")
        writer.get(timeout=5.0)
    assert run_sql(database, "SELECT n FROM t") == [(1,)]


def test_after_a_killed_write_the_batch_can_be_written_again(make: Make, database: Path) -> None:
    offramp = make(create=True, columns={"n": "n"}, key=["n"], lock_timeout="5s")
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        writer = gevent.spawn(offramp.write, events({"n": 1}))
        gevent.sleep(0)
        writer.kill(timeout=5.0)
        offramp.close()
        other.execute("ROLLBACK")
    offramp.open()
    offramp.write(events({"n": 1}))
    assert run_sql(database, "SELECT n FROM t") == [(1,)]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"table": "other"}, "no table 'other'"),
        ({"columns": {"x": "x"}}, "no column 'x'"),
        ({"key": ["x"]}, "no column 'x'"),
        ({"key": ["n"]}, "ON CONFLICT"),
        ({"create": True}, "needs `columns`"),
        ({"columns": {"n": "n"}, "key": ["m"]}, "not in `columns`"),
        ({"path": "/nowhere/at/all.db"}, "unable to open"),
    ],
)
def test_what_cannot_work_is_told_when_it_opens(
    make: Make, database: Path, options: dict[str, Any], words: str
) -> None:
    run_sql(database, "CREATE TABLE t (n)")
    with pytest.raises(CannotOpen, match=words):
        make(**options)


def test_a_file_that_is_no_database_is_told_when_it_opens(make: Make, database: Path) -> None:
    database.write_bytes(b"this is text, and not a database at all" * 100)
    with pytest.raises(CannotOpen, match="not a database"):
        make()


class TestConformance(OfframpBattery):
    @pytest.fixture(autouse=True)
    def _database(self, database: Path) -> None:
        self.path = database

    def make(self) -> Offramp:
        options = {"path": str(self.path), "table": "t", "columns": {"n": "n"}, "create": True}
        return SqliteOfframp(SqliteOfframp.Options.model_validate(options))

    def received(self, count: int) -> list[bytes]:
        rows = run_sql(self.path, "SELECT n FROM t ORDER BY rowid")
        assert len(rows) == count
        return [text.encode() for (text,) in rows]

    @staticmethod
    def outgoing(_offramp: Offramp, *payloads: bytes) -> Outgoing:
        return events(*[{"n": payload.decode()} for payload in payloads])
