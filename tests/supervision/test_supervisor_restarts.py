from __future__ import annotations

import pytest

from actors.testing import (
    CrashesOn,
    StopsNormally,
)
from supervisor.supervision import (
    Restart,
    Strategy,
    which_children,
)


def states(top):
    return [child.state.value for child in which_children(top)]


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
