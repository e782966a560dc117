"""Several requests at a time: how many, how fast, and what a failure or a kill leaves."""

from __future__ import annotations

from itertools import count

import gevent
import pytest
from gevent.event import Event
from hypothesis import given
from hypothesis import strategies as st

from actors.testing import VirtualClock, wait_until
from ramps.errors import ConnectionLost
from ramps.network.request_rate import RequestRate
from ramps.network.requests_in_flight import RequestsInFlight
from tests.delivery.killing import interrupted_at


@given(
    st.floats(0.01, 10_000),
    st.lists(st.floats(0, 10), min_size=1, max_size=100),
)
def test_in_no_stretch_of_time_more_requests_are_sent_than_the_rate_and_its_burst_allow(
    per_second: float, gaps: list[float]
) -> None:
    rate, now, sent = RequestRate(per_second), 0.0, []
    for gap in gaps:
        now += gap
        wait = rate.reserve(now)
        assert wait >= 0
        now += wait
        sent.append(now)
    burst = max(1.0, 0.1 * per_second)
    for first in range(len(sent)):
        for last in range(first, len(sent)):
            allowed = burst + (sent[last] - sent[first]) * per_second
            assert last - first + 1 <= allowed * (1 + 1e-6) + 1e-6


def test_whoever_is_slower_than_the_rate_never_waits() -> None:
    rate = RequestRate(10)
    assert [rate.reserve(number * 0.1001) for number in range(50)] == [0] * 50


def test_the_rate_goes_by_the_clock_that_it_is_given() -> None:
    clock, sent = VirtualClock(), []
    requests = RequestsInFlight(4, 4, per_second=2)
    sender = gevent.spawn(requests.send_all, range(5), lambda item: sent.append((item, clock.now())), clock)
    for _ in range(5):
        wait_until(lambda: clock.next_call() is not None or sender.dead)
        clock.advance(0.5)
    sender.get(timeout=5.0)
    assert sent == [(0, 0.0), (1, 0.5), (2, 1.0), (3, 1.5), (4, 2.0)]


def test_a_failure_ends_the_wait_for_the_next_turn_and_begins_no_other() -> None:
    clock, fails, begun = VirtualClock(), Event(), []

    def send(item: int) -> None:
        begun.append(item)
        fails.wait()
        raise ConnectionLost("later")

    sender = gevent.spawn(RequestsInFlight(4, 4, per_second=0.001).send_all, range(5), send, clock)
    wait_until(lambda: clock.next_call() is not None)
    fails.set()
    with pytest.raises(ConnectionLost):
        sender.get(timeout=5.0)
    assert begun == [0]
    assert clock.next_call() is None


def test_of_several_failures_the_one_that_asks_for_the_longest_wait_is_raised() -> None:
    begun, fails = [], Event()

    def send(item: float) -> None:
        begun.append(item)
        fails.wait()
        raise ConnectionLost("later", item or None)

    sender = gevent.spawn(RequestsInFlight(3, 3, None).send_all, [0.0, 30.0, 7.0, 90.0], send, VirtualClock())
    wait_until(lambda: len(begun) == 3)
    fails.set()
    with pytest.raises(ConnectionLost) as caught:
        sender.get(timeout=5.0)
    assert caught.value.retry_after_seconds == 30.0
    assert len(begun) == 3


def test_what_was_begun_before_a_failure_comes_to_its_end() -> None:
    goes_on, ended = Event(), []

    def send(item: int) -> None:
        if item == 1:
            raise ConnectionLost("later")
        goes_on.wait()
        ended.append(item)

    sender = gevent.spawn(RequestsInFlight(2, 2, None).send_all, range(4), send, VirtualClock())
    gevent.idle()
    goes_on.set()
    with pytest.raises(ConnectionLost):
        sender.get(timeout=5.0)
    assert ended == [0]


def test_with_one_at_a_time_the_order_is_kept() -> None:
    order: list[int] = []

    def send(item: int) -> None:
        for _ in range(10 - item):
            gevent.sleep(0)
        order.append(item)

    RequestsInFlight(1, 1, None).send_all(range(10), send, VirtualClock())
    assert order == list(range(10))


@pytest.mark.parametrize("limit", [1, 3, "auto"])
def test_whoever_is_killed_takes_all_that_is_under_way_with_him(limit: int) -> None:
    under_way: set[int] = set()

    def send(item: int) -> None:
        under_way.add(item)
        try:
            Event().wait()
        finally:
            under_way.remove(item)

    sender = gevent.spawn(RequestsInFlight(limit, 8, None).send_all, range(10), send, VirtualClock())
    wait_until(lambda: len(under_way) == (3 if limit == 3 else 1))
    sender.kill(timeout=5.0)
    assert sender.dead
    assert not under_way


def test_the_found_limit_is_kept_from_one_batch_to_the_next() -> None:
    clock = VirtualClock()
    requests = RequestsInFlight("auto", 8, None)
    found = []
    for _ in range(20):
        requests.send_all(range(32), lambda item: gevent.sleep(0), clock)
        found.append(requests.limit)
    assert found[0] > 1
    assert found == sorted(found)
    assert found[-1] == 8


def test_it_wakes_up_whatever_others_did_just_before_it_began_to_wait() -> None:
    """Regression: an answer between the look and the wait was forgotten, and the sender waited for ever."""
    for number in count():
        finish = Event()

        def send(_item: int, finish: Event = finish) -> None:
            finish.wait()

        def others_run(finish: Event = finish) -> None:
            finish.set()
            for _ in range(10):
                gevent.sleep(0)

        deadline = gevent.Timeout(10.0, TimeoutError("it waits for ever"))
        with deadline, interrupted_at(number, others_run) as interruption:
            later = gevent.spawn_later(0.05, finish.set)
            RequestsInFlight(1, 1, None).send_all([1], send, VirtualClock())
        later.kill()
        if not interruption.happened:
            assert number > 20
            return
