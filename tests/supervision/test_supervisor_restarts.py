from __future__ import annotations

import pytest
from gevent.event import Event

from actors import Actor, ActorStopped, MailboxLimits, State
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
from ramps.retry import BackoffOptions
from supervisor.supervision import (
    ChildSpec,
    ChildState,
    Restart,
    RestartIntensity,
    Strategy,
    supervisor_spec,
    which_children,
)


def states(top):
    return [child.state.value for child in which_children(top)]


# --- which children --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("strategy", "news"),
    [
        (Strategy.ONE_FOR_ONE, ["stop b", "start b"]),
        (Strategy.REST_FOR_ONE, ["stop b", "stop c", "start b", "start c"]),
        (Strategy.ONE_FOR_ALL, ["stop b", "stop c", "stop a", "start a", "start b", "start c"]),
    ],
)
def test_the_strategy_decides_who_shares_the_fate_of_a_crashed_child(stage, strategy, news):
    stage.supervise(
        stage.child("a"),
        stage.child("b", CrashesOn, "boom", poison_after=1),
        stage.child("c"),
        strategy=strategy,
    )
    stage.news()

    stage.tell("b", "boom")
    stage.advance(0.1)

    assert [line for line in stage.news() if "got" not in line] == news


def test_a_permanent_child_that_ends_normally_is_started_again_with_a_new_mailbox(stage):
    top = stage.supervise(stage.child("a", StopsNormally))
    old = stage.find("a")

    stage.tell("a", "stop")
    stage.advance(0.1)

    assert not old.is_alive
    assert which_children(top)[0].ref is stage.find("a")
    assert stage.find("a").ask("hello") == "hello"


def test_a_transient_child_that_ends_normally_stays_down(stage):
    top = stage.supervise(stage.child("a", StopsNormally, restart=Restart.TRANSIENT))
    stage.tell("a", "stop")
    stage.advance(10.0)

    assert states(top) == ["down"]


def test_a_transient_child_that_is_done_stays_down_when_a_sibling_fails(stage):
    top = stage.supervise(
        stage.child("out", CrashesOn, "boom"),
        stage.child("in", StopsNormally, restart=Restart.TRANSIENT),
        strategy=Strategy.REST_FOR_ONE,
    )
    stage.tell("in", "stop")
    stage.tell("out", "boom")
    stage.advance(1.0)

    assert states(top) == ["up", "down"]


def test_a_child_that_somebody_else_stopped_is_started_again_if_it_is_permanent(stage):
    top = stage.supervise(stage.child("a"), stage.child("b", restart=Restart.TRANSIENT))
    stage.find("a").stop()
    stage.find("b").stop()
    stage.advance(0.2)

    assert states(top) == ["up", "down"]


def test_a_permanent_child_that_somebody_else_stops_in_its_backoff_comes_back_once(stage, log_lines):
    top = stage.supervise(stage.child("a", CrashesOn, "boom"))
    stage.tell("a", "boom")
    stage.find("a").stop()
    stage.advance(0.1)

    assert states(top) == ["up"]
    assert len(log_lines()) == 1


def test_a_transient_child_that_somebody_else_stops_in_its_backoff_stays_down(stage):
    top = stage.supervise(stage.child("a", CrashesOn, "boom", restart=Restart.TRANSIENT))
    stage.tell("a", "boom")
    stage.find("a").stop()
    stage.advance(10.0)

    assert states(top) == ["down"]


def test_a_killed_transient_child_is_started_again(stage):
    top = stage.supervise(stage.child("a", restart=Restart.TRANSIENT))
    stage.find("a").kill()
    stage.advance(0.1)

    assert states(top) == ["up"]
    assert stage.news() == ["start a", "stop a", "start a"]


def test_a_temporary_child_is_forgotten_when_it_is_gone(stage):
    top = stage.supervise(
        stage.child("a", CrashesOn, "boom", restart=Restart.TEMPORARY),
        stage.child("b", StopsNormally, restart=Restart.TEMPORARY),
    )
    stage.tell("a", "boom")
    stage.tell("b", "stop")

    assert which_children(top) == ()
    assert stage.system.find("a") is None


def test_a_temporary_bystander_is_stopped_and_forgotten(stage):
    top = stage.supervise(
        stage.child("a", CrashesOn, "boom"),
        stage.child("b", restart=Restart.TEMPORARY),
        strategy=Strategy.ONE_FOR_ALL,
    )
    stage.tell("a", "boom")
    stage.advance(0.1)

    assert [child.id for child in which_children(top)] == ["a"]


# --- mailboxes -------------------------------------------------------------------------------------------------------


def test_messages_that_wait_outlive_a_crash_in_their_order(stage):
    stage.supervise(stage.child("a", CrashesOn, "boom", poison_after=1))
    stage.tell("a", "boom", 1, 2, 3)
    stage.advance(0.1)

    assert [line for line in stage.news() if line.startswith("a got")] == [
        "a got boom",
        "a got 1",
        "a got 2",
        "a got 3",
    ]


def test_messages_of_a_bystander_outlive_the_restart_of_its_group(stage):
    stage.supervise(
        stage.child("out", CrashesOn, "boom", poison_after=1),
        stage.child("in"),
        strategy=Strategy.REST_FOR_ONE,
    )
    stage.tell("out", "boom")
    assert stage.find("in").state is State.HALTED
    stage.news()

    stage.tell("in", 1, 2)
    stage.advance(0.1)

    assert stage.news() == ["start out", "start in", "in got 1", "in got 2"]


def test_a_message_that_crashes_a_child_too_often_goes_to_dead_letters_with_its_error(stage):
    top = stage.supervise(stage.child("a", CrashesOn, "boom", poison_after=3))
    stage.tell("a", "boom", "after")
    stage.advance(5.0)

    (letter,) = stage.system.dead_letters.recent
    assert (letter.message, letter.recipient, letter.reason) == ("boom", "a", "it crashed the actor 3 times")
    assert "RuntimeError: crashes on 'boom'" in letter.traceback
    assert stage.news().count("a got boom") == 3
    assert states(top) == ["up"]


def test_bystanders_that_wait_for_room_behind_a_dead_child_are_not_waited_for(stage):
    top = jammed_flow(stage)
    began = stage.clock.now()

    stage.find("out").kill()
    stage.settle()

    assert stage.clock.now() == began
    assert states(top) == ["restarting"] * 3


def test_a_message_in_the_hand_of_a_bystander_comes_again_and_is_never_called_poison(stage):
    jammed_flow(stage)
    stage.news()
    stage.find("out").kill()
    stage.advance(1.0)

    assert [letter.message for letter in stage.system.dead_letters.recent] == ["hang"]
    assert stage.news() == ["stop out", "start out", *(f"out got {number}" for number in (1, 2, 3, 4, 5))]


def jammed_flow(stage):
    """``in`` waits for room in ``pipe``, ``pipe`` for room in ``out``, and ``out`` hangs; five messages are under way.

    With ``poison_after=1``, whoever is blamed for a message once loses it.
    """

    class PassOn(Actor):
        def __init__(self, to):
            self.to = to

        def on_message(self, message):
            stage.find(self.to).tell(message)

    options = {"limits": MailboxLimits(events=1), "poison_after": 1, "shutdown_timeout_seconds": 60.0}
    top = stage.supervise(
        stage.child("out", HangsOn, "hang", **options),
        ChildSpec("pipe", lambda: PassOn("out"), **options),
        ChildSpec("in", lambda: PassOn("pipe"), **options),
        strategy=Strategy.REST_FOR_ONE,
    )
    stage.tell("out", "hang")
    for number in (1, 2, 3, 4, 5):
        stage.in_background(stage.find("in").tell, number)
    assert [stage.find(name).statistics().blocked_on for name in ("in", "pipe", "out")] == [
        "pipe",
        "out",
        None,
    ]
    return top


# --- backoff ---------------------------------------------------------------------------------------------------------


def restart_delays(stage, crashes, *, pause=0.0):
    delays = []
    for _ in range(crashes):
        stage.advance(pause)
        stage.tell("a", "boom")
        crashed = stage.clock.now()
        while stage.find("a").state is not State.RUNNING:
            stage.advance(stage.clock.next_call())
        delays.append(round(stage.clock.now() - crashed, 6))
    return delays


def test_the_delay_before_a_restart_grows_while_crashes_repeat(stage):
    stage.supervise(
        stage.child("a", CrashesOn, "boom", poison_after=1, start_timeout_seconds=None),
        intensity=RestartIntensity(100, 10.0),
    )

    assert restart_delays(stage, 6) == [0.1, 0.2, 0.4, 0.8, 1.6, 2.0]


def test_the_delay_starts_afresh_for_a_child_that_ran_for_the_whole_period(stage):
    stage.supervise(
        stage.child("a", CrashesOn, "boom", poison_after=1, start_timeout_seconds=None),
        intensity=RestartIntensity(100, 10.0),
    )

    assert restart_delays(stage, 3, pause=9.9) == [0.1, 0.2, 0.4]
    assert restart_delays(stage, 3, pause=10.0) == [0.1, 0.1, 0.1]


def test_a_stop_request_during_the_backoff_gets_in_at_once(stage):
    top = stage.supervise(
        stage.child("a", CrashesOn, "boom"), backoff=BackoffOptions(initial="1h", maximum="1h", jitter=0)
    )
    stage.tell("a", "boom")
    began = stage.clock.now()

    top.stop()
    stage.settle()

    assert not top.is_alive
    assert stage.clock.now() == began


def test_a_restarting_child_keeps_no_request_waiting(stage):
    top = stage.supervise(stage.child("a", CrashesOn, "boom"), stage.child("b"))
    stage.tell("a", "boom")

    assert states(top) == ["restarting", "up"]


# --- failures on the way ---------------------------------------------------------------------------------------------


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
            self.sleep(0.05)

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
