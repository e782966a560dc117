from __future__ import annotations

from actors import State
from actors.testing import (
    CrashesOn,
)
from pipelines.retry import BackoffOptions
from supervisor.supervision import (
    RestartIntensity,
    which_children,
)


def states(top):
    return [child.state.value for child in which_children(top)]


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
