"""Children, watchers, workers, timers and dead letters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import gevent
import pytest
from gevent.event import Event

from actors import Actor, ActorRef, ActorStopped, ActorSystem, DeadLetter, ExitKind, Lane, State, Terminated
from actors.testing import Probe, VirtualClock, settle, wait_until, wait_until_idle

FOREVER = 3600.0


class Does(Actor[Any]):
    """Calls what it is told to call, with itself."""

    def on_message(self, message: Callable[[Does], Any]) -> Any:
        return message(self)


class Child(Actor[Any]):
    def __init__(self, ended: list[str]) -> None:
        self.ended = ended

    def on_message(self, message: Any) -> None:
        raise RuntimeError(message)

    def on_stop(self, reason: Any) -> None:
        self.ended.append(self.name)


def spawn_family(system: ActorSystem, ended: list[str]) -> tuple[ActorRef[Any], list[ActorRef[Any]]]:
    parent = system.spawn(Does, name="parent")
    children = [
        parent.ask(lambda me, n=n: me.spawn(lambda: Child(ended), name=f"child {n}")) for n in range(3)
    ]
    return parent, children


def test_children_end_youngest_first_before_their_parent_is_gone(system: ActorSystem) -> None:
    ended: list[str] = []
    parent, children = spawn_family(system, ended)
    assert parent.ask(lambda me: me.children) == tuple(children)
    parent.stop()
    assert parent.join(5)
    assert ended == ["child 2", "child 1", "child 0"]
    assert all(child.state is State.STOPPED for child in children)


def test_children_end_when_their_parent_is_killed(system: ActorSystem) -> None:
    ended: list[str] = []
    parent, _ = spawn_family(system, ended)
    parent.kill()
    assert parent.join(5)
    assert len(ended) == 3


def test_an_ended_child_is_forgotten(system: ActorSystem) -> None:
    parent, children = spawn_family(system, [])
    children[1].stop()
    assert children[1].join(5)
    assert parent.ask(lambda me: me.children) == (children[0], children[2])


def test_a_stopped_actor_can_have_no_children(system: ActorSystem) -> None:
    parent = system.spawn(Does)
    parent.stop()
    assert parent.join(5)
    with pytest.raises(ActorStopped, match="no new children"):
        system.spawn(Does, parent=parent)


def test_a_crash_of_an_unsupervised_child_leaves_its_parent_alone(system: ActorSystem) -> None:
    parent, children = spawn_family(system, [])
    children[0].tell("boom")
    assert children[0].join(5)
    assert parent.ask(lambda me: len(me.children)) == 2


def test_a_watcher_hears_of_the_end_with_its_reason(system: ActorSystem) -> None:
    probe = Probe(system)
    target = system.spawn(lambda: Child([]))
    probe.watch(target)
    target.tell("boom")
    heard = probe.next()
    assert isinstance(heard, Terminated)
    assert (heard.ref, heard.reason.kind) == (target, ExitKind.CRASH)
    assert "RuntimeError: boom" in heard.reason.traceback


def test_watching_an_actor_that_has_ended_is_answered_at_once(system: ActorSystem) -> None:
    probe = Probe(system)
    target = system.spawn(lambda: Child([]))
    target.stop()
    assert target.join(5)
    probe.watch(target)
    assert probe.next().reason.kind is ExitKind.SHUTDOWN


def test_a_watcher_hears_once_however_often_it_watched(system: ActorSystem) -> None:
    probe = Probe(system)
    target = system.spawn(Does)
    probe.watch(target)
    probe.watch(target)
    target.stop()
    probe.next()
    probe.expect_none()


def test_who_unwatched_hears_nothing(system: ActorSystem) -> None:
    watcher = Probe(system)
    target = system.spawn(Does)
    watcher.watch(target)
    target._cell.remove_watcher(watcher.ref._cell)
    target.stop()
    assert target.join(5)
    watcher.expect_none()


def test_a_message_after_some_seconds_comes_once(timed_system: ActorSystem, clock: VirtualClock) -> None:
    probe = Probe(timed_system)
    probe.ref.wait_ready(5)
    probe.ref._cell.timers().after(2.0, "now")
    clock.advance(1.9)
    probe.expect_none()
    clock.advance(0.2)
    probe.expect("now")
    clock.advance(10)
    probe.expect_none()


def test_a_cancelled_timer_sends_nothing(timed_system: ActorSystem, clock: VirtualClock) -> None:
    probe = Probe(timed_system)
    probe.ref.wait_ready(5)
    timers = probe.ref._cell.timers()
    for timer in (timers.after(1, "once"), timers.every(1, "often")):
        timer.cancel()
        timer.cancel()
    clock.advance(5)
    probe.expect_none()


def test_a_timer_that_is_cancelled_while_its_message_waits_delivers_nothing(
    timed_system: ActorSystem, clock: VirtualClock
) -> None:
    heard: list[Any] = []
    timers: list[Any] = []

    class Sleeper(Actor[Any]):
        def on_start(self) -> None:
            timers.extend((self.send_after(1, "once"), self.send_every(1, "often")))

        def on_message(self, message: Any) -> None:
            if message == "sleep":
                self.sleep(3)  # the thing under test
            else:
                heard.append(message)

    sleeper = timed_system.spawn(Sleeper)
    sleeper.tell("sleep")
    settle()
    clock.advance(1.5)
    assert sleeper.statistics().mailbox.control == 2
    for timer in timers:
        timer.cancel()
    clock.advance(5)
    assert heard == []


def test_a_periodic_timer_keeps_its_schedule_and_never_has_two_messages_waiting(
    timed_system: ActorSystem, clock: VirtualClock
) -> None:
    at: list[float] = []

    class Periodic(Actor[Any]):
        def on_start(self) -> None:
            self.send_every(1.0, "tick")

        def on_message(self, message: Any) -> None:
            at.append(self.clock.now())
            if len(at) == 2:
                self.sleep(2.5)  # the thing under test

    timed_system.spawn(Periodic).wait_ready(5)
    for _ in range(8 * 7):
        clock.advance(0.125)
    assert at == [1, 2, 4.5, 5, 6, 7]


def test_the_timers_of_an_incarnation_end_with_it(timed_system: ActorSystem, clock: VirtualClock) -> None:
    probe = Probe(timed_system)
    probe.ref.wait_ready(5)
    probe.ref._cell.timers().every(1.0, "tick")
    probe.ref._cell.timers().after(1.0, "once")
    probe.ref.stop()
    assert probe.ref.join(5)
    assert clock.next_call() is None


def test_a_period_must_be_longer_than_zero(system: ActorSystem) -> None:
    with pytest.raises(ValueError, match="longer than zero"):
        system.spawn(Does).ask(lambda me: me.send_every(0, "x"))


def test_timers_come_by_the_control_lane(timed_system: ActorSystem, clock: VirtualClock) -> None:
    probe = Probe(timed_system)
    probe.ref.wait_ready(5)
    probe.ref._cell.timers().after(1.0, "timer")
    probe.ref.tell("flow")
    clock._now = 1.0
    clock._calls[0].callback()
    probe.expect("timer")
    probe.expect("flow")


def test_an_exception_in_a_worker_crashes_its_actor(system: ActorSystem) -> None:
    probe = Probe(system)
    actor = system.spawn(Does)
    probe.watch(actor)
    actor.tell(lambda me: me.start_worker(lambda: 1 / 0))
    assert isinstance(probe.next().reason.error, ZeroDivisionError)


def test_workers_are_killed_when_their_actor_ends(system: ActorSystem) -> None:
    actor = system.spawn(Does)
    worker = actor.ask(lambda me: me.start_worker(gevent.sleep, 3600, name="sleeper"))
    assert worker.name.endswith(" sleeper")
    actor.stop()
    assert actor.join(5)
    assert worker.dead


def test_a_worker_that_ends_well_is_nobodys_business(system: ActorSystem) -> None:
    actor = system.spawn(Does)
    worker = actor.ask(lambda me: me.start_worker(lambda: 42))
    worker.join(5)
    wait_until_idle(system)
    assert actor.state is State.RUNNING


def test_what_is_told_to_a_stopped_actor_is_a_dead_letter(system: ActorSystem) -> None:
    heard: list[Any] = []
    system.dead_letters.subscribe(heard.extend)
    actor = system.spawn(Does, name="gone")
    actor.stop()
    assert actor.join(5)
    actor.tell("flow", events=3)
    actor.tell("control", lane=Lane.CONTROL)
    assert actor.try_tell("tried")
    assert [(letter.message, letter.recipient) for letter in heard] == [
        ("flow", "gone"),
        ("control", "gone"),
        ("tried", "gone"),
    ]
    assert (system.dead_letters.messages, heard[0].events) == (3, 3)


def test_a_sender_that_waits_for_room_when_the_actor_ends_makes_a_dead_letter(system: ActorSystem) -> None:
    class Sleeps(Actor[Any]):
        def on_message(self, message: Any) -> None:
            self.sleep(FOREVER)

    actor = system.spawn(Sleeps)
    actor.tell("in hand", events=1024)
    settle()
    actor.tell("waits in the mailbox", events=1024)
    sender = gevent.spawn(actor.tell, "waits for room")
    settle()
    assert actor.statistics().mailbox.blocked_senders
    actor.kill()
    sender.get(timeout=5)
    assert {letter.message for letter in system.dead_letters.recent} == {
        "in hand",
        "waits in the mailbox",
        "waits for room",
    }


def test_who_joins_an_actor_finds_all_its_dead_letters_however_long_their_subscriber_takes(
    system: ActorSystem,
) -> None:
    goes_on = Event()
    heard: list[Any] = []

    def slow(letters: Sequence[DeadLetter]) -> None:
        goes_on.wait(5)
        heard.extend(letter.message for letter in letters)

    system.dead_letters.subscribe(slow)
    actor = system.spawn(Does)
    actor.tell(lambda me: me.stop())
    for number in range(3):
        actor.tell(number)
    settle()
    joining = gevent.spawn(actor.join, 5)
    settle()
    assert not joining.ready()
    # A kill comes too late to take what it has not told yet.
    actor.kill()
    goes_on.set()
    assert joining.get(timeout=5)
    assert heard == [0, 1, 2]


def test_only_the_latest_dead_letters_are_kept_and_all_are_counted() -> None:
    with ActorSystem(dead_letters=2) as system:
        actor = system.spawn(Does)
        actor.stop()
        actor.join(5)
        for n in range(5):
            actor.tell(n)
        assert [letter.message for letter in system.dead_letters.recent] == [3, 4]
        assert len(system.dead_letters) == 5


def test_a_dead_letter_subscriber_that_fails_changes_nothing(system: ActorSystem) -> None:
    def fails(letters: Sequence[DeadLetter]) -> None:
        raise OSError(letters[0].message)

    system.dead_letters.subscribe(fails)
    actor = system.spawn(Does)
    actor.stop()
    assert actor.join(5)
    actor.tell("x")
    assert len(system.dead_letters) == 1


def test_an_actor_that_waits_for_room_says_on_whom(system: ActorSystem) -> None:
    slow = system.spawn(Does, name="slow")
    slow.tell(lambda me: me.sleep(FOREVER), events=1024)
    settle()
    slow.tell(lambda me: None, events=1024)
    sender = system.spawn(Does, name="sender")
    sender.tell(lambda me: slow.tell(lambda me: None))
    wait_until(lambda: sender.statistics().blocked_on)
    assert sender.statistics().blocked_on == "slow"
    assert slow.statistics().mailbox.blocked_senders == ("sender",)
    slow.kill()
