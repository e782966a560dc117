from __future__ import annotations

import gc
import weakref

import pytest

from actors import ActorStopped, AskTimeout
from actors.testing import CrashesOn, CrashesOnStart, Flawless, HangsOnStart, StopsNormally
from supervisor.supervision import (
    ChildAlreadyPresent,
    ChildCounts,
    ChildKind,
    ChildRunning,
    ChildSpec,
    ChildStartFailed,
    Restart,
    Strategy,
    UnknownChild,
    bounce_child,
    count_children,
    delete_child,
    replace_child,
    restart_child,
    start_child,
    supervisor_spec,
    terminate_child,
    which_children,
)


def ids(top):
    return [child.id for child in which_children(top)]


def test_a_child_can_be_added_and_is_ready_when_the_request_returns(stage):
    top = stage.supervise(stage.child("a"))
    ref = start_child(top, stage.child("b"))

    assert ref.ask("hello") == "hello"
    assert ids(top) == ["a", "b"]


def test_an_added_child_is_supervised_like_the_others(stage):
    top = stage.supervise(stage.child("a"), strategy=Strategy.REST_FOR_ONE)
    start_child(top, stage.child("b", CrashesOn, "boom", poison_after=1))
    start_child(top, stage.child("c"))
    stage.news()
    stage.tell("b", "boom")
    stage.advance(0.1)

    assert stage.news() == ["b got boom", "stop b", "stop c", "start b", "start c"]


def test_an_id_that_is_taken_is_refused_also_when_that_child_is_down(stage):
    top = stage.supervise(stage.child("a"))
    with pytest.raises(ChildAlreadyPresent, match="top has a child 'a' already, which is up"):
        start_child(top, stage.child("a"))

    terminate_child(top, "a")

    with pytest.raises(ChildAlreadyPresent, match="which is down"):
        start_child(top, stage.child("a"))


def test_a_child_that_cannot_start_is_not_added_and_leaves_nothing_behind(stage):
    top = stage.supervise(stage.child("a"))
    factory = CrashesOnStart(1)
    with pytest.raises(ChildStartFailed, match="b did not start: RuntimeError"):
        start_child(top, ChildSpec("b", factory))

    stage.settle()
    assert ids(top) == ["a"]
    assert stage.system.find("b") is None
    assert start_child(top, ChildSpec("b", factory)).is_alive


def test_a_child_that_is_not_ready_in_time_is_not_added(stage):
    top = stage.supervise(stage.child("a"))
    adding = stage.in_background(start_child, top, ChildSpec("b", HangsOnStart, start_timeout_seconds=1.0))
    stage.advance(1.0)

    with pytest.raises(ChildStartFailed, match="it was not ready within 1 s"):
        adding.get(timeout=1.0)
    assert ids(top) == ["a"]


def test_a_terminated_child_stays_down_and_keeps_its_spec(stage):
    top = stage.supervise(stage.child("a"), stage.child("b"))
    terminate_child(top, "a")
    stage.advance(10.0)

    assert stage.news() == ["start a", "start b", "stop a"]
    assert [(child.id, child.state.value, child.ref is None) for child in which_children(top)] == [
        ("a", "down", True),
        ("b", "up", False),
    ]


def test_a_terminated_child_stays_down_when_its_group_is_restarted(stage):
    top = stage.supervise(
        stage.child("a", CrashesOn, "boom", poison_after=1), stage.child("b"), strategy=Strategy.ONE_FOR_ALL
    )
    terminate_child(top, "b")
    stage.tell("a", "boom")
    stage.advance(1.0)

    assert [child.state.value for child in which_children(top)] == ["up", "down"]


def test_terminating_a_child_in_its_backoff_calls_the_restart_off(stage):
    top = stage.supervise(stage.child("a", CrashesOn, "boom"))
    stage.tell("a", "boom")
    terminate_child(top, "a")
    stage.news()
    stage.advance(10.0)

    assert stage.news() == []
    assert stage.system.find("a") is None


def test_terminating_the_failed_child_of_a_group_lets_the_others_come_back(stage):
    top = stage.supervise(
        stage.child("a", CrashesOn, "boom"), stage.child("b"), stage.child("c"), strategy=Strategy.ONE_FOR_ALL
    )
    stage.tell("a", "boom")
    terminate_child(top, "a")
    stage.advance(0.1)

    assert [child.state.value for child in which_children(top)] == ["down", "up", "up"]


def test_terminating_a_temporary_child_forgets_it(stage):
    top = stage.supervise(stage.child("a", restart=Restart.TEMPORARY))
    terminate_child(top, "a")

    assert ids(top) == []


def test_terminating_twice_is_no_error(stage):
    top = stage.supervise(stage.child("a"))
    terminate_child(top, "a")
    terminate_child(top, "a")


def test_a_child_that_is_down_can_be_started_again(stage):
    top = stage.supervise(stage.child("a"))
    terminate_child(top, "a")
    ref = restart_child(top, "a")

    assert ref is stage.find("a")
    assert ref.ask("hello") == "hello"


def test_a_child_that_fails_to_start_again_stays_down(stage):
    top = stage.supervise(ChildSpec("a", CrashesOnStart(1, healthy=1)))
    terminate_child(top, "a")
    with pytest.raises(ChildStartFailed):
        restart_child(top, "a")
    stage.advance(10.0)

    assert [child.state.value for child in which_children(top)] == ["down"]


@pytest.mark.parametrize("request_", [restart_child, delete_child])
def test_a_child_that_is_up_or_in_its_backoff_is_neither_restarted_nor_deleted(stage, request_):
    top = stage.supervise(stage.child("a", CrashesOn, "boom"))
    with pytest.raises(ChildRunning, match="a is up; terminate_child it first"):
        request_(top, "a")

    stage.tell("a", "boom")

    with pytest.raises(ChildRunning, match="a is restarting"):
        request_(top, "a")


def test_a_child_that_is_down_can_be_deleted(stage):
    top = stage.supervise(stage.child("a"), stage.child("b"))
    terminate_child(top, "a")
    delete_child(top, "a")

    assert ids(top) == ["b"]


@pytest.mark.parametrize("request_", [terminate_child, restart_child, delete_child])
def test_an_unknown_child_is_refused_with_the_ones_that_are_known(stage, request_):
    top = stage.supervise(stage.child("a"), stage.child("b"))

    with pytest.raises(UnknownChild, match="top has no child 'x'; its children: a, b") as refusal:
        request_(top, "x")
    assert refusal.value.child == "x"


def test_a_refused_request_does_not_crash_the_supervisor(stage):
    top = stage.supervise(stage.child("a"))
    with pytest.raises(UnknownChild):
        delete_child(top, "x")

    assert ids(top) == ["a"]


def test_children_are_counted_by_state_and_kind(stage):
    top = stage.supervise(
        stage.child("a"),
        stage.child("b", StopsNormally, restart=Restart.TRANSIENT),
        supervisor_spec("inner", [stage.child("c")]),
    )
    stage.tell("b", "stop")

    assert count_children(top) == ChildCounts(specs=3, active=2, supervisors=1, workers=2)


def test_the_children_tell_what_they_are(stage):
    top = stage.supervise(stage.child("a", restart=Restart.TRANSIENT), supervisor_spec("inner"))

    assert [(child.kind, child.restart) for child in which_children(top)] == [
        (ChildKind.WORKER, Restart.TRANSIENT),
        (ChildKind.SUPERVISOR, Restart.PERMANENT),
    ]


def test_the_factory_of_a_temporary_child_is_released_when_it_is_gone(stage):
    top = stage.supervise()
    factory = CrashesOnStart(0, factory=lambda: StopsNormally("stop"))
    gone = weakref.ref(factory)
    ref = start_child(top, ChildSpec("a", factory, restart=Restart.TEMPORARY))
    del factory
    ref.tell("stop")
    # The virtual clock keeps what was cancelled until its time is over.
    stage.advance(100.0)
    del ref
    gc.collect()

    assert gone() is None


@pytest.mark.parametrize("ending", [terminate_child, bounce_child])
def test_no_timer_of_a_start_that_is_over_keeps_an_actor_in_memory(stage, ending):
    top = stage.supervise()
    start_child(top, stage.child("a", CrashesOn, "boom", poison_after=1))
    replace_child(top, stage.child("a", CrashesOn, "boom", poison_after=1), lambda: None)
    assert stage.clock.next_call() is None
    stage.tell("a", "boom")
    stage.advance(0.1)
    assert stage.clock.next_call() is not None, "nobody has waited for this start"

    ending(top, "a")

    assert stage.clock.next_call() is None


def test_a_request_to_a_supervisor_that_has_ended_says_so(stage):
    top = stage.supervise(stage.child("a"))
    top.stop()
    stage.settle()

    with pytest.raises(ActorStopped):
        which_children(top)


def test_a_request_to_a_supervisor_that_is_busy_times_out(stage):
    top = stage.supervise(stage.child("a", HangsOnStart))
    asking = stage.in_background(which_children, top, 1.0)
    stage.advance(1.0)

    with pytest.raises(AskTimeout):
        asking.get(timeout=1.0)


def test_a_message_that_no_supervisor_knows_is_logged_and_dropped(stage, log_lines):
    top = stage.supervise(stage.child("a", Flawless))
    top.tell("what?")
    stage.settle()

    assert log_lines() == ["A message that no supervisor knows was dropped."]
    assert ids(top) == ["a"]
