"""What the `sqlite` onramp promises beyond the batteries."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import gevent
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from pipelines.ticket import Outcome
from ramps.databases.sqlite_rows import RowPlace, SqliteRows
from ramps.errors import CannotOpen, ConnectionLost, EndOfInput
from ramps.files.checkpoint import BadCheckpoint, Checkpoint
from ramps.onramps.sqlite import SqliteOnramp
from ramps.testing.recording_intake import RecordingIntake

Make = Callable[..., SqliteOnramp]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a database?.db"


@pytest.fixture
def make(path: Path) -> Iterator[Make]:
    """An onramp with these options, closed after the test."""
    with contextlib.ExitStack() as stack:

        def make(**options: Any) -> SqliteOnramp:
            defaults = {"path": str(path), "table": "t", "poll_interval": "1ms", "lock_timeout": "20ms"}
            onramp = SqliteOnramp(SqliteOnramp.Options.model_validate({**defaults, **options}))
            stack.callback(onramp.close)
            return onramp

        yield make


def sql(path: Path, *statements: str, rows: Sequence[Sequence[Any]] = ()) -> None:
    """Run these, the last of them once for each row if there are any."""
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        for statement in statements[:-1] if rows else statements:
            database.execute(statement)
        if rows:
            database.executemany(statements[-1], rows)


def read_all(onramp: SqliteOnramp) -> list[Any]:
    """Everything up to the end, which the onramp was told not to wait at."""
    intake = RecordingIntake()
    onramp.open()
    with pytest.raises(EndOfInput):
        while True:
            onramp.read(intake)
    return intake.values


def test_a_row_is_an_object_of_its_columns_with_their_values(make: Make, path: Path) -> None:
    row = (1, 2**63 - 1, 1.5, "Zoë ☃", b"\x00\xff", None)
    sql(
        path,
        "CREATE TABLE t (id INTEGER PRIMARY KEY, i, f, s, b, n)",
        "INSERT INTO t VALUES (?,?,?,?,?,?)",
        rows=[row],
    )

    assert read_all(make(follow=False)) == [dict(zip(("id", "i", "f", "s", "b", "n"), row, strict=True))]


def test_only_the_columns_that_are_named(make: Make, path: Path) -> None:
    sql(path, 'CREATE TABLE t (a, "b c", d)', "INSERT INTO t VALUES (1, 2, 3)")

    assert read_all(make(follow=False, columns=["d", "b c"])) == [{"d": 3, "b c": 2}]


def test_text_that_is_no_utf_8_comes_as_bytes(make: Make, path: Path) -> None:
    sql(path, "CREATE TABLE t (s TEXT)", "INSERT INTO t VALUES (CAST(x'41ff' AS TEXT)), ('ok')")

    assert read_all(make(follow=False)) == [{"s": b"A\xff"}, {"s": "ok"}]


@pytest.mark.parametrize("batch", [1, 2, 3, 100])
def test_rows_with_the_same_key_are_all_read_whatever_a_query_ends_with(
    make: Make, path: Path, batch: int
) -> None:
    keys = [3, 1, 2, 2, 2, 1, None, 2]
    sql(
        path,
        "CREATE TABLE t (id INTEGER PRIMARY KEY, at)",
        "INSERT INTO t (at) VALUES (?)",
        rows=[(k,) for k in keys],
    )
    found = read_all(make(follow=False, key="at", batch=batch))

    assert [(row["at"], row["id"]) for row in found] == [
        (1, 2),
        (1, 6),
        (2, 3),
        (2, 4),
        (2, 5),
        (2, 8),
        (3, 1),
    ]


@given(
    keys=st.lists(
        st.one_of(st.integers(-3, 3), st.floats(-2, 2), st.sampled_from(["", "a", "B", "ä"])), max_size=20
    ),
    batch=st.integers(1, 5),
)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_keys_in_any_order_come_once_each(path: Path, keys: list[Any], batch: int) -> None:
    path.unlink(missing_ok=True)
    sql(path, "CREATE TABLE t (id INTEGER PRIMARY KEY, at)", "CREATE INDEX i ON t (at)")
    if keys:
        sql(path, "INSERT INTO t (at) VALUES (?)", rows=[(key,) for key in keys])
    rows = SqliteRows(path, "t", "at", [], max_row=1 << 20, lock_timeout_seconds=1.0)
    assert rows.open() is None
    place, found = rows.beginning, list[int]()
    while (piece := rows.after(place, batch)[0]).values:
        assert piece.place is not None
        found += [value["id"] for value in piece.values]
        place = RowPlace.from_json(piece.place.as_json())
    rows.close()
    with contextlib.closing(sqlite3.connect(path)) as database:
        assert found == [number for (number,) in database.execute("SELECT id FROM t ORDER BY at, id")]


def test_a_column_that_is_called_rowid_is_no_number_of_rows(make: Make, path: Path) -> None:
    sql(path, "CREATE TABLE t (rowid, n)", "INSERT INTO t VALUES (9, 0), (9, 1), (1, 2)")

    assert [row["n"] for row in read_all(make(follow=False, batch=1))] == [0, 1, 2]


def test_a_table_without_numbers_needs_its_primary_key(make: Make, path: Path) -> None:
    sql(
        path,
        "CREATE TABLE t (a TEXT PRIMARY KEY, b) WITHOUT ROWID",
        "INSERT INTO t VALUES ('x', 1), ('b', 2)",
    )
    with pytest.raises(CannotOpen, match="set `key` to its primary key"):
        make().open()
    with pytest.raises(CannotOpen, match="set `key` to its primary key"):
        make(key="b").open()

    assert [row["a"] for row in read_all(make(key="a", follow=False, batch=1))] == ["b", "x"]


def test_new_rows_are_found_and_new_columns_too(make: Make, path: Path, run: Any, intake: Any) -> None:
    sql(path, "CREATE TABLE t (n)", "INSERT INTO t VALUES (1)")
    run(make(lock_timeout="5s"))
    intake.wait_until(lambda: intake.values == [{"n": 1}])
    sql(path, "ALTER TABLE t ADD COLUMN more", "INSERT INTO t VALUES (2, 'x')")

    intake.wait_until(lambda: intake.values == [{"n": 1}, {"n": 2, "more": "x"}])


def test_it_may_start_at_the_end(make: Make, path: Path, run: Any, intake: Any) -> None:
    sql(path, "CREATE TABLE t (n)", "INSERT INTO t VALUES (1)")
    run(make(start_at="end", lock_timeout="5s"))
    sql(path, "INSERT INTO t VALUES (2)")

    intake.wait_until(lambda: intake.values == [{"n": 2}])


def test_the_end_of_the_first_start_is_remembered(make: Make, path: Path) -> None:
    sql(path, "CREATE TABLE t (n)", "INSERT INTO t VALUES (1)")
    first = make(start_at="end")
    first.at_least_once = True
    first.open()
    first.close()
    sql(path, "INSERT INTO t VALUES (2)")
    second, intake = make(start_at="end"), RecordingIntake()
    second.at_least_once = True
    second.open()
    second.read(intake)

    assert intake.values == [{"n": 2}]


def test_a_file_and_a_table_that_are_not_there_yet_are_waited_for(make: Make, path: Path) -> None:
    onramp = make()
    with pytest.raises(ConnectionLost, match="No such file"):
        onramp.open()
    sql(path, "CREATE TABLE other (n)")
    with pytest.raises(ConnectionLost, match="no table 't'"):
        onramp.open()
    sql(path, "CREATE TABLE t (n)")
    onramp.open()


def test_without_follow_they_have_to_be_there(make: Make, path: Path) -> None:
    with pytest.raises(CannotOpen, match="check `path`"):
        make(follow=False).open()
    sql(path, "CREATE TABLE other (n)")
    with pytest.raises(CannotOpen, match="no table 't'"):
        make(follow=False).open()


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"key": "nope"}, "no column 'nope'"),
        ({"columns": ["n", "nope"]}, "no column 'nope'"),
        ({"table": "v"}, "is a view"),
    ],
)
def test_what_waiting_does_not_help_says_what_is_wrong(
    make: Make, path: Path, options: dict[str, Any], why: str
) -> None:
    sql(path, "CREATE TABLE t (n)", "CREATE VIEW v AS SELECT * FROM t")
    with pytest.raises(CannotOpen, match=why):
        make(**options).open()


def test_a_file_that_is_no_database_says_so(make: Make, path: Path) -> None:
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(CannotOpen, match="not a database"):
        make().open()


def test_the_check_finds_what_cannot_be_read(make: Make, path: Path, tmp_path: Path) -> None:
    make().check()
    with pytest.raises(CannotOpen, match="not a regular file"):
        make(path=str(tmp_path)).check()
    sql(path, "CREATE TABLE t (n)")
    make().check()


def test_options_that_make_no_sense_together_are_refused(make: Make) -> None:
    with pytest.raises(ValidationError, match="reads nothing without `follow"):
        make(start_at="end", follow=False)


def test_a_locked_database_is_waited_for_and_tried_again(make: Make, path: Path) -> None:
    sql(path, "CREATE TABLE t (n)", "INSERT INTO t VALUES (1)")
    onramp, intake = make(), RecordingIntake()
    onramp.open()
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(ConnectionLost, match="locked"):
            onramp.read(intake)
        with pytest.raises(ConnectionLost, match="locked"):
            onramp.open()
        other.execute("ROLLBACK")
    onramp.open()
    onramp.read(intake)

    assert intake.values == [{"n": 1}]


def test_nobody_is_kept_from_writing_while_it_reads(make: Make, path: Path) -> None:
    sql(path, "CREATE TABLE t (n)", "INSERT INTO t VALUES (?)", rows=[(n,) for n in range(100)])
    onramp, intake = make(batch=10), RecordingIntake()
    onramp.open()
    onramp.read(intake)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as other:
        other.execute("BEGIN EXCLUSIVE")
        other.execute("COMMIT")


def test_a_database_that_is_replaced_is_read_from_its_beginning(make: Make, path: Path) -> None:
    sql(path, "CREATE TABLE t (n)", "INSERT INTO t VALUES (1), (2)")
    onramp, intake = make(), RecordingIntake()
    onramp.open()
    onramp.read(intake)
    other = path.with_name("other.db")
    sql(other, "CREATE TABLE t (n)", "INSERT INTO t VALUES (3)")
    other.replace(path)
    with pytest.raises(ConnectionLost, match="replaced"):
        onramp.read(intake)
    onramp.open()
    onramp.read(intake)

    assert intake.values == [{"n": 1}, {"n": 2}, {"n": 3}]


def test_another_key_means_reading_from_the_beginning(make: Make, path: Path) -> None:
    sql(path, "CREATE TABLE t (a INTEGER PRIMARY KEY, b)", "INSERT INTO t VALUES (5, 1), (6, 0)")
    for key, expected in (("a", [5, 6]), ("a", []), ("b", [6, 5])):
        onramp, intake = make(key=key), RecordingIntake()
        onramp.at_least_once = True
        onramp.open()
        onramp.read(intake)
        for ticket in intake.tickets:
            assert ticket is not None
            ticket.answer(Outcome.DELIVERED)
        onramp.close()
        assert [row["a"] for row in intake.values] == expected


def test_keys_that_end_before_what_was_delivered_are_told(
    make: Make, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A database that was made anew may have the inode of the old one: its rows would be skipped without a word."""
    sql(path, "CREATE TABLE t (n INTEGER PRIMARY KEY)", "INSERT INTO t VALUES (5), (6)")
    for statement, told in (
        ("DELETE FROM t WHERE n = 5", 0),
        ("UPDATE t SET n = 1", 1),
        ("DELETE FROM t", 0),
    ):
        onramp, intake = make(key="n"), RecordingIntake()
        onramp.at_least_once = True
        onramp.open()
        onramp.read(intake)
        for ticket in intake.tickets:
            assert ticket is not None
            ticket.answer(Outcome.DELIVERED)
        onramp.close()
        sql(path, statement)
        again = make(key="n")
        again.at_least_once = True
        caplog.clear()
        again.open()
        again.close()
        warnings = [record for record in caplog.records if "end before" in record.getMessage()]
        assert len(warnings) == told, statement


def test_a_column_that_goes_away_is_named(make: Make, path: Path) -> None:
    sql(path, "CREATE TABLE t (n, m)", "INSERT INTO t VALUES (1, 2)")
    onramp = make(columns=["n"])
    onramp.open()
    sql(path, "ALTER TABLE t RENAME COLUMN n TO o")
    with pytest.raises(ConnectionLost, match="no such column"):
        onramp.read(RecordingIntake())
    with pytest.raises(CannotOpen, match="no column 'n'"):
        onramp.open()


def test_the_rows_before_one_that_is_too_large_are_read_and_it_is_named(make: Make, path: Path) -> None:
    sql(
        path,
        "CREATE TABLE t (n INTEGER PRIMARY KEY, b)",
        "INSERT INTO t VALUES (1, 'x'), (2, zeroblob(5000)), (3, '')",
    )
    onramp, intake = make(max_row="4KiB"), RecordingIntake()
    onramp.open()
    onramp.read(intake)
    assert [row["n"] for row in intake.values] == [1]
    with pytest.raises(ConnectionLost, match=r"the row behind the key 1 is larger than max_row = '4KiB'"):
        onramp.read(intake)
    leaner = make(max_row="4KiB", columns=["n"])
    leaner.open()
    leaner.read(intake)

    assert [row["n"] for row in intake.values] == [1, 1, 2, 3]


def test_a_query_holds_no_more_than_some_megabytes(make: Make, path: Path) -> None:
    sql(path, "CREATE TABLE t (b)", "INSERT INTO t VALUES (zeroblob(1000000))", rows=[()] * 20)
    onramp, intake = make(), RecordingIntake()
    onramp.open()
    onramp.read(intake)

    assert len(intake.values) == 5


def test_a_key_that_is_a_blob_stops_the_reading_before_it(make: Make, path: Path) -> None:
    sql(path, "CREATE TABLE t (k)", "INSERT INTO t VALUES (x'00'), ('a')")
    onramp, intake = make(key="k"), RecordingIntake()
    onramp.open()
    onramp.read(intake)
    assert intake.values == [{"k": "a"}]
    with pytest.raises(ConnectionLost, match="is a blob"):
        onramp.read(intake)


def test_the_database_is_not_changed(make: Make, path: Path) -> None:
    sql(path, "CREATE TABLE t (n)", "INSERT INTO t VALUES (1)")
    before = path.read_bytes()
    read_all(make(follow=False))

    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_query_that_waits_for_a_lock_holds_nobody_up_and_can_be_killed(make: Make, path: Path) -> None:
    sql(path, "CREATE TABLE t (n)")
    onramp = make(lock_timeout="300ms")
    onramp.open()
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        reader = gevent.spawn(onramp.read, RecordingIntake())
        gevent.idle()
        assert not reader.dead
        reader.kill(timeout=5.0)
        onramp.close()
        assert reader.dead


@given(st.dictionaries(st.sampled_from(["device", "inode", "table", "column", "key", "row", "x"]), st.one_of(
    st.none(), st.integers(-5, 5), st.text(max_size=3), st.floats(), st.lists(st.integers(), max_size=1), st.booleans(),
)))  # fmt: skip
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_checkpoint_is_used_or_refused(tmp_path: Path, fields: dict[str, Any]) -> None:
    import json

    file = tmp_path / "checkpoint"
    file.write_text(json.dumps({"place": fields}))
    try:
        place = Checkpoint(file, RowPlace).load()
    except BadCheckpoint:
        return
    assert place is not None
    assert place.as_json() == {"key": None, "row": None, **fields}


def test_rows_without_a_key_are_told_of_and_not_read(
    path: Path, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    sql(
        path,
        "CREATE TABLE t (seq INTEGER, name)",
        "INSERT INTO t VALUES (?, ?)",
        rows=[(1, "a"), (None, "b"), (2, "c")],
    )
    assert [row["name"] for row in read_all(make(key="seq", follow=False))] == ["a", "c"]
    assert "Rows without a key (NULL) are not read until they have one." in caplog.text
