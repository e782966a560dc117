from __future__ import annotations

from actors import Actor, MailboxLimits, State
from actors.testing import (
    CrashesOn,
    HangsOn,
)
from supervisor.supervision import (
    ChildSpec,
    Strategy,
    which_children,
)


def states(top):
    return [child.state.value for child in which_children(top)]


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
