"""What stops, is stuck, crashes or dies: nothing is lost that need not be, and nobody else is held up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import gevent
import pytest
from gevent.event import Event

from actors.testing import settle, wait_until
from ramps.errors import ConnectionLost, StopDeployment
from ramps.offramp import Outgoing

from .parts import (
    Parts,
    Scripted,
    dealt_from_memory,
    frames,
    from_one_file,
    lines,
    numbers_in,
    put,
    to_one_file,
    wait_for_lines,
    wait_until_linked,
)

pytestmark = pytest.mark.slow


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
    wait_for_lines(directory, 1000)
    # It comes back, and gets its share again.
    parts.executors[2] = parts._deployment(2)
    parts.start(2)
    wait_until_linked(parts)
    wait_until(lambda: not parts[1]._parts()["offramp:main/in.to-2"].connector.sated)
    put_all(frames(range(1000, 2000)))
    wait_for_lines(directory, 2000)
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
    wait_for_lines(directory, 2)
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
    wait_for_lines(directory, 2000)
    account = parts.stop()
    assert (account.lost, set(numbers_in(directory))) == (0, set(range(2000)))
    # A batch in the hands of who is killed may be written again.
    assert len(numbers_in(directory)) <= 2000 + 2 * 64


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


def test_a_stuck_owner_holds_the_sender_back(run: Callable[..., Parts]) -> None:
    tables = to_one_file(mailbox_events=10)
    tables["offramps"]["out"] = {"type": "file", "path": "out.jsonl", "mailbox_events": 64}
    tables["pipelines"]["work"]["mailbox_events"] = 64

    released = Event()
    parts = run(tables)
    connector = parts[1].offramp("out")
    write = connector.write
    connector.write = lambda outgoing: (released.wait(), write(outgoing))[1]

    putting = gevent.spawn(put, parts, 2, range(20_000))
    wait_until(lambda: parts[2].actors()["offramp:main/out"].statistics().in_hand)
    settle(200)
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
    wait_for_lines(directory, 100)
    parts.die(1)
    put(parts, 2, range(100, 200))
    wait_until(lambda: parts[2].actors()["offramp:main/out"].statistics().in_hand)
    parts.start(1)
    wait_for_lines(directory, 200)
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
    wait_for_lines(directory, 100)
    parts.die(2)
    parts[1].onramp("in").put_all(b'{"n":%d}' % n for n in range(100, 1100))
    # What was dealt to executor 2 before it was seen to be gone waits for it: every second batch at most.
    wait_for_lines(directory, 100 + 500)
    parts.start(2)
    wait_for_lines(directory, 1100)
    assert sorted(event["n"] for event in lines(directory)) == list(range(1100))
