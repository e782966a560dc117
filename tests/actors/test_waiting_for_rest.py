"""`wait_until_at_rest`: nothing goes on unless the clock moves."""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic
from typing import Any

import gevent
import pytest

from actors import Actor, ActorSystem, MailboxLimits
from actors.testing import VirtualClock, wait_until_at_rest


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def system(clock: VirtualClock) -> Iterator[ActorSystem]:
    system = ActorSystem(clock=clock)
    yield system
    stopper = gevent.spawn(system.shutdown)
    while not stopper.dead:
        clock.advance(1.0)
    stopper.get()


class Relay(Actor[Any]):
    """Hands on what it is told, one less each time."""

    def __init__(self, heard: list[int]) -> None:
        self._heard = heard

    def on_message(self, message: int) -> None:
        self._heard.append(message)
        if message:
            self.ref.tell(message - 1)


class Sleeper(Actor[Any]):
    """Waits by the clock for something outside."""

    def __init__(self, woken: list[int]) -> None:
        self._woken = woken

    def on_message(self, message: int) -> None:
        self.waits_for("better times")
        self.sleep(message)
        self.waits_for(None)
        self._woken.append(message)


class Worker(Actor[Any]):
    """Does something that takes real time, and says nothing."""

    def __init__(self, done: list[int]) -> None:
        self._done = done

    def on_message(self, message: int) -> None:
        gevent.sleep(message / 1000)
        self._done.append(message)


def test_a_chain_of_messages_is_at_its_end(system: ActorSystem) -> None:
    heard: list[int] = []
    system.spawn(lambda: Relay(heard)).tell(100)

    wait_until_at_rest(system)

    assert heard[-1] == 0


def test_who_waits_for_the_clock_is_at_rest(system: ActorSystem, clock: VirtualClock) -> None:
    woken: list[int] = []
    system.spawn(lambda: Sleeper(woken)).tell(60)
    started = monotonic()

    wait_until_at_rest(system, timeout=30.0)

    assert (woken, monotonic() - started < 10.0) == ([], True)
    clock.advance(60.0)
    assert woken == [60]


def test_who_waits_for_room_behind_a_waiting_one_is_at_rest(system: ActorSystem, clock: VirtualClock) -> None:
    woken: list[int] = []
    sleeper = system.spawn(lambda: Sleeper(woken), limits=MailboxLimits(events=1))
    sender = gevent.spawn(lambda: [sleeper.tell(number) for number in (1, 2, 3, 4)])
    started = monotonic()

    wait_until_at_rest(system, timeout=30.0)

    assert (woken, sender.dead, monotonic() - started < 10.0) == ([], False, True)
    clock.advance(10.0)
    assert woken == [1, 2, 3, 4]


def test_work_that_takes_real_time_is_waited_for(system: ActorSystem) -> None:
    done: list[int] = []
    system.spawn(lambda: Worker(done)).tell(50)

    wait_until_at_rest(system, timeout=30.0)

    assert done == [50]


def test_progress_outside_of_actors_counts(system: ActorSystem) -> None:
    steps: list[int] = []

    def work() -> None:
        for number in range(50):
            steps.append(number)
            gevent.sleep(0)

    worker = gevent.spawn(work)
    wait_until_at_rest(system, lambda: len(steps))
    assert worker.dead
