"""The scheduler under random programs: several greenlets and mailboxes, time-outs, kills, crashes, plain gevent.

The naive twin of each lane is a list: what was sent, in the order of the calls of `put`. Whatever is taken must be its
first entry that was not refused. On top of that, every greenlet must come to its end, nobody may be resumed in a wait
that is not the scheduler's, and the run queue must be empty afterwards.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from time import perf_counter
from typing import Any

import gevent
import pytest
from gevent.event import Event
from gevent.socket import wait_read
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors import HubClock, Lane, Mailbox, MailboxClosed, MailboxFull, MailboxLimits, Scheduler
from actors.reply import Reply
from actors.testing import settle

MAILBOXES = 3
EXPECTED_ENDS = (gevent.GreenletExit, ZeroDivisionError)

Step = tuple[Any, ...]


class Interrupted(Exception):
    """Thrown into a greenlet that survives it, and would show it if somebody resumed it once too often."""


class Taking(gevent.Greenlet):  # type: ignore[type-arg, misc, unused-ignore]
    """To the scheduler it is an actor's."""

    takes_messages = True


class Twin:
    """One mailbox, and the lists that it must agree with."""

    def __init__(self, scheduler: Scheduler) -> None:
        self.box = Mailbox(scheduler, HubClock(), MailboxLimits(events=4), "box")
        self.lanes: dict[Lane, list[int]] = {lane: [] for lane in Lane}
        self.refused: set[int] = set()
        self.skipped: set[int] = set()
        self.busy = False

    def check(self, number: int) -> None:
        for lane in Lane:
            if number in self.lanes[lane]:
                position = self.lanes[lane].index(number)
                self.skipped |= set(self.lanes[lane][:position])
                del self.lanes[lane][: position + 1]
                return
        raise AssertionError(f"{number} was taken twice, or was never sent")


class World:
    """Runs one program: a list of steps for each greenlet."""

    def __init__(self, slice_seconds: float) -> None:
        self.scheduler = Scheduler(slice_seconds)
        self.twins = [Twin(self.scheduler) for _ in range(MAILBOXES)]
        self.numbers = iter(range(10**9))
        self.greenlets: list[Any] = []
        self.replies: list[Reply] = []

    def run(self, programs: list[list[Step]]) -> None:
        for number, program in enumerate(programs):
            kind = Taking if number % 2 else gevent.Greenlet
            self.greenlets.append(kind.spawn(self.live, program))
        # Half of them wait for ever by construction; closing the mailboxes must set all of them free.
        gevent.joinall(self.greenlets, timeout=0.02)
        for twin in self.twins:
            for envelope in twin.box.close():
                twin.check(envelope[0])
        for reply in self.replies:
            reply.set()
        ended = gevent.joinall(self.greenlets, timeout=5)
        assert len(ended) == len(self.greenlets), "a greenlet was never resumed"
        for greenlet in self.greenlets:
            assert greenlet.exception is None or isinstance(greenlet.exception, EXPECTED_ENDS), (
                greenlet.exception
            )
        for twin in self.twins:
            unsent = set().union(*twin.lanes.values()) | twin.skipped
            assert unsent <= twin.refused, f"{unsent - twin.refused} were lost or overtaken"
        self.scheduler.close()
        assert len(self.scheduler) == 0

    def live(self, program: list[Step]) -> None:
        for name, *arguments in program:
            try:
                getattr(self, name)(*arguments)
            except Interrupted:
                pass

    def put(self, where: int, events: int, timeout: float | None) -> None:
        twin, number = self.twins[where], next(self.numbers)
        twin.lanes[Lane.FLOW].append(number)
        try:
            twin.box.put(number, events=events, timeout=timeout)
        except (MailboxFull, MailboxClosed):
            twin.refused.add(number)
        except (gevent.GreenletExit, Interrupted):
            # It may have been let in just before: then it is taken, which is as good.
            twin.refused.add(number)
            raise

    def put_control(self, where: int, lane: Lane) -> None:
        twin, number = self.twins[where], next(self.numbers)
        if not twin.box.closed:
            twin.lanes[lane].append(number)
            twin.box.put_control(number, lane=lane)

    def take(self, where: int, timeout: float | None) -> None:
        twin = self.twins[where]
        if twin.busy or twin.box.closed:
            return
        twin.busy = True
        try:
            envelope = None
            while envelope is None and not twin.box.closed:
                envelope = twin.box.take_nowait()
                if envelope is None and timeout is not None:
                    envelope = twin.box.take(timeout)
                    break
                if envelope is None:
                    twin.box.wait()
            if envelope is not None:
                twin.check(envelope[0])
        finally:
            twin.busy = False

    def wait(self) -> None:
        reply = Reply(self.scheduler)
        self.replies.append(reply)
        reply.wait(HubClock(), 0.001)

    def answer(self) -> None:
        for reply in self.replies:
            reply.set()

    def pause(self) -> None:
        self.scheduler.yield_now()

    def checkpoint(self) -> None:
        self.scheduler.checkpoint()

    def sleep(self, seconds: float) -> None:
        # Its end is exact: who is resumed here by anybody else gets an error from gevent.
        gevent.sleep(seconds)

    def guarded(self, seconds: float) -> None:
        with gevent.Timeout(seconds, False):
            gevent.sleep(seconds / 2)

    def kill(self, whom: int) -> None:
        victim = self.greenlets[whom % len(self.greenlets)]
        victim.kill(block=False)

    def throw(self, whom: int) -> None:
        """At once, and out of order, while the victim may be on the stack."""
        victim = self.greenlets[whom % len(self.greenlets)]
        if victim is not gevent.getcurrent() and victim.gr_frame is not None and not victim.dead:
            gevent.get_hub().loop.run_callback(victim.throw, Interrupted)

    def crash(self) -> None:
        raise ZeroDivisionError

    def spin(self) -> None:
        end = perf_counter() + 0.0005
        while perf_counter() < end:
            pass


STEPS = st.one_of(
    st.tuples(
        st.just("put"),
        st.integers(0, MAILBOXES - 1),
        st.integers(1, 5),
        st.sampled_from([None, None, 0, 0.0005]),
    ),
    st.tuples(
        st.just("put_control"),
        st.integers(0, MAILBOXES - 1),
        st.sampled_from([Lane.CONTROL, Lane.CONTRAFLOW]),
    ),
    st.tuples(st.just("take"), st.integers(0, MAILBOXES - 1), st.sampled_from([None, None, 0.0005])),
    st.tuples(st.just("sleep"), st.sampled_from([0.0, 1e-9, 0.0005])),
    st.tuples(st.just("guarded"), st.just(0.001)),
    st.tuples(st.sampled_from(["wait", "answer", "pause", "checkpoint", "crash", "spin"])),
    st.tuples(st.sampled_from(["kill", "throw"]), st.integers(0, 7)),
)


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    programs=st.lists(st.lists(STEPS, min_size=2, max_size=12), min_size=2, max_size=8),
    slice_seconds=st.sampled_from([0.0, 0.0003, 0.005]),
)
def test_random_programs_lose_nothing_and_strand_nobody(
    monkeypatch: pytest.MonkeyPatch, programs: list[list[Step]], slice_seconds: float
) -> None:
    # A thousand tracebacks of what crashes on purpose would take most of the time, and be cut off by kills.
    monkeypatch.setattr(gevent.get_hub(), "NOT_ERROR", (gevent.GreenletExit, SystemExit, ZeroDivisionError))
    World(slice_seconds).run(programs)


def start_hot_chains(scheduler: Scheduler, stopped: Callable[[], bool], events: int) -> list[Any]:
    """Four rings of two greenlets that hand a message to and fro and never rest."""
    greenlets = []
    for _ in range(4):
        boxes = [Mailbox(scheduler, HubClock()) for _ in range(2)]

        def play(mine: Mailbox, other: Mailbox) -> None:
            while not stopped():
                if mine.take(0.05) is not None:
                    other.put("ball", events=events)

        greenlets += [gevent.spawn(play, *boxes), gevent.spawn(play, *reversed(boxes))]
        boxes[0].put("ball", events=events)
    return greenlets


@pytest.mark.parametrize("events", [1, 2])
@pytest.mark.parametrize("kind", ["timer", "socket"])
def test_the_hub_serves_timers_and_sockets_while_chains_are_hot(kind: str, events: int) -> None:
    scheduler = Scheduler(slice_seconds=0.001)
    loop = gevent.get_hub().loop
    done = Event()
    chains = start_hot_chains(scheduler, done.is_set, events)
    settle()
    passes: list[int] = []

    def wait_in_plain_gevent() -> None:
        left, right = socket.socketpair()
        with left, right:
            for _ in range(5):
                before = loop.iteration
                if kind == "timer":
                    gevent.sleep(1e-6)  # the thing under test
                else:
                    right.send(b"x")
                    wait_read(left.fileno())
                    left.recv(1)
                passes.append(loop.iteration - before)
        done.set()

    waiter = gevent.spawn(wait_in_plain_gevent)
    waiter.get(timeout=5)
    gevent.joinall(chains, timeout=5, raise_error=True)
    assert max(passes) <= 3
    scheduler.close()


def test_what_is_on_the_stack_runs_though_the_greenlet_above_it_dies() -> None:
    scheduler = Scheduler()
    box = Mailbox(scheduler, HubClock())
    seen: list[str] = []

    def takes_and_dies() -> None:
        box.take()
        seen.append("taken")

    def puts() -> None:
        box.put("x", events=2)
        seen.append("put")

    taker = gevent.spawn(takes_and_dies)
    settle()
    putter = gevent.spawn(puts)
    gevent.joinall([taker, putter], timeout=5, raise_error=True)
    assert seen == ["taken", "put"]
    scheduler.close()


def test_what_is_on_the_stack_runs_though_the_greenlet_above_it_blocks_in_plain_gevent() -> None:
    scheduler = Scheduler()
    box = Mailbox(scheduler, HubClock())
    never = Event()

    def takes_and_blocks() -> None:
        box.take()
        never.wait()

    taker = gevent.spawn(takes_and_blocks)
    settle()
    putter = gevent.spawn(box.put, "x", None, 2)
    putter.get(timeout=5)
    assert not taker.ready()
    never.set()
    taker.get(timeout=5)
    scheduler.close()


def test_a_greenlet_killed_on_the_stack_leaves_it() -> None:
    scheduler = Scheduler()
    box = Mailbox(scheduler, HubClock())
    never = Event()
    seen: list[int] = []

    def takes_and_kills() -> None:
        box.take()
        putter.kill(block=False)
        gevent.sleep(0)
        seen.append(len(scheduler))
        never.wait()

    taker = gevent.spawn(takes_and_kills)
    settle()
    putter = gevent.spawn(box.put, "x", None, 2)
    putter.join(timeout=5)
    settle()
    assert isinstance(putter.value, gevent.GreenletExit)
    assert seen == [0]
    never.set()
    taker.get(timeout=5)
    scheduler.close()


def test_a_greenlet_interrupted_after_it_was_made_ready_is_not_resumed_again() -> None:
    scheduler = Scheduler()
    box = Mailbox(scheduler, HubClock())
    seen: list[str] = []

    def takes() -> None:
        try:
            box.take()
        except Interrupted:
            gevent.sleep(0.005)  # the thing under test
            seen.append("slept well")

    def interrupts() -> None:
        box.put("x")
        gevent.get_hub().loop.run_callback(taker.throw, Interrupted)

    # Both ways to wait: a taker that finds the stack empty waits for the hub, another one pops somebody off it.
    for bystanders in (0, 1):
        other = Reply(scheduler)
        waiting = [gevent.spawn(other.wait, HubClock()) for _ in range(bystanders)]
        settle()
        other.set()
        taker = gevent.spawn(takes)
        gevent.spawn(interrupts).join(timeout=5)
        taker.get(timeout=5)
        gevent.joinall(waiting, timeout=5, raise_error=True)
        box.take_nowait()
    assert seen == ["slept well", "slept well"]
    scheduler.close()


def test_a_sender_whose_slice_is_spent_goes_on_after_everybody_else() -> None:
    scheduler = Scheduler(slice_seconds=0.0)
    boxes = [Mailbox(scheduler, HubClock()) for _ in range(3)]

    def takes_twice(box: Mailbox) -> None:
        box.take()
        box.take()

    takers = [gevent.spawn(takes_twice, box) for box in boxes]
    settle()

    def puts() -> None:
        for box in boxes * 2:
            box.put("x", events=2)

    putter = gevent.spawn(puts)
    gevent.joinall([putter, *takers], timeout=5, raise_error=True)
    assert putter.successful()
    assert all(taker.successful() for taker in takers)
    scheduler.close()


def test_a_greenlet_that_moves_from_the_stack_to_the_queue_is_resumed_once() -> None:
    scheduler = Scheduler()
    reply = Reply(scheduler)
    seen: list[str] = []

    def waits_and_sleeps() -> None:
        reply.wait(HubClock())
        gevent.sleep(0.005)  # the thing under test
        seen.append("slept well")

    def answers_and_yields() -> None:
        reply.set()
        scheduler.yield_now()

    waiter = gevent.spawn(waits_and_sleeps)
    settle()
    gevent.joinall([waiter, gevent.spawn(answers_and_yields)], timeout=5, raise_error=True)
    assert seen == ["slept well"]
    scheduler.close()


def test_actors_that_never_rest_do_not_keep_other_greenlets_from_running() -> None:
    scheduler = Scheduler(slice_seconds=0.0)
    done = Event()

    def never_rests() -> None:
        while not done.is_set():
            scheduler.yield_now()

    def makes_messages() -> None:
        for _ in range(3):
            scheduler.yield_now()
        done.set()

    busy = [Taking.spawn(never_rests) for _ in range(3)]
    gevent.joinall([gevent.spawn(makes_messages), *busy], timeout=5, raise_error=True)
    assert done.is_set()
    scheduler.close()


def test_hot_loops_with_checkpoints_share_the_processor() -> None:
    scheduler = Scheduler(slice_seconds=0.001)
    loop = gevent.get_hub().loop
    turns: list[str] = []

    def compute(name: str) -> None:
        while len(turns) < 10:
            before = loop.iteration
            while loop.iteration == before and len(turns) < 10:
                scheduler.checkpoint()
            turns.append(name)

    gevent.joinall([gevent.spawn(compute, name) for name in "ab"], timeout=5, raise_error=True)
    assert {"a", "b"} <= set(turns)
    scheduler.close()


def test_a_closed_scheduler_still_runs_whom_somebody_wakes() -> None:
    scheduler = Scheduler()
    reply = Reply(scheduler)
    waiter = gevent.spawn(reply.wait, HubClock())
    settle()
    scheduler.close()
    reply.set("late")
    assert waiter.get(timeout=5)
