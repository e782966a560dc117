from __future__ import annotations

import pytest

from supervisor.supervision.stall_detection import ProgressSample, standstill_start


def sample(at: float, processed: int = 5, waiting: int = 3, blocked_on: str | None = None) -> ProgressSample:
    return ProgressSample(at, processed, waiting, blocked_on)


def test_a_standstill_begins_with_the_first_look():
    assert standstill_start(None, sample(0)) == sample(0)


def test_a_standstill_goes_on_while_input_waits_and_nothing_is_taken():
    assert standstill_start(sample(0), sample(1, waiting=9)) == sample(0)


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (sample(0), sample(1, processed=6)),
        (sample(0, waiting=0), sample(1)),
        (sample(0), sample(1, waiting=0)),
        (sample(0), sample(1, blocked_on="offramp:out")),
        (sample(0, blocked_on="offramp:out"), sample(1)),
    ],
    ids=["it took something", "nothing waited", "nothing waits", "it is blocked", "it was blocked"],
)
def test_a_standstill_begins_anew_with_each_excuse(before, now):
    assert standstill_start(before, now) == now
