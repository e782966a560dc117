"""What nobody could process is kept in a file, with the bytes that it came as."""

from __future__ import annotations

import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from pipelines.batch import Batch
from supervisor import Deployment
from supervisor.cli import main
from supervisor.dead_letters import BadStore, Choice, DeadLetterStore, Letter
from supervisor.dead_letters.letters import letters_of
from supervisor.dead_letters.schema import prepare
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


def test_the_bytes_of_a_letter_are_those_that_came_whoever_gave_the_event_up(tmp_path: Path) -> None:
    """Regression: what a pipeline could not process was written anew, and numbers and double keys were others then."""
    exact = b'{"n": 1.00000000000000000001, "n": 123456789012345678901234567890, "fails": true}'
    refused = b'{ "n":  1, "refused": "\\u0041" }'
    (tmp_path / "in.jsonl").write_bytes(b'{"n": 0}\n' + exact + b"\n" + refused + b"\n")
    (tmp_path / "work.py").write_text(
        "def work(event):\n"
        "    event['seen'] = True\n"
        "    if 'fails' in event:\n"
        "        raise ValueError('wrong')\n"
        "    return event\n"
        "def refuse(event):\n"
        "    return [event, event.missing] if 'refused' in event else event\n"
    )
    file = tmp_path / "deployment.toml"
    file.write_text(
        '[supervisor]\ndead_letters = "letters.db"\n'
        '[onramps.in]\ntype = "file"\npath = "in.jsonl"\n'
        '[pipelines.work]\npython = "work:work"\n'
        '[pipelines.refuse]\npython = "work:refuse"\n'
        '[offramps.out]\ntype = "file"\npath = "out.jsonl"\n'
        '[offramps.other]\ntype = "file"\npath = "other.jsonl"\n'
        '[flows.main]\nguarantee = "at-least-once"\nlinks = ["in -> work -> out", "in -> refuse -> other"]\n'
    )
    Deployment.load(file).run()
    store = DeadLetterStore(tmp_path / "letters.db")
    found = {stored.letter.component: stored.letter.original for stored in store.find()}
    store.close()
    assert found == {"pipeline:main/work": exact, "pipeline:main/refuse": refused}


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


OLD_TABLE = """
CREATE TABLE letters (id INTEGER PRIMARY KEY AUTOINCREMENT, time_ns INTEGER NOT NULL, flow TEXT NOT NULL,
component TEXT NOT NULL, reason TEXT NOT NULL, error TEXT NOT NULL, origin TEXT NOT NULL, original BLOB NOT NULL,
details TEXT NOT NULL)
"""


def test_a_file_of_the_first_version_is_brought_up_to_date_with_all_that_it_holds(tmp_path: Path) -> None:
    file = tmp_path / "letters.db"
    with closing(sqlite3.connect(file)) as old:
        old.execute(f"PRAGMA application_id = {0x41465444}")
        old.execute(OLD_TABLE)
        old.executemany(
            "INSERT INTO letters (time_ns, flow, component, reason, error, origin, original, details) "
            "VALUES (?, 'main', 'c', 'r', 'e', 'o', ?, '\"\u00e4\"')",
            [(5, b"one"), (7, b"two")],
        )
        old.commit()
    stores = [DeadLetterStore(file, most=3, most_bytes=16) for _ in range(2)]
    found = [stored.letter for stored in stores[0].find()]
    assert [(each.original, each.attempts, each.first_ns) for each in found] == [
        (b"one", 1, 5),
        (b"two", 1, 7),
    ]
    # Three bytes and four of details each; what there was counts against the bounds.
    with pytest.raises(BadStore, match="2 dead letters of 14 bytes"):
        stores[1].add([letter(3)])
    stores[1].purge(Choice(ids=[1]))
    stores[0].add([letter(3)])
    assert [stored.id for stored in stores[1].find()] == [2, 3]
    for store in stores:
        store.close()


def test_a_file_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "letters.db"
    DeadLetterStore(file).close()
    with closing(sqlite3.connect(file)) as later:
        later.execute("PRAGMA user_version = 99")
    with pytest.raises(BadStore, match="later version"):
        DeadLetterStore(file)


@pytest.mark.filterwarnings("ignore")
def test_several_processes_may_make_it_at_the_same_time(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        stores = list(pool.map(lambda _: DeadLetterStore(tmp_path / "letters.db"), range(8)))
    stores[0].add([letter(1)])
    assert [store.count() for store in stores] == [1] * 8
    for store in stores:
        store.close()


@pytest.mark.parametrize("statement", range(3))
def test_whoever_looks_while_another_makes_it_does_not_take_it_for_something_else(
    tmp_path: Path, statement: int
) -> None:
    """Regression: it had a table already, and not yet, a moment before, our mark."""
    file = tmp_path / "letters.db"

    class Late(sqlite3.Connection):
        executed = -1

        def execute(self, *arguments: Any) -> sqlite3.Cursor:
            self.executed += 1
            if self.executed == statement:
                DeadLetterStore(file).close()
            return super().execute(*arguments)

    connection = sqlite3.connect(file, isolation_level=None, factory=Late)
    prepare(connection)
    connection.close()


class StoreAndTwin(RuleBasedStateMachine):
    """Two processes with one file, against a list."""

    MOST, MOST_BYTES = 6, 40

    def __init__(self) -> None:
        super().__init__()
        self.directory = TemporaryDirectory()
        file = Path(self.directory.name) / "letters.db"
        self.stores = [DeadLetterStore(file, most=self.MOST, most_bytes=self.MOST_BYTES) for _ in range(2)]
        self.twin: dict[int, Letter] = {}
        self.next_id = 1

    @rule(
        which=st.integers(0, 1),
        letters=st.lists(
            st.builds(
                letter,
                st.integers(0, 20),
                flow=st.sampled_from(["a", "b"]),
                component=st.sampled_from(["onramp:a/in", "pipeline:a/work"]),
                original=st.binary(max_size=12),
                details=st.text(max_size=3).map(json.dumps),
            ),
            max_size=4,
        ),
    )
    def add(self, which: int, letters: list[Letter]) -> None:
        size = sum(len(each.original) + len(each.details) for each in [*self.twin.values(), *letters])
        if len(self.twin) + len(letters) > self.MOST or size > self.MOST_BYTES:
            with pytest.raises(BadStore, match="is full"):
                self.stores[which].add(letters)
            return
        self.stores[which].add(letters)
        for each in letters:
            self.twin[self.next_id] = each
            self.next_id += 1

    @rule(
        which=st.integers(0, 1),
        flow=st.none() | st.sampled_from(["a", "b"]),
        component=st.none() | st.sampled_from(["in", "work", "%"]),
        since=st.none() | st.integers(0, 20),
        before=st.none() | st.integers(0, 20),
        ids=st.lists(st.integers(1, 10), max_size=3),
        removes=st.booleans(),
    )
    def choose(
        self,
        which: int,
        flow: str | None,
        component: str | None,
        since: int | None,
        before: int | None,
        ids: list[int],
        removes: bool,
    ) -> None:
        chosen = {
            number: each
            for number, each in self.twin.items()
            if (flow is None or each.flow == flow)
            and (component is None or component in each.component)
            and (since is None or each.time_ns >= since)
            and (before is None or each.time_ns < before)
            and (not ids or number in ids)
        }
        store, choice = self.stores[which], Choice(flow, component, since, before, ids)
        assert dict(store.find(choice)) == chosen
        assert store.numbers(choice) == list(chosen)
        assert store.count(choice) == len(chosen)
        if removes:
            assert store.purge(choice) == len(chosen)
            for number in chosen:
                del self.twin[number]

    @invariant()
    def both_see_the_same(self) -> None:
        for store in self.stores:
            assert dict(store.find()) == self.twin

    def teardown(self) -> None:
        for store in self.stores:
            store.close()
        self.directory.cleanup()


StoreAndTwin.TestCase.settings = settings(max_examples=25, stateful_step_count=12, deadline=None)
test_a_store_does_what_a_list_does = StoreAndTwin.TestCase


def test_a_store_that_is_full_refuses_all_and_keeps_what_it_has(tmp_path: Path) -> None:
    store = DeadLetterStore(tmp_path / "letters.db", most=3)
    store.add([letter(1), letter(2)])
    with pytest.raises(BadStore, match="is full: it holds 2 dead letters"):
        store.add([letter(3), letter(4)])
    assert store.count() == 2
    store.purge(Choice(ids=[1]))
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


@pytest.mark.parametrize("where", ["error", "origin", "reason"])
def test_letters_with_half_a_pair_of_surrogates_are_kept(tmp_path: Path, where: str) -> None:
    """Regression: the file refused them, and the source sent them again and again."""
    texts = {"error": "", "origin": "", "reason": "", where: "bad \udc80"}
    batch = Batch([{"n": 1}], ingest_ns=1, origin=texts["origin"])
    store = DeadLetterStore(tmp_path / "letters.db")
    store.add(letters_of(batch, "pipeline:main/work", "main", texts["reason"], texts["error"], 2))
    (found,) = store.find()
    store.close()
    assert getattr(found.letter, where) == "bad \\udc80"
