"""Reloads one after the other, under load, lose nothing and leave nothing behind."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from actors.testing import wait_until
from pipelines.actor import PipelinePart
from ramps.testing.leaks import nothing_outlives
from supervisor import Deployment
from supervisor.deployment.plan import Plan
from supervisor.deployment.running import plan_source
from tests.reload.churn import Left, churn, variant
from tests.reload.live_objects import live_objects

pytestmark = pytest.mark.slow

DEADLINE_SECONDS = 10.0


@pytest.mark.timeout(180)
def test_forty_reloads_in_a_row_lose_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    looks: dict[int, Left] = {}
    with nothing_outlives():
        churned = churn(40, look_every=10, on_look=looks.__setitem__)
    assert churned.put > 100
    assert looks[40].descriptors < looks[10].descriptors + 30


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


def test_what_earlier_incarnations_have_counted_is_one_account() -> None:
    def plan(x: int) -> Plan:
        return plan_source(
            {
                "onramps": {"in": {"type": "memory"}},
                "pipelines": {"tag": {"operators": [{"type": "set", "fields": {"x": x}}]}},
                "offramps": {"out": {"type": "memory"}},
                "flows": {"main": {"links": ["in -> tag -> out"]}},
            }
        )

    with Deployment(plan(0)) as deployment:
        part = deployment._parts()["pipeline:main/tag"]
        assert isinstance(part, PipelinePart)
        for x in range(1, 6):
            deployment.onramp("in").put({})
            wait_until(lambda x=x: len(deployment.offramp("out").events) == x, DEADLINE_SECONDS)  # type: ignore[misc]
            deployment.reload(plan(x))
        past, present = part.accounts()
        assert (past["in"], past["out"]["out"], present["in"]) == (5, 5, 0)
