"""The mailbox alone: lanes, bounds, who waits, and misuse."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gevent
import pytest

from actors import ActorSystem, Lane, Mailbox, MailboxClosed, MailboxFull, MailboxLimits, Misuse, Scheduler
from actors.testing import Probe, VirtualClock, settle


@pytest.fixture
def scheduler() -> Iterator[Scheduler]:
    made = Scheduler()
    yield made
    made.close()


@pytest.fixture
def box(scheduler: Scheduler, clock: VirtualClock) -> Mailbox:
    return Mailbox(scheduler, clock, MailboxLimits(events=4, bytes=100), "box")


def contents(box: Mailbox) -> list[Any]:
    taken = []
    while (envelope := box.take_nowait()) is not None:
        taken.append(envelope[0])
    return taken


def test_what_was_put_first_is_taken_first(box: Mailbox) -> None:
    for n in range(4):
        box.put(n)
    assert contents(box) == [0, 1, 2, 3]


def test_lanes_are_taken_strictly_by_priority(box: Mailbox) -> None:
    box.put("flow")
    box.put_control("contraflow", lane=Lane.CONTRAFLOW)
    box.put_control("control")
    assert contents(box) == ["control", "contraflow", "flow"]


@pytest.mark.parametrize(("events", "size"), [(4, 0), (1, 100)])
def test_each_bound_makes_a_sender_wait(box: Mailbox, events: int, size: int) -> None:
    box.put("first", events=events, size=size)
    assert not box.try_put("second", events=1, size=1)
    sender = gevent.spawn(box.put, "second", events=1, size=1)
    settle()
    assert not sender.ready()
    assert contents(box) == ["first", "second"]
    sender.get(timeout=5)


def test_the_control_lanes_are_never_full(box: Mailbox) -> None:
    box.put("x", events=4)
    for n in range(1000):
        box.put_control(n)
        box.put_control(n, lane=Lane.CONTRAFLOW)
    assert box.statistics().control == box.statistics().contraflow == 1000


@pytest.mark.parametrize(("events", "size"), [(1000, 0), (1, 10_000)])
def test_a_message_larger_than_a_bound_is_let_in_when_the_lane_is_empty(
    box: Mailbox, events: int, size: int
) -> None:
    box.put("huge", events=events, size=size)
    assert not box.try_put("next", size=1)
    assert contents(box) == ["huge"]


def test_a_message_larger_than_a_bound_waits_until_the_lane_is_empty(box: Mailbox) -> None:
    box.put("first")
    sender = gevent.spawn(box.put, "huge", events=1000)
    settle()
    box.take_nowait()
    assert contents(box) == ["huge"]
    sender.get(timeout=5)


def test_waiting_senders_are_served_first_come_first(box: Mailbox) -> None:
    box.put("x", events=4)
    senders = [gevent.spawn(box.put, n) for n in range(4)]
    settle()
    assert not box.try_put("late")
    assert contents(box) == ["x", 0, 1, 2, 3]
    gevent.joinall(senders, timeout=5, raise_error=True)


def test_a_small_message_does_not_overtake_a_big_one_that_waits(box: Mailbox) -> None:
    box.put("x", events=2)
    big = gevent.spawn(box.put, "big", events=3)
    settle()
    assert not box.try_put("small")
    small = gevent.spawn(box.put, "small")
    settle()
    assert contents(box) == ["x", "big", "small"]
    gevent.joinall([big, small], timeout=5, raise_error=True)


def test_when_a_big_message_gives_up_those_behind_it_move_in(box: Mailbox, clock: VirtualClock) -> None:
    box.put("x", events=2)
    refused = gevent.spawn(_put_in_vain, box, "big", 3, 2.0)
    settle()
    small = gevent.spawn(box.put, "small")
    settle()
    clock.advance(2.1)
    refused.get(timeout=5)
    small.get(timeout=5)
    assert contents(box) == ["x", "small"]


def _put_in_vain(box: Mailbox, message: Any, events: int, timeout: float) -> None:
    with pytest.raises(MailboxFull, match="no room within 2 s"):
        box.put(message, events=events, timeout=timeout)


def test_of_two_that_fall_due_at_once_the_second_moves_in_where_the_first_made_room(
    box: Mailbox, clock: VirtualClock
) -> None:
    box.put("first")
    big = gevent.spawn(box.put, "big", events=4, timeout=1.0)
    small = gevent.spawn(box.put, "small", timeout=1.0)
    settle()

    clock.advance(1.0)

    with pytest.raises(MailboxFull):
        big.get(timeout=5)
    small.get(timeout=5)
    assert contents(box) == ["first", "small"]


def test_a_sender_without_patience_is_turned_away_at_once(box: Mailbox) -> None:
    box.put("x", events=4)
    with pytest.raises(MailboxFull):
        box.put("y", timeout=0)


def test_a_killed_sender_leaves_the_queue_and_its_message_does_not_arrive(box: Mailbox) -> None:
    box.put("x", events=4)
    killed = gevent.spawn(box.put, "killed")
    patient = gevent.spawn(box.put, "patient")
    settle()
    killed.kill(block=False)
    settle()
    assert box.statistics().blocked_senders == (patient.name,)
    assert contents(box) == ["x", "patient"]
    patient.get(timeout=5)


def test_a_timeout_thrown_into_a_waiting_sender_is_not_the_mailboxs(box: Mailbox) -> None:
    box.put("x", events=4)
    with pytest.raises(gevent.Timeout), gevent.Timeout(0.001):
        box.put("y")
    assert contents(box) == ["x"]


def test_take_waits_for_a_message(box: Mailbox) -> None:
    taker = gevent.spawn(box.take)
    settle()
    box.put("x")
    assert taker.get(timeout=5)[0] == "x"


def test_take_gives_up_after_its_timeout(box: Mailbox, clock: VirtualClock) -> None:
    taker = gevent.spawn(box.take, 2.0)
    settle()
    clock.advance(1.9)
    assert not taker.ready()
    clock.advance(0.2)
    assert taker.get(timeout=5) is None
    assert clock.next_call() is None


def test_take_with_a_timeout_of_zero_does_not_wait(box: Mailbox) -> None:
    assert box.take(0) is None


def test_a_killed_taker_can_be_replaced(box: Mailbox) -> None:
    first = gevent.spawn(box.take)
    settle()
    first.kill(block=False)
    box.put("x")
    settle()
    second = gevent.spawn(box.take, 5.0)
    assert second.get(timeout=5)[0] == "x"


def test_two_takers_are_misuse(box: Mailbox) -> None:
    taker = gevent.spawn(box.take)
    settle()
    with pytest.raises(Misuse, match="two greenlets take from the mailbox of box"):
        box.take()
    taker.kill()


def test_a_closed_mailbox_returns_what_is_left_and_takes_nothing(box: Mailbox) -> None:
    box.put("flow")
    box.put_control("contraflow", lane=Lane.CONTRAFLOW)
    box.put_control("control")
    assert [envelope[0] for envelope in box.close()] == ["control", "contraflow", "flow"]
    for put in (box.put, box.put_control, box.try_put):
        with pytest.raises(MailboxClosed):
            put("late")
    assert box.take_nowait() is None
    assert not box.pending()


def test_closing_turns_waiting_senders_away(box: Mailbox) -> None:
    def put() -> None:
        with pytest.raises(MailboxClosed, match="waited for room"):
            box.put("y")

    box.put("x", events=4)
    sender = gevent.spawn(put)
    settle()
    assert [envelope[0] for envelope in box.close()] == ["x"]
    sender.get(timeout=5)


def test_statistics_tell_depth_peak_total_and_who_waited_how_long(box: Mailbox, clock: VirtualClock) -> None:
    box.put("x", events=3, size=10)
    sender = gevent.spawn(box.put, "y", events=2)
    settle()
    clock.advance(2.0)
    seen = box.statistics()
    assert (seen.depth, seen.bytes, seen.peak, seen.total) == (3, 10, 3, 3)
    assert (seen.blocked_seconds, seen.blocked_senders) == (2.0, (sender.name,))
    contents(box)
    sender.get(timeout=5)
    clock.advance(5.0)
    seen = box.statistics()
    assert (seen.depth, seen.bytes, seen.peak, seen.total) == (0, 0, 3, 5)
    assert (seen.blocked_seconds, seen.blocked_senders) == (2.0, ())


def test_orders_for_an_incarnation_that_is_over_are_dropped_and_messages_kept(box: Mailbox) -> None:
    box.put_control("message")
    box.put_control("order", reply=object())
    box.drop_private()
    assert contents(box) == ["message"]


def test_the_taker_must_not_wait_for_room_in_its_own_mailbox(box: Mailbox) -> None:
    def fill() -> None:
        box.owner = gevent.getcurrent()
        box.put("x", events=4)
        with pytest.raises(MailboxFull, match="would wait for itself"):
            box.put("y")

    gevent.spawn(fill).get(timeout=5)


def test_the_hub_puts_where_there_is_room_and_is_turned_away_where_there_is_none(box: Mailbox) -> None:
    seen: list[Any] = []

    def callback() -> None:
        box.put("x", events=4)
        try:
            box.put("y")
        except MailboxFull as error:
            seen.append(str(error))

    gevent.get_hub().loop.run_callback(callback)
    settle()
    assert seen == ["the mailbox of box is full, and the hub must not wait for it"]
    assert contents(box) == ["x"]


@pytest.mark.parametrize("events", [1, 2])
def test_a_put_by_the_hub_wakes_the_taker(box: Mailbox, events: int) -> None:
    taker = gevent.spawn(box.take)
    settle()
    gevent.get_hub().loop.run_callback(lambda: box.put("x", events=events))
    assert taker.get(timeout=5)[0] == "x"


def test_the_hub_must_not_take_or_ask(box: Mailbox, system: ActorSystem) -> None:
    probe = Probe(system)
    seen: list[str] = []

    def callback() -> None:
        for blocks in (box.take, lambda: probe.ref.ask("x")):
            try:
                blocks()
            except Misuse as error:
                seen.append(str(error))

    gevent.get_hub().loop.run_callback(callback)
    settle()
    assert ["must not block" in seen[0], "must not wait" in seen[1]] == [True, True]


@pytest.mark.parametrize("limits", [(0, 1), (1, 0)])
def test_a_mailbox_without_room_is_refused(limits: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="room for at least one"):
        MailboxLimits(*limits)


@pytest.mark.parametrize("events", [1, 2])
def test_another_thread_that_tells_gets_a_clear_error_and_nobody_is_stranded(
    system: ActorSystem, events: int
) -> None:
    probe = Probe(system)
    probe.ref.wait_ready(5)
    settle()

    def other_thread() -> str:
        with pytest.raises(Misuse, match="call_threadsafe") as caught:
            probe.ref.tell("from elsewhere", events=events)
        return str(caught.value)

    assert "another thread" in gevent.get_hub().threadpool.apply(other_thread)
    probe.expect("from elsewhere")
    probe.ref.tell("from here")
    probe.expect("from here")


def test_another_thread_may_call_threadsafe(system: ActorSystem) -> None:
    probe = Probe(system)
    gevent.get_hub().threadpool.apply(system.call_threadsafe, (probe.ref.tell, "hello"))
    probe.expect("hello")


def test_systems_in_one_process_share_nothing_and_can_talk(system: ActorSystem) -> None:
    with ActorSystem() as other:
        mine, theirs = Probe(system, "same name"), Probe(other, "same name")
        mine.ref.tell("mine", events=2)
        theirs.ref.tell("theirs", events=2)
        mine.expect("mine")
        theirs.expect("theirs")
        assert system.actors() == [mine.ref]
        assert other.actors() == [theirs.ref]
    mine.ref.tell("still here")
    mine.expect("still here")
