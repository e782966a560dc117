from __future__ import annotations

import pytest

from actors import ExitKind
from actors.testing import CrashesOn
from pipelines.retry import BackoffOptions
from supervisor.supervision import (
    Restart,
    RestartIntensity,
    RestartIntensityExceeded,
    Strategy,
    supervisor_spec,
    which_children,
)

NEVER = RestartIntensity(0, 10.0)


def crashing(stage, id="b", **options):
    return stage.child(id, CrashesOn, "boom", poison_after=1, **options)


def test_one_crash_more_than_allowed_stops_the_children_and_crashes_the_supervisor(stage, log_lines):
    top = stage.supervise(
        stage.child("a"), crashing(stage), stage.child("c"), intensity=RestartIntensity(1, 10.0)
    )
    stage.tell("b", "boom")
    stage.advance(0.1)
    assert top.is_alive
    stage.news()

    stage.tell("b", "boom")

    assert stage.news() == ["b got boom", "stop b", "stop c", "stop a"]
    assert not top.is_alive
    reason = top._cell.last_reason
    assert reason.kind is ExitKind.CRASH
    assert isinstance(reason.error, RestartIntensityExceeded)
    assert reason.error.child == "b"
    assert isinstance(reason.error.__cause__, RuntimeError)
    assert log_lines()[-1] == (
        "top gives up: b crashed: RuntimeError: crashes on 'boom'; more than 1 within 10 s is too often"
    )


def test_crashes_that_are_far_enough_apart_never_add_up(stage):
    top = stage.supervise(crashing(stage), intensity=RestartIntensity(1, 10.0))
    for _ in range(5):
        stage.tell("b", "boom")
        stage.advance(10.2)

    assert top.is_alive


def test_failed_restarts_count_like_crashes(stage):
    class Once(CrashesOn):
        def on_start(self):
            super().on_start()
            if len(stage.journal) > 1:
                raise RuntimeError("no second start")

    top = stage.supervise(stage.child("b", Once, "boom", poison_after=1), intensity=RestartIntensity(2, 10.0))
    stage.tell("b", "boom")
    stage.advance(5.0)

    assert not top.is_alive
    assert stage.news() == ["start b", "b got boom", "stop b", *["start b", "stop b"] * 2]


def test_the_parent_restarts_a_supervisor_that_gave_up_with_all_its_children(stage):
    inner = supervisor_spec("inner", [stage.child("a"), crashing(stage)], intensity=NEVER)
    top = stage.supervise(inner, stage.child("z"))
    stage.news()
    stage.tell("b", "boom")
    stage.advance(0.1)

    assert stage.news() == ["b got boom", "stop b", "stop a", "start a", "start b"]
    (child, _) = which_children(top)
    assert (child.id, child.restarts) == ("inner", 1)
    assert child.last_error.startswith("RestartIntensityExceeded: inner gives up: b crashed")


def test_the_strategy_of_the_parent_decides_what_a_supervisor_that_gave_up_takes_along(stage):
    inner = supervisor_spec("inner", [crashing(stage)], intensity=NEVER)
    stage.supervise(stage.child("a"), inner, stage.child("z"), strategy=Strategy.REST_FOR_ONE)
    stage.news()
    stage.tell("b", "boom")
    stage.advance(0.1)

    assert stage.news() == ["b got boom", "stop b", "stop z", "start b", "start z"]


def test_a_temporary_supervisor_that_gives_up_is_forgotten(stage):
    inner = supervisor_spec("inner", [crashing(stage)], intensity=NEVER, restart=Restart.TEMPORARY)
    top = stage.supervise(inner)
    stage.tell("b", "boom")

    assert which_children(top) == ()


def test_a_restarted_supervisor_forgives_the_crashes_of_its_previous_life(stage):
    inner = supervisor_spec(
        "inner", [crashing(stage)], intensity=RestartIntensity(1, 1000.0), backoff=stage.backoff
    )
    top = stage.supervise(inner)
    for _ in range(3):
        stage.tell("b", "boom")
        stage.advance(1.0)

    assert which_children(top)[0].restarts == 1


def test_nested_supervisors_multiply_their_intensities(stage):
    """Three starts for each of three inner lives, for each of three outer ones, and then the top gives up."""
    twice = RestartIntensity(2, 1000.0)
    stubborn = stage.child("b", CrashesOn, "boom", poison_after=1)
    inner = supervisor_spec("inner", [stubborn], intensity=twice, backoff=stage.backoff)
    outer = supervisor_spec("outer", [inner], intensity=twice, backoff=stage.backoff)
    top = stage.supervise(outer, intensity=RestartIntensity(0, 1000.0))

    crashes = 0
    while top.is_alive:
        stage.tell("b", "boom")
        stage.advance(2.0)
        crashes += 1

    assert crashes == (2 + 1) * (2 + 1)


def test_intensities_of_one_and_the_same_period_never_escalate_past_the_first_parent(stage):
    """The trap that ``docs/supervision.md`` warns of: backoff spaces the failures of a supervisor further apart."""
    same = RestartIntensity(5, 10.0)
    b = stage.child("b", CrashesOn, "start", poison_after=1)
    inner = supervisor_spec("inner", [b], intensity=same, backoff=stage.backoff)
    top = stage.supervise(inner, intensity=same)

    for _ in range(1000):
        if stage.system.find("b") is not None:
            stage.find("b").tell("start")
        stage.advance(0.1)

    assert top.is_alive
    assert which_children(top)[0].restarts > 6


@pytest.mark.parametrize("intensity", [RestartIntensity(10, 60.0), RestartIntensity(5, 1.0)])
def test_a_backoff_that_outgrows_the_period_never_gives_up(stage, intensity):
    top = stage.supervise(
        stage.child("b", CrashesOn, "boom", poison_after=10**9),
        intensity=intensity,
        backoff=BackoffOptions(jitter=0),
    )
    stage.tell("b", "boom")
    stage.advance(3600.0)

    assert top.is_alive
    assert which_children(top)[0].restarts > 100


def test_the_defaults_give_up_on_a_crash_loop_after_about_three_seconds(stage):
    top = stage.supervise(
        stage.child("b", CrashesOn, "boom", poison_after=10**9), backoff=BackoffOptions(jitter=0)
    )
    stage.tell("b", "boom")
    stage.advance(3.0)
    assert top.is_alive

    stage.advance(0.2)

    assert not top.is_alive


def test_a_poison_message_costs_the_defaults_three_restarts_and_a_second_one_too_many(stage):
    top = stage.supervise(stage.child("b", CrashesOn, "boom"), backoff=BackoffOptions(jitter=0))
    stage.tell("b", "boom")
    stage.advance(1.0)
    assert top.is_alive

    stage.tell("b", "boom")
    stage.advance(5.0)

    assert not top.is_alive
