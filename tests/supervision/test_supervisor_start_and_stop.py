from __future__ import annotations

import pytest
from gevent.event import Event

from actors import Actor, ActorStopped, MailboxLimits, StartFailed, State
from actors.testing import (
    CrashesOn,
    CrashesOnStart,
    CrashesOnStop,
    Flawless,
    HangsOn,
    HangsOnStart,
    HangsOnStop,
    IgnoresKill,
)
from supervisor.supervision import (
    ChildSpec,
    ChildStartFailed,
    Restart,
    supervisor_spec,
    which_children,
)


def test_children_start_in_order_and_stop_in_reverse(stage):
    top = stage.supervise(stage.child("a"), stage.child("b"), stage.child("c"))
    top.stop()
    stage.settle()

    assert stage.news() == ["start a", "start b", "start c", "stop c", "stop b", "stop a"]
    assert not top.is_alive


def test_the_supervisor_is_ready_only_when_its_last_child_is(stage):
    top = stage.supervise(stage.child("a"), stage.child("b", HangsOnStart))

    assert (stage.news(), top.state) == (["start a", "start b"], State.STARTING)


def test_a_child_that_does_not_start_undoes_the_ones_before_it_and_fails_the_supervisor(stage):
    top = stage.supervise(stage.child("a"), ChildSpec("b", CrashesOnStart(1)), stage.child("c"))

    assert stage.news() == ["start a", "stop a"]
    with pytest.raises(StartFailed) as failure:
        top.wait_ready(1.0)
    cause = failure.value.__cause__
    assert isinstance(cause, ChildStartFailed)
    assert str(cause) == "b did not start: RuntimeError: incarnation 1 crashes on start"
    assert stage.system.actors() == []


def test_a_child_that_is_not_ready_in_time_fails_the_start(stage):
    top = stage.supervise(stage.child("a"), stage.child("b", HangsOnStart, start_timeout_seconds=3.0))
    stage.advance(2.9)
    assert top.state is State.STARTING

    stage.advance(0.2)

    assert stage.news() == ["start a", "start b", "stop b", "stop a"]
    with pytest.raises(StartFailed, match=r"b did not start: StartTimeout: it was not ready within 3 s"):
        top.wait_ready(1.0)


def test_a_name_that_is_taken_fails_the_start_and_says_which(stage):
    stage.system.spawn(Flawless, name="b")
    top = stage.supervise(stage.child("a"), stage.child("b"))

    with pytest.raises(StartFailed, match="there is an actor called 'b' already"):
        top.wait_ready(1.0)


def test_a_worker_empties_its_mailbox_before_it_stops(stage):
    released = Event()
    top = stage.supervise(stage.child("a", HangsOn, 1, released))
    stage.tell("a", 1, 2, 3)
    top.stop()
    stage.settle()

    released.set()
    stage.settle()

    assert stage.news() == ["start a", "a got 1", "a got 2", "a got 3", "stop a"]


def test_a_child_that_does_not_stop_in_time_is_killed_and_then_the_others_stop(stage, log_lines):
    top = stage.supervise(stage.child("a"), stage.child("b", HangsOnStop, shutdown_timeout_seconds=2.0))
    top.stop()
    stage.advance(1.9)
    assert stage.news() == ["start a", "start b", "stop b"]

    stage.advance(0.2)

    assert stage.news() == ["stop a"]
    assert not top.is_alive
    assert "b did not stop within 2 s and was killed" in log_lines()


def test_a_shutdown_timeout_of_zero_kills_at_once(stage):
    top = stage.supervise(stage.child("a", HangsOn, shutdown_timeout_seconds=0))
    stage.tell("a", "hang")
    top.stop()
    stage.settle()

    assert not top.is_alive


def test_without_a_shutdown_timeout_the_supervisor_waits_for_as_long_as_it_takes(stage):
    released = Event()
    top = stage.supervise(stage.child("a", HangsOn, "hang", released, shutdown_timeout_seconds=None))
    stage.tell("a", "hang")
    top.stop()
    stage.advance(10_000.0)
    assert top.is_alive

    released.set()
    stage.settle()

    assert not top.is_alive


def test_a_child_that_swallows_a_kill_is_reported_and_left_behind(stage, log_lines):
    top = stage.supervise(stage.child("a"), stage.child("b", IgnoresKill, shutdown_timeout_seconds=1.0))
    stage.tell("b", "hang")
    top.stop()
    stage.advance(30.0)

    assert "A child survived a kill and was left behind." in log_lines()
    assert "stop a" in stage.news()


def test_an_error_in_the_stop_of_one_child_does_not_keep_the_others_up(stage):
    top = stage.supervise(stage.child("a"), stage.child("b", CrashesOnStop))
    top.stop()
    stage.settle()

    assert stage.news()[2:] == ["stop b", "stop a"]
    assert not top.is_alive


def test_killing_a_supervisor_takes_its_whole_subtree_along(stage):
    inner = supervisor_spec("inner", [stage.child("b"), stage.child("c", HangsOnStop)])
    top = stage.supervise(stage.child("a"), inner)
    top.kill()
    for _ in range(20):
        stage.advance(1.0)

    assert stage.system.actors() == []
    assert sorted(stage.news()[3:]) == ["stop a", "stop b", "stop c"]


def test_what_was_left_with_a_child_in_backoff_becomes_dead_letters_at_the_stop(stage):
    top = stage.supervise(stage.child("a", CrashesOn, "boom", poison_after=1))
    stage.tell("a", "boom")
    stage.tell("a", 1, 2)
    top.stop()
    stage.settle()

    assert [letter.message for letter in stage.system.dead_letters.recent] == ["boom", 1, 2]


def test_a_sender_that_waits_for_a_dead_child_does_not_hold_up_the_stop(stage):
    flow = blocked_flow(stage, shutdown_timeout_seconds=60.0)

    flow.stop()
    stage.settle()

    assert not flow.is_alive


def test_an_asker_of_a_child_that_is_stopped_is_answered(stage):
    top = stage.supervise(stage.child("a", HangsOn, shutdown_timeout_seconds=0))
    asking = stage.in_background(stage.find("a").ask, "hang")
    top.stop()
    stage.settle()

    with pytest.raises(ActorStopped):
        asking.get(timeout=1.0)


def test_a_temporary_child_is_started_with_the_others(stage):
    top = stage.supervise(stage.child("a", restart=Restart.TEMPORARY))

    assert [child.id for child in which_children(top)] == ["a"]


def blocked_flow(stage, **options):
    """``out`` is down with a full mailbox, and ``pipe`` waits for room in it."""

    class Pipe(Actor):
        def on_message(self, message):
            stage.find("out").tell(message)

    top = stage.supervise(
        stage.child("out", CrashesOn, "boom", limits=MailboxLimits(events=1)),
        ChildSpec("pipe", Pipe, **options),
    )
    stage.tell("out", "boom", "fills it")
    stage.in_background(stage.find("pipe").tell, "waits")
    assert stage.find("pipe").statistics().blocked_on == "out"
    return top
