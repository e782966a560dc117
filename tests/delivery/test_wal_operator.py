"""What the operator `wal` does when it is full, when the disk is, when something fails, and when it is started anew."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Lock
from typing import Any
from unittest.mock import patch

import pytest

from actors.log import get_logger
from actors.testing import VirtualClock
from pipelines import Batch, chain
from pipelines.errors import ConfigurationError, NotNow
from pipelines.event_store import EventStore, StoreTrouble
from pipelines.operator import Workplace, operators
from pipelines.operators.wal import Wal
from pipelines.ticket import Outcome, Ticket
from tests.delivery.wal_stages import Fuse, Stage, wal_of

BACKOFF = {"initial": "1s", "factor": 2.0, "maximum": "4s", "jitter": 0.0}

Start = Callable[..., Stage]


@pytest.fixture
def fuse() -> Iterator[Fuse]:
    fuse = Fuse()
    with patch("pipelines.actor.call_in_thread", fuse.run_blocking):
        yield fuse


@pytest.fixture
def start(tmp_path: Path, fuse: Fuse) -> Iterator[Start]:
    stages: list[Stage] = []
    clock = VirtualClock()

    def make(**options: Any) -> Stage:
        if stages:
            stages[-1].vanish()
        stage = Stage(tmp_path / "events.wal", clock, fuse, fsync="never", backoff=BACKOFF, **options)
        stages.append(stage)
        stage.step()
        return stage

    yield make
    for stage in stages:
        stage.vanish()


def put(stage: Stage, *values: Any) -> list[Outcome]:
    """The batch comes in; what its source will hear."""
    heard: list[Outcome] = []
    batch = Batch(list(values), ingest_ns=7, origin="test", metas=None, ticket=Ticket(heard.append))
    stage.mailbox.append(("in", batch))
    stage.step()
    return heard


def tick(stage: Stage, seconds: float = 0.1) -> None:
    stage.clock.advance(seconds)
    assert stage.step(tick=True)


def out(stage: Stage) -> list[list[Any]]:
    return [batch.values for batch in stage.out.batches]


def test_the_source_may_forget_what_is_stored(start: Start) -> None:
    stage = start()
    assert put(stage, 1, 2) == [Outcome.DELIVERED]
    assert out(stage) == [[1, 2]]
    assert stage.wal.stored == 2


def test_what_is_delivered_is_removed(start: Start) -> None:
    stage = start()
    put(stage, 1)
    stage.answer(stage.out, 0, Outcome.DELIVERED)
    tick(stage)
    assert stage.wal.stored == 0


def test_what_fails_is_sent_again_later_and_later(start: Start) -> None:
    stage = start()
    put(stage, 1)
    for seconds in (1.0, 2.0, 4.0, 4.0):
        stage.answer(stage.out, 0, Outcome.FAILED)
        tick(stage, seconds - 0.2)
        assert out(stage) == []
        tick(stage, 0.3)
        assert out(stage) == [[1]]
    assert stage.account()["created"] == 4


def test_what_is_sent_again_is_what_was_stored(start: Start) -> None:
    stage = start()
    value = {"big": 2**80, "bytes": b"\xff", "text": "\ud800"}
    heard: list[Outcome] = []
    batch = Batch([value], ingest_ns=7, origin="here", metas=[{"a": 1}], ticket=Ticket(heard.append))
    stage.mailbox.append(("in", batch))
    stage.step()
    stage = start()
    tick(stage)
    (again,) = stage.out.batches
    assert (again.values, again.metas, again.origin, again.ingest_ns) == ([value], [{"a": 1}], "here", 7)


def test_a_new_process_sends_the_oldest_first_and_only_so_many_at_a_time(start: Start) -> None:
    stage = start()
    for number in range(200):
        put(stage, number)
    stage = start()
    tick(stage)
    assert out(stage) == [[number] for number in range(64)]
    tick(stage)
    assert len(out(stage)) == 64
    assert put(stage, "live") == [Outcome.DELIVERED]
    assert out(stage)[-1] == ["live"]
    for _ in range(10):
        stage.answer(stage.out, 0, Outcome.DELIVERED)
    tick(stage)
    assert out(stage)[-10:] == [[number] for number in range(64, 74)]


def test_an_answer_to_what_a_crashed_incarnation_had_sent_counts(start: Start) -> None:
    stage = start()
    put(stage, 1)
    put(stage, 2)
    stage.kill()
    stage.step()
    stage.answer(stage.out, 0, Outcome.DELIVERED)
    tick(stage)
    # Only the other one is sent again.
    assert out(stage) == [[2], [2]]
    assert stage.wal.stored == 1


def test_a_full_one_holds_back_whoever_sends_until_something_is_delivered(start: Start) -> None:
    stage = start(max_events=2)
    put(stage, 1, 2)
    assert put(stage, 3) == []
    assert out(stage) == [[1, 2]]
    stage.answer(stage.out, 0, Outcome.DELIVERED)
    stage.step()
    assert out(stage) == [[3]]


def test_what_failed_is_sent_again_while_a_full_one_holds_back_whoever_sends(start: Start) -> None:
    stage = start(max_events=1)
    put(stage, 1)
    stage.answer(stage.out, 0, Outcome.FAILED)
    stage.clock.advance(5.0)
    # The one that comes in waits; its ticks go on.
    with patch.object(stage._actor, "sleep", side_effect=[None, None, KeyboardInterrupt]):
        stage.mailbox.append(("in", Batch([2], ingest_ns=0)))
        with pytest.raises(KeyboardInterrupt):
            stage.step()
    assert out(stage) == [[1]]


def test_bytes_fill_it_as_well(start: Start) -> None:
    stage = start(max_bytes="1KiB")
    put(stage, "x" * 2000)
    assert put(stage, "y") == []


def test_a_full_one_lets_events_leave_by_overflow_with_the_ticket_of_their_source(start: Start) -> None:
    stage = start(max_events=1, when_full="overflow")
    put(stage, 1)
    heard = put(stage, 2, 3)
    assert [batch.values for batch in stage.overflow.batches] == [[2, 3]]
    assert heard == []
    stage.answer(stage.overflow, 0, Outcome.FAILED)
    assert heard == [Outcome.FAILED]
    assert stage.wal.stored == 1


def test_what_cannot_be_stored_leaves_by_err_and_the_rest_is_stored(start: Start) -> None:
    stage = start()
    heard = put(stage, {"n": 1}, {"n": object()}, {"n": 3})
    assert out(stage) == [[{"n": 1}, {"n": 3}]]
    ((failed,),) = [batch.values for batch in stage.err.batches]
    assert "cannot be stored: it holds a value of type object" in failed["error"]
    assert heard == []
    stage.answer(stage.err, 0, Outcome.DELIVERED)
    assert heard == [Outcome.DELIVERED]


def test_while_the_disk_is_full_the_batch_in_hand_waits(start: Start) -> None:
    stage = start()
    trouble = StoreTrouble(f"events.wal: {errno.errorcode[errno.ENOSPC]}")
    with patch.object(EventStore, "append", side_effect=trouble):
        assert put(stage, 1) == []
        stage.clock.advance(10.0)
        stage.step()
    stage.clock.advance(10.0)
    assert stage.in_hand is not None
    stage.step()
    assert out(stage) == [[1]]
    assert stage.account()["in"] == 1


def test_a_stop_says_what_stays(start: Start, tmp_path: Path) -> None:
    stage = start()
    put(stage, 1, 2)
    assert (
        stage.wal.close()
        == f"wal: 2 events stay in {tmp_path / 'events.wal'}, and are sent at the next start"
    )


def test_it_has_to_stand_alone_in_its_pipeline(tmp_path: Path) -> None:
    counter = operators.get("counter")()
    wal = wal_of(tmp_path / "events.wal")
    for operators_in_a_row in ([counter, wal], [wal, counter]):
        (problem,) = chain(operators_in_a_row).check()
        assert isinstance(problem, ConfigurationError)
        assert "the operator 'wal' has to stand alone in its pipeline, and here is 'counter'" in str(problem)
    assert chain([wal]).check() == []


def test_what_failed_is_read_again_only_so_many_bytes_at_a_time(start: Start) -> None:
    stage = start()
    for number in range(10):
        put(stage, f"{number}" * 1_000_000)
    for _ in range(10):
        stage.answer(stage.out, 0, Outcome.FAILED)
    tick(stage, 1.1)
    assert 0 < len(out(stage)) <= 5
    tick(stage)
    tick(stage)
    assert sorted(text[0] for (text,) in out(stage)) == list("0123456789")


def test_while_it_is_opened_again_it_does_not_count_as_empty(tmp_path: Path) -> None:
    """Regression: who waited until it was, a drain, took a crash for the end."""
    options = Wal.Options.model_validate({"path": tmp_path / "events.wal", "fsync": "never"})
    seen: list[int] = []

    def run(function: Any, *arguments: Any) -> Any:
        seen.append(wal.stored)
        return function(*arguments)

    wal = Wal(options)
    wal.open(Workplace(run, Lock, get_logger("test")))
    wal.on_batch(Batch([1, 2], ingest_ns=1), "in")
    earlier, seen = wal, []
    earlier.close()
    wal, seen = Wal(options), []
    wal.open(Workplace(run, Lock, get_logger("test"), earlier))
    assert seen == [2]
    wal.close()


def test_what_failed_is_not_sent_later_by_as_much_as_the_wall_clock_was_set_back(start: Start) -> None:
    stage = start()
    put(stage, 1)
    stage.answer(stage.out, 0, Outcome.FAILED)
    stage.clock._start_ns -= 3600 * 10**9
    tick(stage)
    assert out(stage) == [[1]]


def test_a_disk_that_was_full_is_not_waited_for_as_long_as_the_wall_clock_was_set_back(
    tmp_path: Path,
) -> None:
    now_ns = 10**18
    wal = Wal(Wal.Options.model_validate({"path": tmp_path / "events.wal", "fsync": "never"}))
    wal.clock_ns = lambda: now_ns
    wal.open(Workplace(lambda function, *arguments: function(*arguments), Lock, get_logger("test")))
    batch = Batch([1], ingest_ns=1)
    with patch.object(EventStore, "append", side_effect=StoreTrouble("full")), pytest.raises(NotNow):
        wal.on_batch(batch, "in")
    with pytest.raises(NotNow):
        wal.on_batch(batch, "in")
    now_ns -= 3600 * 10**9
    assert [port for port, _batch in wal.on_batch(batch, "in")] == ["out"]
    wal.close()


def test_one_that_was_never_opened_can_be_closed(tmp_path: Path) -> None:
    """Regression: a pipeline that was killed just before it opened its wal could not be stopped in order."""
    assert Wal(Wal.Options.model_validate({"path": tmp_path / "events.wal"})).close() == ""
    assert list(tmp_path.iterdir()) == []
