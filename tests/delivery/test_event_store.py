"""The file of a wal: what is stored is there again, whatever a crash did to the file; what is not ours is left."""

from __future__ import annotations

import math
import os
import shutil
import sqlite3
import subprocess
import sys
from collections import OrderedDict
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import CannotStart, EventError
from pipelines.event_file import require_ours
from pipelines.event_store import EventStore, InUse, Record, StoreTrouble
from pipelines.packed_events import PackedEvents, pack_events, unpack_events

ROOT = Path(__file__).parents[2]


def record(*values: Any, origin: str = "test") -> Record:
    return Record(1, 2, origin, len(values), pack_events(PackedEvents(list(values), None, origin)))


def values_in(store: EventStore) -> list[Any]:
    found, damaged = store.read_between(0, 2**60, 1_000_000, 2**60)
    assert damaged == []
    return [value for stored in found for value in stored.events.values]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.wal"


@pytest.fixture
def store(path: Path) -> Iterator[EventStore]:
    store = EventStore(path)
    assert store.open() == ""
    yield store
    store.close()


def reopened(path: Path) -> tuple[EventStore, str]:
    store = EventStore(path)
    return store, store.open()


def crashed(path: Path, directory: Path) -> Path:
    """What the system would have of the files if the process ended now."""
    directory.mkdir()
    for suffix in ("", "-wal"):
        shutil.copy(f"{path}{suffix}", directory / f"{path.name}{suffix}")
    return directory / path.name


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**200), 2**200)
    | st.floats()
    | st.text(st.characters(codec=None))
    | st.binary()
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec=None)), inner)
)


def same(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return one == other or (math.isnan(one) and math.isnan(other))
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    return bool(one == other)


@given(
    values=st.lists(VALUES, max_size=4), origin=st.text(st.characters(codec=None)), with_metas=st.booleans()
)
def test_values_are_unpacked_as_they_were_packed(values: list[Any], origin: str, with_metas: bool) -> None:
    metas: Any = [{"value": value} for value in values] if with_metas else None
    back = unpack_events(pack_events(PackedEvents(values, metas, origin)))
    assert same(back.values, values)
    assert same(back.metas, metas)
    assert back.origin == origin


@given(data=st.binary())
def test_other_bytes_are_a_value_error(data: bytes) -> None:
    try:
        unpack_events(data)
    except ValueError:
        pass


def test_what_is_no_plain_value_cannot_be_packed() -> None:
    for value in (object(), {"when": {1, 2}}, {frozenset(): 1}):
        with pytest.raises(EventError, match="cannot be stored"):
            pack_events(PackedEvents([value], None, ""))


@pytest.mark.parametrize("wrap", [lambda value: [value], lambda value: {"a": value}, lambda value: (value,)])
def test_whatever_can_be_packed_can_be_unpacked_however_deep_it_is(wrap: Any) -> None:
    deep: Any = 1
    refused = 0
    for depth in range(1, 1100):
        deep = wrap(deep)
        if depth > 950 or depth % 50 == 0:
            try:
                packed = pack_events(PackedEvents([deep], None, ""))
            except EventError:
                refused += 1
            else:
                assert unpack_events(packed).values
    assert refused


class Text(str):
    """As a function may make them."""


class Point(NamedTuple):
    x: int
    y: int


def test_values_of_python_functions_are_stored_as_the_plain_ones_that_they_are() -> None:
    value = {
        (1, (2, "a")): [Text("b"), OrderedDict(c=Point(1, 2))],
        None: b"d",
        1.5: HTTPStatus.OK,
        True: 2**70,
    }
    (back,) = unpack_events(pack_events(PackedEvents([value], None, ""))).values
    assert back == value


def test_what_was_stored_is_there_again_and_what_was_forgotten_is_not(store: EventStore, path: Path) -> None:
    first = store.append(record({"n": 1}, {"n": 2}))
    store.append(record({"n": 3}))
    store.forget([first, 77])
    store.append(record({"n": 4}, {"n": 5}))
    assert store.events == 3
    store.close()

    again, told = reopened(path)
    assert told == ""
    assert values_in(again) == [{"n": 3}, {"n": 4}, {"n": 5}]
    assert (again.events, again.last_id) == (3, 3)
    again.close()


def test_numbers_are_never_given_twice(store: EventStore, path: Path) -> None:
    number = store.append(record(1))
    store.forget([number])
    store.close()
    again, _told = reopened(path)
    assert again.append(record(2)) > number
    again.close()


@pytest.mark.parametrize("fsync", ["always", "interval", "never"])
def test_what_was_stored_survives_the_end_of_the_process(path: Path, tmp_path: Path, fsync: Any) -> None:
    store = EventStore(path, fsync)
    store.open()
    store.append(record(1, 2))
    store.sync()
    store.append(record(3))
    again, told = reopened(crashed(path, tmp_path / "crashed"))
    assert (values_in(again), told) == ([1, 2, 3], "")
    again.close()
    store.close()


def test_nothing_begins_once_it_was_closed(store: EventStore) -> None:
    store.close()
    for call in (lambda: store.append(record(1)), lambda: store.forget([1]), store.sync):
        with pytest.raises(StoreTrouble, match="closed"):
            call()


def test_a_second_one_of_the_same_file_is_refused(store: EventStore, path: Path) -> None:
    with pytest.raises(InUse, match="in use by another process or pipeline"):
        EventStore(path).open(patience_seconds=0.05)
    store.close()
    again, _told = reopened(path)
    again.close()


def test_another_process_with_the_same_file_is_refused_until_the_first_has_ended(path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from pipelines.event_store import EventStore\n"
        "store = EventStore(Path(sys.argv[1])); store.open(); print('open', flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"open\n"
        with pytest.raises(InUse):
            EventStore(path).open(patience_seconds=0.05)
        process.kill()
    again, _told = reopened(path)
    again.close()


def test_a_file_that_is_none_of_ours_is_refused_and_left_as_it_is(path: Path) -> None:
    text = b"not a database, but somebody's only copy of something\n" * 100
    path.write_bytes(text)
    with pytest.raises(CannotStart, match=r"is no wal: it is no SQLite database.*name another file"):
        EventStore(path).open()
    assert path.read_bytes() == text


def test_a_database_of_something_else_is_refused(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE accounts (id)")
    database.close()
    with pytest.raises(CannotStart, match="a database of something else"):
        EventStore(path).open()


def test_a_format_that_is_not_known_is_refused(store: EventStore, path: Path) -> None:
    store.close()
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 7")
    database.close()
    with pytest.raises(CannotStart, match="has version 7 of the format"):
        EventStore(path).open()


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="cannot be opened: No such file"):
        EventStore(tmp_path / "missing" / "events.wal").open()


# --- damage ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def left(store: EventStore, path: Path, tmp_path: Path) -> Path:
    """The files of a process that was killed after it had stored 40 batches, some of them in the file itself."""
    for number in range(40):
        store.append(record({"n": number, "text": "x" * 500}))
        if number == 20:
            store.sync()
    return crashed(path, tmp_path / "left")


ALL = [*range(40)]


def numbers_in(path: Path) -> tuple[list[int], str]:
    store, told = reopened(path)
    found = [value["n"] for value in values_in(store)]
    assert store.events == len(found)
    store.append(record({"n": -1}))
    store.close()
    return found, told


@pytest.mark.parametrize("tail", [b"\0" * 5000, bytes(range(256)) * 28, b"x"])
def test_half_written_records_at_the_end_of_the_log_cost_nothing(left: Path, tail: bytes) -> None:
    with Path(f"{left}-wal").open("ab") as file:
        file.write(tail)
    assert numbers_in(left) == (ALL, "")


def test_a_log_that_is_cut_costs_only_what_was_in_the_part_that_is_gone(left: Path) -> None:
    log = Path(f"{left}-wal")
    os.truncate(log, log.stat().st_size * 2 // 3)
    found, told = numbers_in(left)
    assert told == ""
    assert found == ALL[: len(found)]
    assert len(found) > 21


def test_a_flipped_byte_in_the_log_costs_what_comes_after_it_and_never_changes_an_event(left: Path) -> None:
    log = Path(f"{left}-wal")
    data = bytearray(log.read_bytes())
    data[len(data) // 2] ^= 0x40
    log.write_bytes(data)
    found, _told = numbers_in(left)
    assert found == ALL[: len(found)]
    assert len(found) > 5


def test_a_missing_or_broken_shared_memory_file_costs_nothing(left: Path) -> None:
    Path(f"{left}-shm").write_bytes(b"\xff" * 32768)
    assert numbers_in(left) == (ALL, "")


def test_damaged_pages_cost_what_was_on_them_and_the_file_is_kept(store: EventStore, path: Path) -> None:
    for number in range(200):
        store.append(record({"n": number, "text": "x" * 500}))
    store.close()
    data = bytearray(path.read_bytes())
    middle = len(data) // 2 // 4096 * 4096
    data[middle : middle + 4096] = b"\xa5" * 4096
    path.write_bytes(data)

    found, told = numbers_in(path)

    assert 150 < len(found) < 200
    assert "is damaged" in told
    (aside,) = [each for each in path.parent.glob("events.wal.damaged-*") if "-wal" not in each.name[10:]]
    assert str(aside) in told
    assert aside.read_bytes()[middle : middle + 4096] == b"\xa5" * 4096


def test_a_batch_whose_checksum_does_not_fit_stays_and_counts_nowhere(store: EventStore, path: Path) -> None:
    first, second = store.append(record(1)), store.append(record(2))
    store.close()
    with sqlite3.connect(path) as database:
        database.execute("UPDATE batches SET data = x'93a0c0a0' WHERE id = ?", (first,))
    database.close()

    again, _told = reopened(path)
    found, damaged = again.read_between(0, again.last_id, 10, 1000)
    assert [stored.id for stored in found] == [second]
    assert damaged == [first]
    assert again.events == 1
    assert again.read([first, second], 1000)[1] == []
    again.close()


def test_a_full_disk_changes_nothing_and_it_goes_on_when_there_is_room(tmp_path: Path) -> None:
    program = """
import resource, signal, sys
from pathlib import Path
from pipelines.event_store import EventStore, Record, StoreTrouble
from pipelines.packed_events import PackedEvents, pack_events
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = EventStore(Path(sys.argv[1]))
store.open()
record = Record(1, 2, "", 1, pack_events(PackedEvents(["x" * 3000], None, "")))
stored = [store.append(record)]
resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, resource.RLIM_INFINITY))
refused = 0
while refused < 3:
    try:
        stored.append(store.append(record))
    except StoreTrouble:
        refused += 1
    assert store.events == len(stored)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
stored.append(store.append(record))
store.close()
again = EventStore(Path(sys.argv[1]))
again.open()
assert again.events == len(stored) > 2, (again.events, stored)
found, damaged = again.read_between(0, again.last_id, 1000, 10**9)
assert [batch.id for batch in found] == stored and not damaged
again.close()
print("good")
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "events.wal")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.stdout == "good\n", done.stderr


@pytest.mark.parametrize(("intact_pages", "above"), [(3, 0), (1, 50)])
def test_numbers_are_not_given_again_when_a_damaged_file_was_begun_anew(
    store: EventStore, path: Path, intact_pages: int, above: int
) -> None:
    """Regression: who answers for a batch that is gone would have removed another one."""
    given = [store.append(record({"n": number, "text": "x" * 500})) for number in range(50)]
    store.close()
    data = path.read_bytes()
    intact = 4096 * intact_pages
    path.write_bytes(data[:intact] + b"\xa5" * (len(data) - intact))
    again = EventStore(path)
    assert "is damaged" in again.open(1.0, above)
    assert again.append(record("new")) > max(given)
    again.close()


def test_calls_that_wait_for_each_other_in_a_patched_process_all_end(path: Path) -> None:
    """Regression: a lock of gevent, which is what `threading` has there, is not handed over between native threads."""
    program = """
from gevent import monkey
monkey.patch_all()
import os, sys
import gevent
from pathlib import Path
from actors.native_thread import call_in_thread, native_lock
from pipelines.event_store import EventStore, Record
store = EventStore(Path(sys.argv[1]), new_lock=native_lock)
call_in_thread(store.open, 1.0)
for _ in range(20):
    callers = [gevent.spawn(call_in_thread, store.append, Record(1, 2, "", 1, b"")) for _ in range(5)]
    if len(gevent.joinall(callers, timeout=5.0)) < 5:
        os._exit(1)
store.close()
"""
    done = subprocess.run([sys.executable, "-c", program, path], cwd=ROOT, timeout=60, check=False)
    assert done.returncode == 0


@pytest.mark.parametrize("statement", range(3))
def test_whoever_looks_while_a_file_is_made_does_not_take_it_for_something_else(
    path: Path, statement: int
) -> None:
    """Regression: it had a table already, and not yet, a moment before, our mark."""

    class Late(sqlite3.Connection):
        executed = -1

        def execute(self, *arguments: Any) -> sqlite3.Cursor:
            self.executed += 1
            if self.executed == statement:
                store = EventStore(path)
                store.open()
                store.close()
            return super().execute(*arguments)

    connection = sqlite3.connect(path, isolation_level=None, factory=Late)
    require_ours(connection, path, may_be_empty=True)
    connection.close()
