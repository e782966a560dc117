"""Starting, stopping, draining, killing, halting and restarting."""

from __future__ import annotations

import functools
import logging
from typing import Any

import gevent
import pytest

from actors import (
    Actor,
    ActorStopped,
    ActorSystem,
    Crashed,
    ExitKind,
    ExitReason,
    Misuse,
    StartFailed,
    State,
    Terminated,
)
from actors.testing import Probe, settle, wait_until, wait_until_idle

FOREVER = 3600.0


class Diary(Actor[Any]):
    """Writes down what happens to it; does what it is told."""

    def __init__(self, diary: list[Any]) -> None:
        self.diary = diary

    def on_start(self) -> None:
        self.diary.append("start")

    def on_message(self, message: Any) -> Any:
        self.diary.append(message)
        match message:
            case "boom":
                raise RuntimeError("boom")
            case "sleep":
                self.sleep(FOREVER)
            case "stop":
                self.stop()
            case "interrupt":
                raise KeyboardInterrupt
            case ("after", seconds, what):
                self.send_after(seconds, what)
            case "work that fails":
                self.start_worker(lambda: 1 / 0, name="divider")
            case "stop and boom":
                self.stop()
                raise RuntimeError("after stop")
        return message

    def on_crash(self, error: BaseException, message: Any) -> None:
        self.diary.append(("crash", str(error), message))

    def on_stop(self, reason: ExitReason) -> None:
        self.diary.append(reason.kind)


class Parent(Actor[Any]):
    """Supervises one `Diary` by hand: reports to the test, decides nothing."""

    def __init__(self, diary: list[Any], heard: list[Any], **options: Any) -> None:
        self.diary, self.heard, self.options = diary, heard, options

    def on_start(self) -> None:
        self.child = self.spawn(
            functools.partial(Diary, self.diary), name="child", supervised=True, **self.options
        )

    def on_message(self, message: Any) -> Any:
        self.heard.append(message)
        return self.child


def spawn_child(system: ActorSystem, diary: list[Any], heard: list[Any], **options: Any) -> Any:
    parent = system.spawn(lambda: Parent(diary, heard, **options), name="parent")
    child = parent.ask("child")
    heard.clear()
    child.wait_ready(5)
    return child


class FailsToStart(Actor[Any]):
    def on_start(self) -> None:
        raise OSError("no such device")


class HangsInStop(Actor[Any]):
    def on_message(self, message: Any) -> None:
        self.sleep(FOREVER)

    def on_stop(self, reason: ExitReason) -> None:
        gevent.sleep(FOREVER)


class RaisesInStop(Actor[Any]):
    def __init__(self, error: BaseException) -> None:
        self.error = error

    def on_stop(self, reason: ExitReason) -> None:
        raise self.error


def test_a_failed_start_raises_start_failed_from_its_cause(system: ActorSystem) -> None:
    ref = system.spawn(FailsToStart)
    with pytest.raises(StartFailed, match="no such device") as caught:
        ref.wait_ready(5)
    assert isinstance(caught.value.__cause__, OSError)
    assert ref.join(5)
    with pytest.raises(StartFailed):
        ref.wait_ready(5)


def test_wait_ready_says_when_the_actor_ended_meanwhile(system: ActorSystem) -> None:
    diary: list[Any] = []
    ref = system.spawn(lambda: Diary(diary))
    ref.stop()
    assert ref.join(5)
    with pytest.raises(ActorStopped):
        ref.wait_ready(5)


def test_stop_ends_after_the_message_in_hand_and_leaves_the_rest_as_dead_letters(system: ActorSystem) -> None:
    diary: list[Any] = []
    ref = system.spawn(lambda: Diary(diary))
    ref.wait_ready(5)
    for n in range(3):
        ref.tell(n)
    ref.stop()
    assert ref.join(5)
    assert diary == ["start", ExitKind.SHUTDOWN]
    assert [letter.message for letter in system.dead_letters.recent] == [0, 1, 2]


def test_stop_with_drain_ends_when_the_mailbox_is_empty(system: ActorSystem) -> None:
    diary: list[Any] = []
    ref = system.spawn(lambda: Diary(diary))
    for n in range(3):
        ref.tell(n)
    ref.stop(drain=True)
    assert ref.join(5)
    assert diary == ["start", 0, 1, 2, ExitKind.SHUTDOWN]
    assert not system.dead_letters


def test_an_idle_actor_drains_at_once(system: ActorSystem) -> None:
    ref = system.spawn(lambda: Diary([]))
    ref.wait_ready(5)
    wait_until_idle(system)
    ref.stop(drain=True)
    assert ref.join(5)


def test_an_actor_that_stops_itself_ends_normally(system: ActorSystem) -> None:
    diary: list[Any] = []
    probe = Probe(system)
    ref = system.spawn(lambda: Diary(diary))
    probe.watch(ref)
    ref.tell("stop")
    assert probe.next() == Terminated(ref, ExitReason(ExitKind.NORMAL))
    assert diary == ["start", "stop", ExitKind.NORMAL]


def test_a_kill_interrupts_the_handler(system: ActorSystem) -> None:
    diary: list[Any] = []
    ref = system.spawn(lambda: Diary(diary))
    ref.tell("sleep")
    settle()
    ref.kill()
    assert ref.join(5)
    assert diary == ["start", "sleep", ExitKind.KILLED]
    assert system.dead_letters.recent[0].message == "sleep"


def test_an_actor_killed_before_it_ran_never_starts(system: ActorSystem) -> None:
    diary: list[Any] = []
    ref = system.spawn(lambda: Diary(diary))
    ref.kill()
    assert ref.join(5)
    assert diary == []


def test_a_kill_reaches_an_actor_whose_factory_blocks(system: ActorSystem) -> None:
    def factory() -> Diary:
        gevent.sleep(FOREVER)
        return Diary([])

    ref = system.spawn(factory)
    settle()
    ref.kill()
    assert ref.join(5)


def test_on_stop_has_one_second_after_a_kill(system: ActorSystem) -> None:
    ref = system.spawn(HangsInStop)
    ref.tell("hang")
    settle()
    ref.kill()
    assert ref.join(5)


@pytest.mark.parametrize(
    "error", [ValueError("x"), gevent.Timeout(3), gevent.GreenletExit(), GeneratorExit()]
)
def test_whatever_on_stop_raises_changes_nothing(system: ActorSystem, error: BaseException) -> None:
    ref = system.spawn(lambda: RaisesInStop(error))
    ref.wait_ready(5)
    ref.stop()
    assert ref.join(5)


def test_ctrl_c_in_on_stop_reaches_the_program_and_the_actor_still_ends(system: ActorSystem) -> None:
    ref = system.spawn(lambda: RaisesInStop(KeyboardInterrupt()))
    ref.wait_ready(5)
    ref.stop()
    with pytest.raises(KeyboardInterrupt):
        ref.join(5)
    assert ref.join(5)


def test_ctrl_c_in_a_handler_reaches_the_program_and_the_actor_is_killed(
    system: ActorSystem, capsys: pytest.CaptureFixture[str]
) -> None:
    diary: list[Any] = []
    ref = system.spawn(lambda: Diary(diary))
    ref.tell("interrupt")
    with pytest.raises(KeyboardInterrupt):
        ref.join(5)
    assert ref.join(5)
    assert diary[-1] is ExitKind.KILLED


def test_a_crash_of_an_unsupervised_actor_ends_it_and_is_logged(
    system: ActorSystem, caplog: pytest.LogCaptureFixture
) -> None:
    diary: list[Any] = []
    ref = system.spawn(lambda: Diary(diary), name="fragile")
    with caplog.at_level(logging.ERROR, logger="actors"):
        ref.tell("boom")
        assert ref.join(5)
    assert diary == ["start", "boom", ("crash", "boom", "boom"), ExitKind.CRASH]
    assert caplog.records[0].actor == "fragile"  # type: ignore[attr-defined]
    letter = system.dead_letters.recent[0]
    assert (letter.message, letter.recipient, type(letter.error)) == ("boom", "fragile", RuntimeError)
    assert "loop.py" not in letter.traceback


def test_a_crash_of_a_supervised_actor_is_told_to_its_parent_and_keeps_the_mailbox(
    system: ActorSystem,
) -> None:
    diary: list[Any] = []
    heard: list[Any] = []
    child = spawn_child(system, diary, heard, poison_after=1)
    child.tell("boom")
    child.tell("kept")
    wait_until(lambda: heard)
    assert isinstance(heard[0], Crashed)
    assert child.state is State.CRASHED
    child.restart()
    wait_until_idle(system)
    assert diary[-2:] == ["start", "kept"]
    assert child.statistics().restarts == 1


def test_the_message_that_crashed_an_actor_is_the_first_that_the_next_incarnation_gets(
    system: ActorSystem,
) -> None:
    diary: list[Any] = []
    heard: list[Any] = []
    child = spawn_child(system, diary, heard)
    child.tell("boom")
    child.tell("after")
    wait_until(lambda: heard)
    child.restart()
    wait_until(lambda: len(heard) == 2)
    assert diary.count("boom") == 2
    assert "after" not in diary


def test_a_message_that_crashed_an_actor_poison_after_times_is_a_dead_letter(system: ActorSystem) -> None:
    diary: list[Any] = []
    heard: list[Any] = []
    child = spawn_child(system, diary, heard, poison_after=3)
    child.tell("boom")
    child.tell("after")
    for _ in range(3):
        wait_until(lambda: heard)
        heard.clear()
        child.restart()
    wait_until_idle(system)
    assert diary.count("boom") == 3
    assert diary[-1] == "after"
    assert "3 times" in system.dead_letters.recent[0].reason


def test_a_halted_actor_keeps_its_mailbox_and_serves_it_after_a_restart(system: ActorSystem) -> None:
    diary: list[Any] = []
    child = spawn_child(system, diary, [])
    assert child.halt(5)
    assert child.state is State.HALTED
    child.tell("kept")
    child.restart()
    wait_until_idle(system)
    assert diary == ["start", ExitKind.SHUTDOWN, "start", "kept"]


def test_a_crash_during_a_halt_leaves_no_order_to_stop_for_the_next_incarnation(system: ActorSystem) -> None:
    diary: list[Any] = []
    child = spawn_child(system, diary, [])
    child.tell("sleep")
    settle()
    assert not child.halt(0.01)
    assert child.state is State.HALTED
    child.restart()
    settle()
    assert child.statistics().in_hand
    assert diary == ["start", "sleep", ExitKind.KILLED, "start", "sleep"]
    child.kill()


def test_an_actor_that_crashes_after_it_asked_to_stop_is_crashed_and_can_be_restarted(
    system: ActorSystem,
) -> None:
    diary: list[Any] = []
    heard: list[Any] = []
    child = spawn_child(system, diary, heard, poison_after=1)
    child.tell("stop and boom")
    wait_until(lambda: heard)
    child.restart()
    assert child.ask("alive") == "alive"


def test_a_failure_of_a_worker_that_was_not_heard_does_not_crash_the_next_incarnation(
    system: ActorSystem,
) -> None:
    diary: list[Any] = []
    heard: list[Any] = []
    child = spawn_child(system, diary, heard, poison_after=1)
    child.tell("work that fails")
    child.tell("sleep")
    wait_until(lambda: child.statistics().mailbox.control == 1)
    child.kill()
    wait_until(lambda: heard)
    child.restart()
    assert child.ask("alive") == "alive"
    assert len(heard) == 1


def test_a_halt_that_is_overtaken_by_a_stop_ends_the_actor(system: ActorSystem) -> None:
    child = spawn_child(system, [], [])
    child.tell("sleep")
    settle()
    halting = gevent.spawn(child.halt, 0.01)
    settle()
    child.stop()
    assert child.join(5)
    halting.get(timeout=5)


def test_a_crashed_actor_that_is_stopped_ends_and_its_messages_are_dead_letters(system: ActorSystem) -> None:
    heard: list[Any] = []
    child = spawn_child(system, [], heard)
    child.tell("boom")
    child.tell("after")
    wait_until(lambda: heard)
    child.stop()
    assert child.join(5)
    assert [letter.message for letter in system.dead_letters.recent] == ["boom", "after"]


def test_restarting_a_running_actor_is_misuse(system: ActorSystem) -> None:
    child = spawn_child(system, [], [])
    with pytest.raises(Misuse, match="is running"):
        child.restart()


def test_halting_an_unsupervised_actor_is_misuse(system: ActorSystem) -> None:
    ref = system.spawn(lambda: Diary([]))
    with pytest.raises(Misuse, match="not supervised"):
        ref.halt()


def test_an_actor_that_waits_for_its_own_end_is_told_so(system: ActorSystem) -> None:
    class Waits(Actor[Any]):
        def on_message(self, message: Any) -> Any:
            return getattr(self.ref, message)(1)

    ref = system.spawn(Waits)
    with pytest.raises(Misuse, match="own end"):
        ref.ask("join")


def test_a_supervised_actor_needs_a_parent(system: ActorSystem) -> None:
    with pytest.raises(Misuse, match="parent"):
        system.spawn(lambda: Diary([]), supervised=True)


def test_join_gives_up_after_its_timeout(system: ActorSystem) -> None:
    assert not system.spawn(lambda: Diary([])).join(0.001)


def test_shutdown_stops_everybody_and_lets_nobody_in_afterwards(system: ActorSystem) -> None:
    diary: list[Any] = []
    refs = [system.spawn(lambda: Diary(diary)) for _ in range(3)]
    assert system.shutdown()
    assert all(ref.state is State.STOPPED for ref in refs)
    with pytest.raises(ActorStopped):
        system.spawn(lambda: Diary(diary))
    assert system.shutdown()


def test_shutdown_kills_what_does_not_stop_in_time_and_says_so() -> None:
    system = ActorSystem()
    diary: list[Any] = []
    ref = system.spawn(lambda: Diary(diary))
    ref.tell("sleep")
    settle()
    assert not system.shutdown(timeout=0.01)
    assert diary[-1] is ExitKind.KILLED
    assert ref.state is State.STOPPED


def test_shutdown_from_an_actor_is_misuse(system: ActorSystem) -> None:
    class Suicidal(Actor[Any]):
        def on_message(self, message: Any) -> None:
            self.system.shutdown()

    with pytest.raises(Misuse, match="own end"):
        system.spawn(Suicidal).ask("now")


def test_everybody_who_waits_for_an_answer_runs_after_a_shutdown() -> None:
    system = ActorSystem()
    ref = system.spawn(lambda: Diary([]))
    ref.tell("sleep")

    def ask() -> None:
        with pytest.raises(ActorStopped):
            ref.ask("x", None)

    askers = [gevent.spawn(ask) for _ in range(5)]
    settle()
    system.shutdown(timeout=0.01)
    gevent.joinall(askers, timeout=5, raise_error=True)
    assert all(asker.ready() for asker in askers)
