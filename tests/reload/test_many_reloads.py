"""Reloads one after the other, under load, lose nothing and leave nothing behind."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from actors.testing import wait_until
from ramps.testing.leaks import nothing_outlives
from supervisor import Deployment
from supervisor.deployment.running import plan_source
from tests.reload.churn import churn, variant
from tests.reload.live_objects import live_objects

DEADLINE_SECONDS = 10.0


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_forty_reloads_in_a_row_lose_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with nothing_outlives():
        churned = churn(40, look_every=10)
    assert churned.put > 100
    assert churned.looks[40].descriptors < churned.looks[10].descriptors + 30


def test_reloads_to_and_fro_leave_no_objects_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    variants = [variant(Random(seed)) for seed in range(5)]
    delivered: list[int] = []
    with Deployment.load(variants[-1]) as deployment:

        def reload(numbers: range) -> None:
            for number in numbers:
                deployment.reload(plan_source(variants[number % len(variants)]))
                deployment.onramp("in").put({"id": number}, on_delivered=lambda: delivered.append(1))
            wait_until(lambda: len(delivered) == numbers.stop, DEADLINE_SECONDS)

        reload(range(10))
        before = live_objects()
        reload(range(10, 30))

        def more() -> dict[str, int]:
            return dict(live_objects() - before)

        # What ends just now may still be there, in either count.
        with suppress(AssertionError):
            wait_until(lambda: not more(), DEADLINE_SECONDS)
        assert more() == {}
