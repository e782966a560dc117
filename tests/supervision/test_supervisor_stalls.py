from __future__ import annotations

from gevent.event import Event

from actors import Actor, MailboxLimits, Stalled
from actors.testing import HangsOn
from supervisor.supervision import ChildSpec, terminate_child, which_children


def hanging(stage, **options):
    options.setdefault("stall_after_seconds", 4.0)
    return stage.child("a", HangsOn, "hang", poison_after=1, **options)


def restarts(top):
    return [child.restarts for child in which_children(top)]


def test_a_child_that_hangs_while_input_waits_is_killed_and_restarted(stage, log_lines):
    top = stage.supervise(hanging(stage))
    stage.advance(0.5)
    stage.tell("a", "hang", 1, 2)
    stage.advance(4.4)
    assert restarts(top) == [0], "the first look at it is after a quarter of its time"

    stage.advance(0.7)

    assert restarts(top) == [1]
    assert [line for line in stage.news() if "got" in line] == ["a got hang", "a got 1", "a got 2"]
    assert log_lines()[0] == (
        "a was killed: Stalled: a processed nothing for 4 s, 1 events in hand and 2 waiting; "
        "restart 1 of 5 within 10 s, in 0.1 s"
    )
    assert isinstance(stage.system.dead_letters.recent[0].error, Stalled)


def test_a_child_that_hangs_is_left_alone_while_nothing_waits_for_it(stage):
    top = stage.supervise(hanging(stage))
    stage.tell("a", "hang")
    stage.advance(100.0)

    assert restarts(top) == [0]


def test_what_a_child_has_in_hand_is_input_that_waits_if_it_says_so(stage):
    top = stage.supervise(hanging(stage, counts_in_hand=True))
    stage.tell("a", "hang")
    stage.advance(5.5)

    assert restarts(top) == [1]


def test_a_child_that_counts_what_it_has_in_hand_may_do_nothing_when_it_has_nothing(stage):
    top = stage.supervise(hanging(stage, counts_in_hand=True))
    stage.tell("a", 1)
    stage.advance(100.0)

    assert restarts(top) == [0]


def test_a_child_without_a_bound_may_hang_for_ever(stage):
    top = stage.supervise(hanging(stage, stall_after_seconds=None))
    stage.tell("a", "hang", 1)
    stage.advance(1000.0)

    assert restarts(top) == [0]


def test_a_slow_child_that_makes_some_progress_is_not_stalled(stage):
    class Slow(Actor):
        def on_message(self, message):
            self.sleep(3.0)  # the thing under test

    top = stage.supervise(ChildSpec("slow", Slow, stall_after_seconds=4.0))
    stage.tell("slow", *range(20))
    stage.advance(60.0)

    assert restarts(top) == [0]


def test_whoever_hangs_is_blamed_and_not_those_who_wait_for_it(stage, log_lines):
    class PassOn(Actor):
        def on_message(self, message):
            stage.find("a").tell(message)

    one = MailboxLimits(events=1)
    top = stage.supervise(
        hanging(stage, limits=one),
        ChildSpec("pipe", PassOn, limits=one, stall_after_seconds=4.0, poison_after=1),
    )
    stage.tell("a", "hang")
    for number in (1, 2, 3):
        stage.in_background(stage.find("pipe").tell, number)
    assert stage.find("pipe").statistics().blocked_on == "a"
    stage.advance(20.0)

    assert restarts(top) == [1, 0]
    assert "1 events in hand and 1 waiting; blocked by it: pipe;" in log_lines()[0]
    assert [line for line in stage.news() if "got" in line][1:] == ["a got 1", "a got 2", "a got 3"]


def test_a_restarted_child_has_its_whole_time_again(stage):
    released = Event()
    top = stage.supervise(
        stage.child("a", HangsOn, "hang", released, stall_after_seconds=4.0, poison_after=3)
    )
    stage.tell("a", "hang", 1)
    stage.advance(5.2)
    assert restarts(top) == [1]

    stage.advance(3.9)
    assert restarts(top) == [1]

    released.set()
    stage.settle()
    assert "a got 1" in stage.news()


def test_a_child_that_is_down_is_not_looked_at_any_more(stage):
    top = stage.supervise(hanging(stage))
    assert stage.clock.next_call() is not None

    terminate_child(top, "a", None)

    assert stage.clock.next_call() is None


class WaitsOutside(Actor):
    """Waits for something outside, and says so, until the event is set."""

    def __init__(self, over):
        self._over = over

    def on_message(self, message):
        if not self._over.is_set():
            self.waits_for("its connection")
            self._over.wait()
            self.waits_for(None)


def passing_on(stage, target):
    class PassOn(Actor):
        def on_message(self, message):
            stage.find(target).tell(message)

    return PassOn


def test_who_blocks_whom_is_told_once_as_a_chain_and_nobody_is_restarted_for_an_outage(stage, log_lines):
    over = Event()
    options = {"limits": MailboxLimits(events=1), "stall_after_seconds": 4.0}
    top = stage.supervise(
        ChildSpec("out", lambda: WaitsOutside(over), **options),
        ChildSpec("second", passing_on(stage, "out"), **options),
        ChildSpec("first", passing_on(stage, "second"), **options),
    )
    for number in range(6):
        stage.in_background(stage.find("first").tell, number)
    stage.advance(60.0)

    assert restarts(top) == [0, 0, 0]
    assert sorted(log_lines()) == [
        "first waits for second, which waits for out, which waits for its connection, blocked 4 s",
        "out waits for its connection, blocked 4 s",
        "second waits for out, which waits for its connection, blocked 4 s",
    ]

    over.set()
    stage.advance(2.0)

    assert sorted(log_lines()[3:]) == [
        "first goes on, after 60 s.",
        "out goes on, after 60 s.",
        "second goes on, after 60 s.",
    ]
