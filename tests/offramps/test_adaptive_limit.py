"""The limit of requests at a time, against a simulated server: so many workers, and a queue in front of them."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ramps.network.adaptive_limit import AdaptiveLimit

MOST = 100


class Server:
    """Requests of clients that always have as many under way as the limit lets them."""

    def __init__(self, limit: AdaptiveLimit, workers: int, service: Callable[[], float]) -> None:
        self.limit = limit
        self.workers = workers
        self.service = service
        self.refuses_beyond: int | None = None
        self.now = 0.0
        self.limits: list[int] = []
        self._free: list[float] = [0.0] * workers
        self._answers: list[tuple[float, float, int, bool]] = []

    def run(self, answers: int) -> list[int]:
        """The limits after each of so many answers."""
        self.limits = []
        while len(self.limits) < answers:
            while len(self._answers) < self.limit.limit:
                self._begin()
            due, started, era, refused = heapq.heappop(self._answers)
            self.now = max(self.now, due)
            if refused:
                self.limit.pushed_back(era)
            else:
                self.limit.answered(due - started, len(self._answers) + 1, era)
            self.limits.append(self.limit.limit)
        return self.limits

    def change(self, workers: int) -> None:
        """More or fewer workers from now on."""
        self.workers = workers
        self._free = sorted(self._free)[-workers:] + [self.now] * (workers - len(self._free))
        heapq.heapify(self._free)

    def _begin(self) -> None:
        refused = self.refuses_beyond is not None and len(self._answers) >= self.refuses_beyond
        if refused:
            due = self.now + 0.001
        else:
            due = max(heapq.heappop(self._free), self.now) + self.service()
            heapq.heappush(self._free, due)
        heapq.heappush(self._answers, (due, self.now, self.limit.era, refused))


def steady(seconds: float) -> Callable[[], float]:
    return lambda: seconds


def noisy(seconds: float, seed: int) -> Callable[[], float]:
    """As real servers are: most near the mean, some several times as long."""
    chance = random.Random(seed)
    return lambda: seconds * (0.5 + 0.5 * chance.expovariate(1.0))


def average(limits: list[int]) -> float:
    return sum(limits) / len(limits)


@pytest.mark.parametrize("workers", [1, 4, 20, 60])
@pytest.mark.parametrize("make_service", [steady, lambda seconds: noisy(seconds, 17)])
def test_the_limit_settles_near_what_the_server_can_work_on(
    workers: int, make_service: Callable[[float], Callable[[], float]]
) -> None:
    server = Server(AdaptiveLimit(MOST), workers, make_service(0.05))
    server.run(20_000)
    settled = server.run(20_000)
    assert 0.7 * workers <= average(settled) <= 2.0 * workers + 1
    assert max(settled) <= 2.5 * workers + 2


@pytest.mark.parametrize("workers", [4, 20, 60])
@pytest.mark.parametrize("make_service", [steady, lambda seconds: noisy(seconds, 17)])
def test_nearly_all_workers_of_the_server_are_kept_busy(
    workers: int, make_service: Callable[[float], Callable[[], float]]
) -> None:
    server = Server(AdaptiveLimit(MOST), workers, make_service(0.05))
    server.run(20_000)
    began = server.now
    server.run(20_000)
    assert 20_000 / (server.now - began) >= 0.9 * workers / 0.05


def test_a_server_that_lost_most_of_its_workers_is_sent_less_and_more_again_when_it_has_them_back() -> None:
    server = Server(AdaptiveLimit(MOST), 40, steady(0.05))
    server.run(10_000)
    server.change(5)
    server.run(10_000)
    assert average(server.run(5_000)) <= 12
    server.change(40)
    server.run(30_000)
    assert average(server.run(10_000)) >= 25


def test_a_server_that_became_slower_for_good_is_not_kept_at_one_request() -> None:
    limit = AdaptiveLimit(MOST)
    server = Server(limit, 20, steady(0.01))
    server.run(10_000)
    server.service = steady(0.1)
    server.run(30_000)
    assert average(server.run(10_000)) >= 14


def test_a_server_that_says_later_is_sent_about_as_much_as_it_takes() -> None:
    server = Server(AdaptiveLimit(MOST), 50, steady(0.05))
    server.refuses_beyond = 10
    server.run(10_000)
    settled = server.run(10_000)
    assert 4 <= average(settled) <= 10
    assert max(settled) <= 11


def test_many_that_are_refused_together_halve_the_limit_once() -> None:
    limit = AdaptiveLimit(MOST)
    server = Server(limit, MOST, steady(0.05))
    server.run(20_000)
    before, era = limit.limit, limit.era
    for _ in range(before):
        limit.pushed_back(era)
    assert limit.limit == before // 2


def test_answers_to_requests_of_before_a_decrease_do_not_decrease_it_again() -> None:
    limit = AdaptiveLimit(MOST)
    server = Server(limit, MOST, steady(0.05))
    server.run(5_000)
    era = limit.era
    limit.pushed_back(era)
    after = limit.limit
    for _ in range(1000):
        limit.answered(60.0, after, era)
    assert limit.limit == after > 1


def test_without_more_to_send_the_limit_does_not_grow() -> None:
    limit = AdaptiveLimit(MOST)
    for _ in range(1000):
        limit.answered(0.05, 1, limit.era)
    assert limit.limit == 2


@given(
    st.integers(1, 300),
    st.lists(
        st.tuples(
            st.booleans(), st.floats(0, 1e9), st.integers(0, 1000), st.integers(0, 3), st.integers(1, 20)
        ),
        max_size=200,
    ),
)
def test_the_limit_never_leaves_its_bounds(
    most: int, answers: list[tuple[bool, float, int, int, int]]
) -> None:
    limit = AdaptiveLimit(most)
    for refused, seconds, in_flight, age, times in answers:
        for _ in range(times):
            if refused:
                limit.pushed_back(limit.era - age)
            else:
                limit.answered(seconds, in_flight, limit.era - age)
            assert 1 <= limit.limit <= most
