"""What nobody could process is kept in a file, with the bytes that it came as."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from pipelines.batch import Batch
from supervisor import Deployment
from supervisor.cli import main
from supervisor.dead_letters import BadStore, DeadLetterStore, Letter
from supervisor.dead_letters.letters import letters_of
from supervisor.deployment.account import Account

LINES = ['{"n": 1}', "no json", '{"n": 2}', '{"x": 3}']


def letter(number: int, **changes: Any) -> Letter:
    fields = {
        "time_ns": number,
        "flow": "main",
        "component": "pipeline:main/work",
        "reason": "its err port is not linked",
        "error": "wrong",
        "origin": "test",
        "original": b"%d" % number,
        "details": "{}",
    }
    return Letter(**{**fields, **changes})


def run(directory: Path) -> Account:
    (directory / "in.jsonl").write_text("\n".join(LINES) + "\n")
    deployment = Deployment.load(
        {
            "supervisor": {"dead_letters": str(directory / "letters.db")},
            "onramps": {"in": {"type": "file", "path": str(directory / "in.jsonl")}},
            "pipelines": {"work": {"script": "let event.n = event.n + 1; event"}},
            "offramps": {"out": {"type": "file", "path": str(directory / "out.jsonl")}},
            "flows": {"main": {"guarantee": "at-least-once", "links": ["in -> work -> out"]}},
        }
    )
    return deployment.run()


def command(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["dead-letters", *arguments])


def test_what_fails_is_kept_and_confirmed_and_the_rest_arrives(tmp_path: Path) -> None:
    account = run(tmp_path)
    assert (account.dead_letters, account.kept, account.lost, account.difference) == (2, 2, 0, 0)
    store = DeadLetterStore(tmp_path / "letters.db")
    found = {stored.letter.component: stored.letter for stored in store.find()}
    store.close()
    assert found["onramp:main/in"].original == b"no json"
    assert found["pipeline:main/work"].original == b'{"x": 3}'
    assert "there is no key" in found["pipeline:main/work"].error
    assert [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()] == [
        {"n": 2},
        {"n": 3},
    ]
    # Nothing is left to be read again.
    run_again = (tmp_path / "out.jsonl").read_text()
    run(tmp_path)
    assert (tmp_path / "out.jsonl").read_text() == run_again


def test_letters_can_be_listed_shown_replayed_and_purged(tmp_path: Path) -> None:
    run(tmp_path)
    file = str(tmp_path / "letters.db")
    listed = json.loads(command("list", "--json", file).stdout)
    numbers = {each["component"]: str(each["number"]) for each in listed["letters"]}
    assert set(numbers) == {"onramp:main/in", "pipeline:main/work"}
    number = numbers["pipeline:main/work"]
    shown = json.loads(command("show", file, number).stdout)
    assert (shown["original"], shown["details"]["event"]) == ('{"x": 3}', {"x": 3})
    assert "there is no key" in command("list", file).stdout
    assert command("replay", file, "--component", "work", "--delete").stdout == '{"x": 3}\n'
    assert json.loads(command("list", "--json", file).stdout)["total"] == 1
    assert command("purge", file, "--all").stdout == "1 forgotten\n"


@pytest.mark.parametrize("arguments", [["list", "nowhere.db"], ["purge", "FILE"], ["show", "FILE", "17"]])
def test_a_mistake_of_the_user_is_told_in_a_line(tmp_path: Path, arguments: list[str]) -> None:
    file = tmp_path / "letters.db"
    DeadLetterStore(file).close()
    result = command(*[str(file) if each == "FILE" else each for each in arguments])
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_a_store_that_is_full_refuses_all_and_keeps_what_it_has(tmp_path: Path) -> None:
    store = DeadLetterStore(tmp_path / "letters.db", most=3)
    store.add([letter(1), letter(2)])
    with pytest.raises(BadStore, match="3 dead letters"):
        store.add([letter(3), letter(4)])
    assert store.count() == 2
    store.purge(ids=[1])
    store.add([letter(3), letter(4)])
    assert [stored.letter.original for stored in store.find()] == [b"2", b"3", b"4"]
    store.close()


def test_a_number_is_never_given_again(tmp_path: Path) -> None:
    store = DeadLetterStore(tmp_path / "letters.db")
    store.add([letter(1)])
    store.purge()
    store.add([letter(2)])
    assert [stored.id for stored in store.find()] == [2]
    store.close()


def test_two_processes_may_have_it_open(tmp_path: Path) -> None:
    stores = [DeadLetterStore(tmp_path / "letters.db") for _ in range(2)]
    for number in range(10):
        stores[number % 2].add([letter(number)])
    assert stores[0].count() == 10
    for store in stores:
        store.close()


def test_a_file_of_something_else_is_left_alone(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("CREATE TABLE things (a)")
    other.commit()
    other.close()
    (tmp_path / "text.db").write_text("no database at all, " * 100)
    for name in ("other.db", "text.db"):
        before = (tmp_path / name).read_bytes()
        with pytest.raises(BadStore):
            DeadLetterStore(tmp_path / name)
        assert (tmp_path / name).read_bytes() == before


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.just("error"), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.lists(VALUES, min_size=1, max_size=3), st.text())
def test_any_event_can_be_kept(values: list[Any], error: str) -> None:
    store = DeadLetterStore(Path(":memory:"))
    batch = Batch([*values, {"error": "\ud800", "component": "x", "data": "\ud800"}], ingest_ns=0)
    store.add(letters_of(batch, "component", "flow", "reason", error.encode(errors="replace").decode(), 0))
    assert store.count() == len(values) + 1
    store.close()


def test_the_bytes_that_an_event_came_as_are_kept() -> None:
    event = {"error": "mine", "component": "x", "event": "login"}
    batch = Batch([event], ingest_ns=0, raws=[b'{"error":"mine"}'], raw_codec="json")
    assert letters_of(batch, "c", "f", "r", "", 0)[0].original == b'{"error":"mine"}'
