"""A dozen seeded runs of the chaos suite, and every seed that has ever failed. ``make chaos`` makes hundreds."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

import pytest

from tests.chaos.judge import Verdict
from tests.chaos.run import run
from tests.chaos.scenario import Scenario, scenario

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

SHORT_SEEDS = range(9000, 9012)
AT_A_TIME = 3


KEPT = [
    # A crash on the way into the intake was taken for a delivery.
    scenario(15, ["queue"], ["ledger"]),
    scenario(17, ["queue"], ["ledger"]),
]
"""What has failed once."""


def scenarios() -> list[Scenario]:
    return [*KEPT, *(scenario(seed, is_short=True) for seed in SHORT_SEEDS)]


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[int, Future[Verdict]]]:
    """All runs, under way: they mostly wait for processes to start."""
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        yield {
            each.seed: pool.submit(partial(run, each, tmp_path_factory.mktemp(f"seed-{each.seed}-")))
            for each in scenarios()
        }


@pytest.mark.parametrize("each", scenarios(), ids=lambda each: f"seed-{each.seed}")
def test_no_obligation_is_lost(each: Scenario, verdicts: dict[int, Future[Verdict]]) -> None:
    verdict = verdicts[each.seed].result()

    assert verdict.faults == [], each.title
    assert verdict.obligations >= each.events
