from __future__ import annotations

import pytest
from gevent.event import Event

from actors import ActorStopped, State
from actors.testing import (
    CrashesOn,
    CrashesOnStart,
    Flawless,
    HangsOn,
    HangsOnStart,
    HangsOnStop,
    IgnoresKill,
    StopsNormally,
)
from supervisor.supervision import (
    ChildSpec,
    ChildState,
    Restart,
    Strategy,
    supervisor_spec,
    which_children,
)


def states(top):
    return [child.state.value for child in which_children(top)]


def test_a_restart_that_fails_is_tried_again_after_a_longer_wait(stage, log_lines):
    factory = CrashesOnStart(2, healthy=1, factory=lambda: CrashesOn("boom"))
    top = stage.supervise(ChildSpec("a", factory, poison_after=1))
    stage.tell("a", "boom")
    stage.advance(0.1 + 0.2 + 0.4)

    assert states(top) == ["up"]
    assert factory.made == 4
    assert log_lines()[1] == (
        "a crashed: RuntimeError: incarnation 2 crashes on start; restart 2 of 5 within 10 s, in 0.2 s"
    )


def test_a_group_restart_that_fails_half_way_goes_on_from_there(stage):
    b = CrashesOnStart(1, healthy=1, factory=stage.child("b").factory)
    stage.supervise(
        stage.child("a", CrashesOn, "boom", poison_after=1),
        ChildSpec("b", b),
        stage.child("c"),
        strategy=Strategy.REST_FOR_ONE,
    )
    stage.tell("a", "boom")
    stage.advance(0.1)
    assert stage.news()[4:] == ["stop a", "stop c", "stop b", "start a"]

    stage.advance(0.1)

    assert stage.news() == ["start b", "start c"]


def test_a_second_failure_further_up_covers_the_restart_that_waits_further_down(stage):
    top = stage.supervise(
        stage.child("a", CrashesOn, "boom", poison_after=1),
        stage.child("b", CrashesOn, "boom", poison_after=1),
        stage.child("c"),
        strategy=Strategy.REST_FOR_ONE,
    )
    stage.tell("b", "boom")
    stage.advance(0.05)
    stage.tell("a", "boom")
    stage.news()
    stage.advance(0.07)
    assert stage.news() == []

    stage.advance(0.03)

    assert stage.news() == ["start a", "start b", "start c"]
    assert states(top) == ["up"] * 3


def test_two_children_that_crash_at_the_same_time_cost_one_restart_of_their_group(stage, log_lines):
    stage.supervise(
        stage.child("a", CrashesOn, "boom", poison_after=1),
        stage.child("b", CrashesOn, "boom", poison_after=1),
        strategy=Strategy.ONE_FOR_ALL,
    )
    stage.news()
    stage.find("a").tell("boom")
    stage.find("b").tell("boom")
    stage.advance(5.0)

    assert sorted(stage.news()) == sorted(
        ["a got boom", "b got boom", "stop a", "stop b", "start a", "start b"]
    )
    assert len(log_lines()) == 1


def test_a_restart_that_hangs_is_killed_when_its_time_is_over_and_tried_again(stage):
    made = []

    def factory():
        made.append(1)
        return HangsOnStart() if len(made) == 2 else CrashesOn("boom")

    top = stage.supervise(ChildSpec("a", factory, start_timeout_seconds=3.0, poison_after=1))
    stage.tell("a", "boom")
    stage.advance(0.1)
    assert stage.find("a").state is State.STARTING
    assert len(which_children(top)) == 1, "the supervisor answers while the last child starts"

    stage.advance(3.0)
    stage.advance(0.2)

    assert stage.find("a").state is State.RUNNING
    assert which_children(top)[0].last_error == "StartTimeout: a was not ready in time"


def test_a_hanging_bystander_is_killed_after_its_shutdown_timeout_and_restarted_with_the_rest(stage):
    stage.supervise(
        stage.child("a", CrashesOn, "boom", poison_after=1),
        stage.child("b", HangsOnStop, shutdown_timeout_seconds=2.0),
        strategy=Strategy.REST_FOR_ONE,
    )
    stage.news()
    stage.tell("a", "boom")
    stage.advance(1.9)
    assert stage.news() == ["a got boom", "stop a", "stop b"]

    stage.advance(0.3)

    assert stage.news() == ["start a", "start b"]


def test_a_bystander_that_hangs_in_a_handler_gets_its_messages_again_after_the_kill(stage):
    released = Event()
    stage.supervise(
        stage.child("a", CrashesOn, "boom", poison_after=1),
        stage.child("b", HangsOn, "hang", released, shutdown_timeout_seconds=2.0, poison_after=1),
        strategy=Strategy.REST_FOR_ONE,
    )
    stage.tell("b", "hang", 1)
    stage.tell("a", "boom")
    stage.advance(2.0)
    stage.news()
    released.set()
    stage.advance(5.0)

    assert stage.news() == ["start a", "start b", "b got hang", "b got 1"]


def test_a_bystander_that_swallows_its_kill_never_runs_twice_and_makes_the_supervisor_give_up(stage):
    top = stage.supervise(
        stage.child("a", CrashesOn, "boom", poison_after=1),
        stage.child("b", IgnoresKill, "hang", 2, shutdown_timeout_seconds=1.0),
        strategy=Strategy.REST_FOR_ONE,
    )
    stage.tell("b", "hang")
    stage.tell("a", "boom")
    stage.advance(60.0)

    assert stage.news().count("start b") == 1
    assert not top.is_alive


def test_a_bystander_that_ends_normally_while_it_is_halted_stays_down_if_it_is_transient(stage):
    class EndsInstead(Flawless):
        def on_message(self, message):
            self.stop()
            stage.find("a").tell("boom")
            self.sleep(0.05)  # the thing under test

    top = stage.supervise(
        stage.child("a", CrashesOn, "boom", poison_after=1),
        stage.child("b", EndsInstead, restart=Restart.TRANSIENT),
        strategy=Strategy.REST_FOR_ONE,
    )
    stage.tell("b", "go")
    stage.advance(1.0)

    assert states(top) == ["up", "down"]


def test_a_crash_below_one_supervisor_touches_nobody_below_another(stage):
    inner = supervisor_spec(
        "inner", [stage.child("b", CrashesOn, "boom", poison_after=1)], backoff=stage.backoff
    )
    stage.supervise(stage.child("a"), inner, strategy=Strategy.ONE_FOR_ALL)
    stage.news()
    stage.tell("b", "boom")
    stage.advance(5.0)

    assert stage.news() == ["b got boom", "stop b", "start b"]


def test_an_ask_that_was_in_hand_when_the_child_was_killed_is_answered(stage):
    stage.supervise(stage.child("a", HangsOn))
    asking = stage.in_background(stage.find("a").ask, "hang")
    stage.find("a").kill()
    stage.settle()

    with pytest.raises(ActorStopped):
        asking.get(timeout=1.0)


def test_a_name_that_somebody_takes_while_a_child_is_down_costs_restarts_until_it_is_free(stage):
    top = stage.supervise(stage.child("a", StopsNormally))
    stage.tell("a", "stop")
    thief = stage.system.spawn(Flawless, name="a")
    stage.advance(0.15)
    assert states(top) == ["restarting"]

    thief.stop()
    stage.advance(1.0)

    (child,) = which_children(top)
    assert child.state is ChildState.UP
    assert child.last_error.startswith("NameTaken")
