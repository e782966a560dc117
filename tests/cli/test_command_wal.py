"""``supervisor wal``: looks into the file of a wal, and says clearly what is wrong with it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from click.testing import Result

from pipelines.event_store import EventStore, Record
from pipelines.event_store_reader import EventStoreReader
from pipelines.packed_events import PackedEvents, pack_events

Run = Callable[..., Result]


def fill(path: Path, *batches: tuple[str, list[Any]]) -> None:
    store = EventStore(path)
    store.open()
    for number, (origin, values) in enumerate(batches):
        data = pack_events(PackedEvents(values, None, origin))
        store.append(Record(number * 10**9, 7, origin, len(values), data))
    store.close()


@pytest.fixture
def file(run: Run, tmp_path: Path) -> str:
    fill(
        tmp_path / "events.wal",
        ("udp://a", [{"n": 1}, {"n": 2**70}]),
        ("udp://b", [b"text", b"\xff", "\ud800"]),
    )
    return "events.wal"


def test_inspect_counts_events_by_origin(run: Run, file: str) -> None:
    found = json.loads(run("wal", "inspect", file, "--json").stdout)
    assert found.pop("bytes") > 0
    assert found == {
        "events": 5,
        "batches": 2,
        "damaged_batches": 0,
        "oldest": "1970-01-01T00:00:00.000+00:00",
        "newest": "1970-01-01T00:00:01.000+00:00",
        "origins": {"udp://b": 3, "udp://a": 2},
        "in_use": False,
    }
    shown = run("wal", "inspect", file).stdout
    assert "from udp://a" in shown
    assert "1970-01-01T00:00:01.000" in shown


def test_inspect_looks_into_a_file_that_is_in_use(run: Run, tmp_path: Path) -> None:
    store = EventStore(tmp_path / "events.wal")
    store.open()
    store.append(Record(1, 1, "here", 1, pack_events(PackedEvents([1], None, "here"))))
    found = json.loads(run("wal", "inspect", "events.wal", "--json").stdout)
    assert (found["events"], found["in_use"]) == (1, True)
    store.close()


def test_export_writes_lines_of_json_and_removes_nothing(run: Run, file: str, tmp_path: Path) -> None:
    expected = [{"n": 1}, {"n": 2**70}, "text", "/w==", "\ud800"]
    for _ in range(2):
        lines = run("wal", "export", file).stdout.splitlines()
        assert [json.loads(line) for line in lines] == expected
    run("wal", "export", file, "--envelope", "-o", "out.jsonl")
    first = json.loads((tmp_path / "out.jsonl").read_text().splitlines()[0])
    assert first == {"event": {"n": 1}, "meta": None, "origin": "udp://a", "ingest_ns": 7}


@pytest.mark.parametrize("command", ["inspect", "export"])
def test_a_file_that_is_none_of_a_wal_is_a_clear_error(run: Run, tmp_path: Path, command: str) -> None:
    (tmp_path / "text").write_text("no database at all\n" * 100)
    result = run("wal", command, "text")
    assert result.exit_code == 2
    assert "the file 'text' is no wal" in result.stderr
    result = run("wal", command, "missing")
    assert result.exit_code == 2
    assert "there is no file 'missing'" in result.stderr
    assert not (tmp_path / "missing").exists()


def test_export_writes_integers_of_any_length(run: Run, tmp_path: Path) -> None:
    """Regression: a traceback, as Python refuses to write one of more than 4,300 digits."""
    fill(tmp_path / "events.wal", ("a", [10**5000, 1]))
    result = run("wal", "export", "events.wal")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == ["1" + "0" * 5000, "1"]


def test_a_slow_export_does_not_keep_the_log_of_the_file_from_being_emptied(tmp_path: Path) -> None:
    path = tmp_path / "events.wal"
    fill(path, *[("a", ["x" * 100_000])] * 100)
    reader = EventStoreReader(path)
    batches = reader.batches()
    first = next(batches)
    with closing(sqlite3.connect(path, timeout=0.1, isolation_level=None)) as writer:
        writer.execute("UPDATE batches SET time_ns = 7")
        (busy, _log, _done) = writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    assert busy == 0
    assert [first.id, *(batch.id for batch in batches)] == list(range(1, 101))
    reader.close()


DEPLOYMENT = """
[onramps.in]
type = "udp"
address = "127.0.0.1:0"
[pipelines.keep]
operators = [{ type = "wal", path = "other.wal" }]
[offramps.out]
type = "file"
path = "out.jsonl"
[supervisor]
dead_letters = "dead-letters.db"
[flows.main]
guarantee = "at-least-once"
links = ["in -> keep -> out"]
"""


@pytest.mark.parametrize(
    ("to", "what"),
    [
        (["--to", "ou"], "there is no component `ou`; did you mean"),
        (["--to", "in"], "`in` is an onramp; name a pipeline or an offramp"),
        (["--to", "out", "--flow", "man"], "there is no component `out` in the flow `man`"),
    ],
)
def test_drain_says_what_it_does_not_find(
    run: Run, file: str, tmp_path: Path, to: list[str], what: str
) -> None:
    (tmp_path / "config.toml").write_text(DEPLOYMENT)
    with patch("gevent.monkey.patch_all"):
        result = run("wal", "drain", file, "config.toml", *to)
    assert result.exit_code == 2
    assert what in result.stderr
