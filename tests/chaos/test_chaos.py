"""A dozen seeded runs of the chaos suite, and what has failed once. ``make chaos`` makes hundreds."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from tests.chaos.judge import Verdict
from tests.chaos.run import run
from tests.chaos.scenario import Fault, Scenario, scenario

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

SHORT_SEEDS = range(9000, 9011)
AT_A_TIME = 3

# Written out: what a seed stands for changes with the suite.
KEPT = [
    # A crash on the way into the intake was taken for a delivery.
    Scenario(15, "queue", "ledger", 1, False, 200, ("after-read:4:crash",), (Fault("full-disk", 60, 500),)),
    # What a link could not take in of another executor was never answered.
    Scenario(
        21,
        "sqlite",
        "tcp",
        2,
        False,
        475,
        ("after-read:1:crash", "before-process:4:crash,before-process:12:crash,restart-backoff:1:kill"),
        (Fault("sink-half-close", 110), Fault("pause", 243), Fault("sink-half-close", 245)),
    ),
]
"""What has failed once."""


def scenarios() -> list[Scenario]:
    return [*KEPT, *(scenario(seed, is_short=True) for seed in SHORT_SEEDS)]


@pytest.fixture(scope="module")
def verdicts(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[int, Future[Verdict]]]:
    """All runs that were chosen, under way: they mostly wait for processes to start."""
    chosen = [item.callspec.params["each"] for item in request.session.items if item.path == request.path]
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        yield {
            each.seed: pool.submit(run, each, tmp_path_factory.mktemp(f"seed-{each.seed}-"))
            for each in chosen
        }


@pytest.mark.parametrize("each", scenarios(), ids=lambda each: f"seed-{each.seed}")
def test_no_obligation_is_lost(each: Scenario, verdicts: dict[int, Future[Verdict]]) -> None:
    verdict = verdicts[each.seed].result()

    assert verdict.faults == [], each.title
    assert verdict.obligations >= each.events
