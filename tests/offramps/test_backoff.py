from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pipelines.retry import Backoff, BackoffOptions


def options(**values: object) -> BackoffOptions:
    return BackoffOptions.model_validate(values)


def test_without_jitter_the_delays_grow_by_the_factor_up_to_the_maximum() -> None:
    backoff = Backoff(options(initial="100ms", factor=3, maximum="1s", jitter=0))
    assert [backoff.next_delay() for _ in range(5)] == pytest.approx([0.1, 0.3, 0.9, 1.0, 1.0])


def test_with_full_jitter_a_delay_is_anywhere_up_to_the_exponential_ceiling() -> None:
    randoms = iter([0.0, 0.5, 0.75])
    backoff = Backoff(options(initial="1s", factor=2), lambda: next(randoms))
    assert [backoff.next_delay() for _ in range(3)] == [1.0, 1.0, 1.0]


def test_part_of_the_jitter_leaves_the_rest_of_the_delay_fixed() -> None:
    backoff = Backoff(options(initial="1s", jitter=0.25), lambda: 1.0)
    assert backoff.next_delay() == 0.75


def test_a_success_starts_from_the_beginning() -> None:
    backoff = Backoff(options(initial="1s", jitter=0))
    backoff.next_delay()
    backoff.next_delay()
    assert backoff.failures == 2
    backoff.reset()
    assert backoff.next_delay() == 1.0


def test_the_other_side_may_ask_for_a_longer_delay_but_not_for_a_shorter_one() -> None:
    backoff = Backoff(options(initial="1s", jitter=0))
    assert backoff.next_delay(5.0) == 5.0
    assert backoff.next_delay(0.1) == 2.0


@given(
    st.floats(1e-3, 1e3),
    st.floats(1, 100),
    st.floats(0, 1),
    st.integers(0, 100_000),
    st.floats(0, 1, exclude_max=True),
)
def test_no_delay_is_negative_or_beyond_the_maximum(
    initial: float, factor: float, jitter: float, failures: int, chance: float
) -> None:
    made = BackoffOptions.model_construct(initial=initial, factor=factor, maximum=1e3, jitter=jitter)
    backoff = Backoff(made, lambda: chance)
    backoff.failures = failures
    assert 0 <= backoff.next_delay() <= 1e3


@pytest.mark.parametrize(
    "values",
    [
        {"initial": "0s"},
        {"initial": "2s", "maximum": "1s"},
        {"factor": 0.5},
        {"factor": float("inf")},
        {"jitter": 1.5},
        {"initial": 30},
    ],
)
def test_options_that_make_no_sense_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        options(**values)
