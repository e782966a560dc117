"""For pairs of deployments by chance: a reload from one to the other leaves what a start of the other makes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from ramps.testing.leaks import nothing_outlives
from tests.reload.deployments import Tables, deployments
from tests.reload.pair import check_pair


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(300)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(before=deployments(), after=deployments())
def test_a_reload_comes_to_what_a_start_makes_and_loses_nothing(before: Tables, after: Tables) -> None:
    with nothing_outlives():
        check_pair(before, after)
