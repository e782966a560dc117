"""What an actor does with messages, and what somebody who asks gets."""

from __future__ import annotations

from typing import Any

import gevent
import pytest

from actors import (
    Actor,
    ActorStopped,
    ActorSystem,
    AskTimeout,
    Lane,
    MailboxLimits,
    Misuse,
    NameTaken,
    StartFailed,
    State,
)
from actors.testing import Probe, VirtualClock, settle, wait_until

FOREVER = 3600.0


class Counter(Actor[Any]):
    def on_start(self) -> None:
        self.total = 0

    def on_message(self, message: Any) -> Any:
        match message:
            case ("add", n):
                self.total += n
            case "total":
                return self.total
            case "fail":
                raise ValueError("not today")
            case "sleep":
                self.sleep(FOREVER)
            case "timeout":
                raise gevent.Timeout(1)
        return None


def ask_in_vain(
    error: type[Exception], ref: Any, message: Any, timeout: float | None
) -> gevent.Greenlet[..., Any]:
    """A greenlet that asks, and fails unless the answer is this error."""

    def ask() -> None:
        with pytest.raises(error):
            ref.ask(message, timeout)

    return gevent.spawn(ask)


class AsksItself(Actor[Any]):
    def on_message(self, message: Any) -> Any:
        return self.ref.ask(message)


def test_a_told_message_is_handled_before_a_later_question(system: ActorSystem) -> None:
    counter = system.spawn(Counter, name="counter")
    counter.tell(("add", 2))
    counter.tell(("add", 3))
    assert counter.ask("total") == 5


def test_a_message_may_be_told_before_the_actor_has_started(system: ActorSystem) -> None:
    counter = system.spawn(Counter)
    assert counter.state is State.STARTING
    counter.tell(("add", 1))
    assert counter.ask("total") == 1


def test_an_exception_while_answering_is_raised_in_the_asker_and_the_actor_goes_on(
    system: ActorSystem,
) -> None:
    counter = system.spawn(Counter)
    with pytest.raises(ValueError, match="not today"):
        counter.ask("fail")
    assert counter.ask("total") == 0
    assert counter.statistics().restarts == 0


def test_asking_a_stopped_actor_raises_actor_stopped(system: ActorSystem) -> None:
    counter = system.spawn(Counter)
    counter.stop()
    assert counter.join(5)
    with pytest.raises(ActorStopped):
        counter.ask("total")


def test_a_question_that_waits_when_the_actor_stops_is_answered_with_actor_stopped(
    system: ActorSystem,
) -> None:
    counter = system.spawn(Counter)
    counter.tell("sleep")
    asker = ask_in_vain(ActorStopped, counter, "total", None)
    settle()
    counter.kill()
    asker.get(timeout=5)


def test_a_question_in_hand_when_the_actor_is_killed_is_answered_with_actor_stopped(
    system: ActorSystem,
) -> None:
    counter = system.spawn(Counter)
    asker = ask_in_vain(ActorStopped, counter, "sleep", None)
    settle()
    assert counter.statistics().in_hand
    counter.kill()
    asker.get(timeout=5)


def test_a_gevent_timeout_that_leaves_a_handler_is_a_crash_and_not_an_answer(system: ActorSystem) -> None:
    counter = system.spawn(Counter)
    with pytest.raises(ActorStopped):
        counter.ask("timeout")
    assert counter.join(5)


def test_a_question_without_an_answer_in_time_raises_ask_timeout(
    timed_system: ActorSystem, clock: VirtualClock
) -> None:
    counter = timed_system.spawn(Counter)
    counter.wait_ready()
    counter.tell("sleep")
    asker = ask_in_vain(AskTimeout, counter, "total", 2.0)
    settle()
    clock.advance(1.9)
    assert not asker.ready()
    clock.advance(0.2)
    asker.get(timeout=5)
    counter.kill()
    assert counter.join(5)


def test_the_wait_for_room_counts_against_the_time_of_a_question(
    timed_system: ActorSystem, clock: VirtualClock
) -> None:
    counter = timed_system.spawn(Counter, limits=MailboxLimits(events=1))
    counter.wait_ready()
    counter.tell("sleep")
    settle()
    counter.tell("total")
    asker = ask_in_vain(AskTimeout, counter, "total", 2.0)
    settle()
    clock.advance(2.1)
    asker.get(timeout=5)
    counter.kill()
    assert counter.join(5)


def test_ask_timeout_is_a_timeout_error(system: ActorSystem) -> None:
    counter = system.spawn(Counter)
    counter.tell("sleep")
    with pytest.raises(TimeoutError):
        counter.ask("total", timeout=0.001)
    counter.kill()


def test_a_late_answer_harms_nobody(timed_system: ActorSystem, clock: VirtualClock) -> None:
    counter = timed_system.spawn(Counter)
    asker = ask_in_vain(AskTimeout, counter, "sleep", 2.0)
    settle()
    clock.advance(3.0)
    asker.get(timeout=5)
    clock.advance(3600)
    assert counter.ask("total") == 0


def test_an_actor_that_asks_itself_is_told_so(system: ActorSystem) -> None:
    with pytest.raises(Misuse, match="asks itself"):
        system.spawn(AsksItself).ask("anything")


def test_actors_are_found_by_name_while_they_live(system: ActorSystem) -> None:
    counter = system.spawn(Counter, name="counter")
    assert system.find("counter") is counter
    counter.stop()
    assert counter.join(5)
    assert system.find("counter") is None
    assert system.spawn(Counter, name="counter").ask("total") == 0


def test_a_name_that_is_taken_is_refused(system: ActorSystem) -> None:
    system.spawn(Counter, name="counter")
    with pytest.raises(NameTaken, match="counter"):
        system.spawn(Counter, name="counter")


def test_actors_without_a_name_get_different_ones(system: ActorSystem) -> None:
    assert len({system.spawn(Counter).name for _ in range(3)}) == 3


def test_a_factory_that_makes_no_actor_is_a_clear_start_failure(system: ActorSystem) -> None:
    ref: Any = system.spawn(dict)  # type: ignore[arg-type]
    with pytest.raises(StartFailed, match="made dict, which is no Actor"):
        ref.wait_ready(5)


def test_control_overtakes_contraflow_which_overtakes_flow(system: ActorSystem) -> None:
    probe = Probe(system)
    probe.ref.tell("flow")
    probe.ref.tell("contraflow", lane=Lane.CONTRAFLOW)
    probe.ref.tell("control", lane=Lane.CONTROL)
    for lane in ("control", "contraflow", "flow"):
        probe.expect(lane)


def test_try_tell_says_no_when_there_is_no_room_and_does_not_send(system: ActorSystem) -> None:
    counter = system.spawn(Counter, limits=MailboxLimits(events=1))
    assert counter.try_tell(("add", 1))
    assert not counter.try_tell(("add", 1))
    assert counter.ask("total") == 1


def test_a_batch_is_handed_over_and_a_single_message_waits_until_the_sender_blocks(
    system: ActorSystem,
) -> None:
    probe = Probe(system)
    probe.ref.wait_ready()
    settle()
    probe.ref.tell("one")
    assert not probe.heard
    wait_until(lambda: probe.heard)
    probe.ref.tell("batch", events=2)
    assert list(probe.heard) == ["one", "batch"]


def test_a_single_message_is_handled_though_its_sender_blocks_in_plain_gevent(system: ActorSystem) -> None:
    probe = Probe(system)
    probe.ref.wait_ready()
    settle()
    probe.ref.tell("one")
    gevent.sleep(1e-9)  # the thing under test
    gevent.sleep(1e-9)  # the thing under test
    assert list(probe.heard) == ["one"]


def test_statistics_count_what_was_processed_and_what_waits(system: ActorSystem) -> None:
    counter = system.spawn(Counter, name="counter")
    counter.tell(("add", 1), events=5, size=100)
    seen = counter.statistics()
    assert (seen.mailbox.depth, seen.mailbox.bytes, seen.processed) == (5, 100, 0)
    counter.ask("total")
    seen = counter.statistics()
    assert (seen.mailbox.depth, seen.mailbox.bytes, seen.processed, seen.name) == (0, 0, 6, "counter")
    assert counter.depth == 0
    assert repr(counter) == "<ActorRef counter, running>"
