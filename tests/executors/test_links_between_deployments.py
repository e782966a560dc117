"""Parts of one plan in several deployments, over real sockets: everything arrives, and is counted once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, ClassVar

import pytest

from actors.testing import wait_until
from ramps.errors import ConnectionLost, Rejected, StopDeployment
from ramps.offramp import Outgoing
from ramps.offramp_actor import OfframpPart
from ramps.offramps.file import FileOfframp
from supervisor.deployment.plan import OfframpPlan

from .parts import Parts, Tables

FAST = {"initial": "5ms", "maximum": "20ms"}


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("ramps.network.connections._CLOSE_GRACE_SECONDS", 0.01)
    return tmp_path


@pytest.fixture
def run(directory: Path) -> Iterator[Callable[..., Parts]]:
    with ExitStack() as stack:

        def start(tables: Tables, executors: int = 2) -> Parts:
            return stack.enter_context(Parts(tables, directory, executors))

        yield start


def to_one_file(instances: int = 2, **out: Any) -> Tables:
    return {
        "onramps": {"in": {"type": "memory"}},
        "pipelines": {"work": {"operators": [{"type": "filter", "expression": "event.n >= 0"}]}},
        "offramps": {"out": {"type": "file", "path": "out.jsonl", "retry": FAST, **out}},
        "flows": {"main": {"links": ["in -> work -> out"], "instances": instances, "shared": ["out"]}},
    }


def from_one_file(instances: int = 4, codec: Any = "json", **more: Any) -> Tables:
    return {
        "onramps": {"in": {"type": "file", "path": "in.txt", "codec": codec}},
        "pipelines": {"work": {"operators": [{"type": "filter", "expression": "event != 'x'"}]}},
        "offramps": {"out": {"type": "file", "path": "out.jsonl"}},
        "flows": {
            "main": {"links": ["in -> work -> out"], "instances": instances, "shared": ["in", "out"], **more}
        },
    }


def lines(directory: Path, name: str = "out.jsonl") -> list[Any]:
    path = directory / name
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def put(parts: Parts, executor: int, numbers: range, name: str = "in") -> None:
    parts[executor].onramp(name).put_all({"n": n} for n in numbers)


def offramp_class(parts: Parts, name: str = "out") -> type:
    for component in parts.plan.components():
        if isinstance(component, OfframpPlan) and component.id.name == name:
            return component.connector.member
    raise KeyError(name)


def test_what_two_executors_write_to_one_file_arrives_and_is_counted_once(
    run: Callable[..., Parts], directory: Path
) -> None:
    parts = run(to_one_file())
    put(parts, 1, range(500))
    put(parts, 2, range(500, 1000))
    wait_until(lambda: len(lines(directory)) == 1000)
    account = parts.stop()
    found = [event["n"] for event in lines(directory)]
    assert [n for n in found if n < 500] == list(range(500))
    assert [n for n in found if n >= 500] == list(range(500, 1000))
    assert (account.equation(), account.passed_on) == ("1,000 in = 1,000 written", 0)
    for each in parts.accounts.values():
        assert each.difference == 0
    assert "500 passed on to other executors" in parts.accounts[2].equation()
    (out,) = [component for component in account.components if component.name == "offramp:main/out"]
    assert (out.received, out.written) == (1000, 1000)
    assert out.written_bytes == (directory / "out.jsonl").stat().st_size


def test_a_file_is_dealt_to_copies_in_two_executors_and_the_run_ends_by_itself(
    run: Callable[..., Parts], directory: Path
) -> None:
    (directory / "in.txt").write_text("".join(f'{{"n":{n}}}\n' for n in range(5000)))
    parts = run(from_one_file())
    parts.wait()
    account = parts.stop()
    assert sorted(event["n"] for event in lines(directory)) == list(range(5000))
    assert (account.equation(), account.passed_on) == ("5,000 in = 5,000 written", 0)
    for each in parts.accounts.values():
        assert each.difference == 0


def dealt_from_memory(**out: Any) -> Tables:
    tables = from_one_file()
    tables["onramps"]["in"] = {"type": "memory", "codec": "json"}
    tables["offramps"]["out"] = {"type": "file", "path": "out.jsonl", **out}
    return tables


def frames(numbers: range) -> Iterator[bytes]:
    return (b'{"n":%d}' % n for n in numbers)


def wait_until_linked(parts: Parts) -> None:
    """Until all that forwards is connected."""
    links = [
        part
        for deployment in parts.executors.values()
        for part in deployment._parts().values()
        if isinstance(part, OfframpPart) and part.connector.forwards
    ]
    wait_until(lambda: all(part.connected and not part.outage_told for part in links))


def numbers_in(directory: Path) -> list[int]:
    return [event["n"] for event in lines(directory)]


def test_all_copies_in_all_executors_get_their_share_and_each_keeps_the_order(
    run: Callable[..., Parts], directory: Path
) -> None:
    parts = run(dealt_from_memory(), 3)
    wait_until_linked(parts)
    parts[1].onramp("in").put_all(frames(range(4000)))
    wait_until(lambda: len(lines(directory)) == 4000)
    account = parts.stop()
    assert sorted(numbers_in(directory)) == list(range(4000))
    assert account.equation() == "4,000 in = 4,000 written"
    received = {c.name: c.received for c in account.components}
    shares = [received[f"pipeline:main#{number}/work"] for number in range(1, 5)]
    assert min(shares) > 200, shares


def test_a_stop_under_load_lets_everything_arrive(run: Callable[..., Parts], directory: Path) -> None:
    (directory / "in.txt").write_text("".join(f'{{"n":{n}}}\n' for n in range(100)))
    tables = from_one_file(instances=3)
    tables["onramps"]["in"] = {"type": "blaster", "path": "in.txt"}
    parts = run(tables, 3)
    wait_until_linked(parts)
    wait_until(lambda: all(parts[n].account().written or parts[n].account().passed_on for n in (1, 2, 3)))
    account = parts.stop()
    assert (account.lost, account.difference, account.passed_on) == (0, 0, 0), account.undelivered()
    assert account.written == len(lines(directory))


def test_an_executor_that_is_asked_to_stop_gets_no_more_and_the_others_go_on(
    run: Callable[..., Parts], directory: Path
) -> None:
    parts = run(dealt_from_memory())
    wait_until_linked(parts)
    put_all = parts[1].onramp("in").put_all
    put_all(frames(range(500)))
    account = parts[2].stop(5.0)
    parts.running.discard(2)
    assert account.lost == 0
    put_all(frames(range(500, 1000)))
    wait_until(lambda: len(lines(directory)) == 1000)
    # It comes back, and gets its share again.
    parts.executors[2] = parts._deployment(2)
    parts.start(2)
    wait_until_linked(parts)
    wait_until(lambda: not parts[1]._parts()["offramp:main/in.to-2"].connector.sated)
    put_all(frames(range(1000, 2000)))
    wait_until(lambda: len(lines(directory)) == 2000)
    assert sorted(numbers_in(directory)) == list(range(2000))
    assert max(component.taken_over for component in parts[2].account().components) > 200
    assert parts.stop().lost == 0


def test_an_executor_that_is_started_anew_hears_that_the_input_has_ended(
    run: Callable[..., Parts], directory: Path
) -> None:
    parts = run(dealt_from_memory())
    wait_until_linked(parts)
    parts[1].onramp("in").put_all(frames(range(300)))
    parts[1].onramp("in").close_input()
    parts.wait()
    parts.die(2)
    parts.start(2)
    parts.wait()
    assert sorted(numbers_in(directory)) == list(range(300))


def test_what_crashes_the_owner_s_offramp_becomes_a_dead_letter_there_and_the_sender_goes_on(
    run: Callable[..., Parts], scripted: type[Scripted], directory: Path
) -> None:
    parts = run(to_one_file())
    scripted.script += [RuntimeError("a bug")] * 3
    put(parts, 2, range(1))
    wait_until(lambda: parts[1].account().dead_letters == 1)
    put(parts, 2, range(1, 3))
    wait_until(lambda: len(lines(directory)) == 2)
    account = parts.stop()
    assert numbers_in(directory) == [1, 2]
    assert (account.dead_letters, account.left, account.difference, account.passed_on) == (1, 0, 0, 0)
    (reason,) = account.dead_letter_reasons
    assert reason.startswith("offramp:main/out: it crashed the actor 3 times")


@pytest.mark.parametrize(
    ("executor", "victim"),
    [
        (1, "onramp:main/in"),
        (1, "offramp:main/in.to-1"),
        (1, "offramp:main/in.to-2"),
        (2, "onramp:main/in.frames"),
        (2, "offramp:main/out"),
        (1, "onramp:main/out.links"),
        (1, "offramp:main/out"),
    ],
)
def test_whatever_is_restarted_nothing_is_lost(
    run: Callable[..., Parts], directory: Path, executor: int, victim: str
) -> None:
    tables = dealt_from_memory()
    tables["supervisor"] = {"restart": {"backoff": {"initial": "5ms"}, "max_restarts": 50}}
    parts = run(tables)
    wait_until_linked(parts)
    # The supervisor of what copies share allows two restarts.
    for first in range(0, 1000, 500):
        parts[1].onramp("in").put_all(frames(range(first, first + 500)))
        ref = parts[executor].actors()[victim]
        restarts = ref.statistics().restarts
        ref.kill()
        wait_until(lambda ref=ref, restarts=restarts: ref.statistics().restarts > restarts)
    parts[1].onramp("in").put_all(frames(range(1000, 2000)))
    wait_until(lambda: len(set(numbers_in(directory))) == 2000)
    account = parts.stop()
    assert (account.lost, set(numbers_in(directory))) == (0, set(range(2000)))
    # A batch in the hands of who is killed may be written again.
    assert len(numbers_in(directory)) <= 2000 + 2 * 64


def test_bad_lines_leave_by_err_wherever_they_are_decoded(run: Callable[..., Parts], directory: Path) -> None:
    good = "".join(f'{{"n":{n}}}\n{{bad\n' for n in range(300))
    (directory / "in.txt").write_text(good + '{"n": "no newline"}')
    tables = from_one_file(shared=["in", "out", "bad"])
    tables["offramps"]["bad"] = {"type": "file", "path": "bad.jsonl"}
    tables["flows"]["main"]["links"].append("in/err -> bad")
    parts = run(tables)
    parts.wait()
    account = parts.stop()
    assert len(lines(directory)) == 301
    bad = lines(directory, "bad.jsonl")
    assert [event["data"] for event in bad] == ["{bad"] * 300
    assert {event["component"] for event in bad} == {"onramp:main/in.frames"}
    assert account.equation() == "601 in = 601 written; 300 of them went by err"


def test_frames_without_an_event_are_counted_as_dropped_by_the_codec(
    run: Callable[..., Parts], directory: Path
) -> None:
    (directory / "in.txt").write_text("# comment\nm v=1i 1\n" * 50)
    parts = run(from_one_file(codec="influx"))
    parts.wait()
    account = parts.stop()
    assert len(lines(directory)) == 50
    assert account.difference == 0
    assert account.equation() in ("50 in = 50 written", "100 in = 50 written + 50 filtered")


def test_a_codec_that_reads_a_header_decodes_where_the_file_is_read(
    run: Callable[..., Parts], directory: Path
) -> None:
    (directory / "in.txt").write_text("name,age\r\n" + "".join(f"x,{n}\r\n" for n in range(400)))
    parts = run(from_one_file(codec="csv"))
    parts.wait()
    account = parts.stop()
    assert sorted(int(event["age"]) for event in lines(directory)) == list(range(400))
    assert account.equation() == "400 in = 400 written"


def test_ticks_are_dealt_as_values(run: Callable[..., Parts], directory: Path) -> None:
    tables = from_one_file()
    tables["onramps"]["in"] = {"type": "metronome", "interval": "1ms"}
    parts = run(tables)
    wait_until(lambda: len(lines(directory)) > 20)
    account = parts.stop()
    assert account.lost == account.difference == 0
    assert account.written == len(lines(directory))
    assert {event["id"] for event in lines(directory)} == set(range(account.written))


def test_an_event_for_the_exit_offramp_crosses_as_a_value_and_stops_its_owner(
    run: Callable[..., Parts],
) -> None:
    tables = to_one_file()
    tables["offramps"]["out"] = {"type": "exit"}
    tables["flows"]["main"]["links"] = ["in -> out", "out/err -> hole"]
    tables["offramps"]["hole"] = {"type": "memory"}
    tables["flows"]["main"]["shared"] = ["out", "hole"]
    tables["pipelines"] = {}
    parts = run(tables)
    parts[2].onramp("in").put("not an order")
    # `hole` is single too: executor 1 has it.
    (event,) = parts[1].offramp("hole").wait_for(1)
    assert event["event"] == "not an order"
    assert "the event has no exit code" in event["error"]
    parts[2].onramp("in").put({"exit": 7})
    outcome = parts[1].wait(5.0)
    assert outcome is not None
    assert outcome.exit_code == 7
    account = parts.stop()
    assert account.equation() == "2 in = 2 written; 1 of them went by err"


class Scripted(FileOfframp):
    """A file that first does what a test says."""

    script: ClassVar[list[Any]] = []

    def write(self, outgoing: Outgoing) -> None:
        if self.script and outgoing.batch.origin:
            step = self.script.pop(0)
            if isinstance(step, Exception):
                raise step
            step(outgoing)
        super().write(outgoing)


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> type[Scripted]:
    from ramps.offramp import offramps

    monkeypatch.setattr(Scripted, "script", [])
    offramps.get("file")
    monkeypatch.setitem(offramps._members, "file", Scripted)
    return Scripted


def test_refused_events_come_back_to_the_sender_which_reports_them_with_their_values(
    run: Callable[..., Parts], scripted: type[Scripted]
) -> None:
    tables = to_one_file()
    tables["offramps"]["errors"] = {"type": "memory"}
    tables["flows"]["main"]["links"].append("out/err -> errors")
    tables["flows"]["main"]["shared"].append("errors")

    def refuse(outgoing: Outgoing) -> None:
        raise Rejected("not these", [1, 2])

    parts = run(tables)
    scripted.script.append(refuse)
    put(parts, 2, range(3))
    wait_until(lambda: parts[1].offramp("errors").received == 2)
    seen = list(parts[1].offramp("errors").events)
    assert [event["event"] for event in seen] == [{"n": 1}, {"n": 2}]
    assert {event["error"] for event in seen} == {"not these"}
    assert {event["component"] for event in seen} == {"offramp:main/out"}
    account = parts.stop()
    assert account.difference == 0
    assert account.lost == 0


def test_a_stop_that_the_owner_s_offramp_asks_for_reaches_the_sender(
    run: Callable[..., Parts], scripted: type[Scripted]
) -> None:
    parts = run(to_one_file())
    scripted.script.append(StopDeployment("enough", 9))
    put(parts, 2, range(3))
    for number in (1, 2):
        outcome = parts[number].wait(5.0)
        assert outcome is not None
        assert outcome.exit_code == 9
    account = parts.stop()
    assert account.difference == 0


def test_a_lost_connection_of_the_owner_closes_the_pipelines_of_the_sender_until_it_is_back(
    run: Callable[..., Parts], scripted: type[Scripted], directory: Path
) -> None:
    tables = to_one_file()
    tables["pipelines"]["work"] = {"operators": [{"type": "roundrobin", "outputs": ["a"]}]}
    tables["offramps"]["else"] = {"type": "memory"}
    tables["flows"]["main"]["links"] = ["in -> work", "work/a -> out", "work/overflow -> else"]
    parts = run(tables)
    back: list[int] = []

    def fail(outgoing: Outgoing) -> None:
        if not back:
            scripted.script.append(fail)
            raise ConnectionLost("the disk is away")

    scripted.script.append(fail)
    put(parts, 2, range(1))
    # The operator hears of it, and sends what comes now another way.
    sent = iter(range(1, 10_000))

    def overflown() -> bool:
        put(parts, 2, range(next(sent), next(sent)))
        return bool(parts[2].offramp("else").received)

    wait_until(lambda: parts[2].actors()["offramp:main/out"].statistics().in_hand)
    wait_until(overflown)
    back.append(1)
    wait_until(lambda: lines(directory))
    before = parts[2].offramp("else").received

    def open_again() -> bool:
        put(parts, 2, range(next(sent), next(sent)))
        return len(lines(directory)) > 3

    wait_until(open_again)
    account = parts.stop()
    assert before
    assert (account.difference, account.lost) == (0, 0)


def test_acknowledgements_cross_with_the_time_that_the_write_took(
    run: Callable[..., Parts], directory: Path
) -> None:
    tables = to_one_file()
    tables["pipelines"]["work"] = {"operators": [{"type": "backpressure", "timeout": "10s"}]}
    parts = run(tables)
    heard: list[Any] = []
    part = parts[2]._parts()["pipeline:main#2/work"]
    operator = part.pipeline._listening[0][2]
    told = operator.on_insight
    operator.on_insight = lambda insight, *rest: (heard.append(insight), told(insight, *rest))[1]
    put(parts, 2, range(10))
    wait_until(lambda: len(lines(directory)) == 10)
    wait_until(lambda: heard)
    assert heard[0].kind.value == "ack"
    assert heard[0].elapsed_seconds > 0
    assert heard[0].sender == "offramp:main/out"


def test_a_stuck_owner_holds_the_sender_back(run: Callable[..., Parts]) -> None:
    tables = to_one_file(mailbox_events=10)
    tables["offramps"]["out"] = {"type": "file", "path": "out.jsonl", "mailbox_events": 64}
    tables["pipelines"]["work"]["mailbox_events"] = 64
    from gevent.event import Event

    released = Event()
    parts = run(tables)
    connector = parts[1].offramp("out")
    write = connector.write
    connector.write = lambda outgoing: (released.wait(), write(outgoing))[1]
    import gevent

    putting = gevent.spawn(put, parts, 2, range(20_000))
    wait_until(lambda: parts[2].actors()["offramp:main/out"].statistics().in_hand)
    for _ in range(200):
        gevent.sleep(1e-4)
    assert not putting.dead
    came_in = parts[2].account().came_in
    assert came_in <= 64 * 6, "what is in the mailboxes and hands, and no more"
    left = sum(parts[number].account().left for number in (1, 2))
    assert left == came_in, "what is on its way is left once"
    released.set()
    putting.get(timeout=10.0)
    account = parts.stop()
    assert account.equation() == "20,000 in = 20,000 written"


def test_an_owner_that_dies_is_waited_for_and_nothing_in_hand_is_lost(
    run: Callable[..., Parts], directory: Path
) -> None:
    parts = run(to_one_file())
    put(parts, 2, range(100))
    wait_until(lambda: len(lines(directory)) == 100)
    parts.die(1)
    put(parts, 2, range(100, 200))
    wait_until(lambda: parts[2].actors()["offramp:main/out"].statistics().in_hand)
    parts.start(1)
    wait_until(lambda: len(lines(directory)) == 200)
    account = parts.stop()
    assert parts.accounts[2].lost == 0
    assert account.written == 100, "the first owner took its account with it"
    assert account.passed_on == 100


def test_an_executor_that_dies_does_not_stop_the_others(run: Callable[..., Parts], directory: Path) -> None:
    (directory / "in.txt").write_text("")
    tables = from_one_file()
    tables["onramps"]["in"] = {"type": "memory", "codec": "json"}
    parts = run(tables)
    parts[1].onramp("in").put_all(b'{"n":%d}' % n for n in range(100))
    wait_until(lambda: len(lines(directory)) == 100)
    parts.die(2)
    parts[1].onramp("in").put_all(b'{"n":%d}' % n for n in range(100, 1100))
    # A few wait for executor 2.
    wait_until(lambda: len(lines(directory)) > 1000 - 130)
    parts.start(2)
    wait_until(lambda: len(lines(directory)) == 1100)
    assert sorted(event["n"] for event in lines(directory)) == list(range(1100))
