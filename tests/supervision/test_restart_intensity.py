from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supervisor.supervision import InvalidSupervision, RestartIntensity
from supervisor.supervision.restart_intensity import RestartHistory


def numbers(intensity: RestartIntensity, times: list[float]) -> list[int]:
    history = RestartHistory(intensity)
    return [history.record(time) for time in times]


def test_as_many_restarts_as_allowed_are_not_too_many_and_one_more_is():
    history = RestartHistory(RestartIntensity(2, 10.0))

    assert [(history.record(time), history.exceeded) for time in (0.0, 1.0, 2.0)] == [
        (1, False),
        (2, False),
        (3, True),
    ]


def test_with_no_restarts_allowed_the_first_is_too_many():
    history = RestartHistory(RestartIntensity(0, 10.0))
    history.record(0.0)

    assert history.exceeded


def test_a_restart_counts_until_it_is_older_than_the_period():
    assert numbers(RestartIntensity(5, 10.0), [0.0, 10.0]) == [1, 2]
    assert numbers(RestartIntensity(5, 10.0), [0.0, 10.1]) == [1, 1]


@settings(deadline=None, max_examples=200)
@given(
    maximum=st.integers(0, 5),
    period=st.sampled_from([1.0, 7.0]),
    gaps=st.lists(st.sampled_from([0.0, 0.5, 1.0, 3.0, 7.0, 8.0]), max_size=30),
)
def test_the_window_slides_like_that_of_a_naive_list(maximum, period, gaps):
    history = RestartHistory(RestartIntensity(maximum, period))
    times: list[float] = []
    now = 0.0
    for gap in gaps:
        now += gap
        times.append(now)
        in_window = sum(now - time <= period for time in times)

        assert history.record(now) == min(in_window, maximum + 1)
        assert history.exceeded == (in_window > maximum)


@pytest.mark.parametrize("count", [-1, 1.5, True, None])
def test_a_count_that_is_not_a_whole_number_of_restarts_is_refused(count):
    with pytest.raises(InvalidSupervision, match="max_restarts is"):
        RestartIntensity(count, 1.0)


@pytest.mark.parametrize("period", [0, -1.0, float("inf"), float("nan")])
def test_a_period_that_is_no_period_is_refused(period):
    with pytest.raises(InvalidSupervision, match="within_seconds is"):
        RestartIntensity(1, period)
