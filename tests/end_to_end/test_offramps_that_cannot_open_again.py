"""An offramp that was open once, and cannot be opened any more: that is an outage like any other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from actors.testing import wait_until
from supervisor import Deployment

QUICK = {"initial": "1ms", "maximum": "2ms"}
FEW = {"max_restarts": 2, "backoff": QUICK}


def test_a_directory_that_is_moved_away_for_a_while_costs_nothing(
    deploy: Callable[..., Deployment], flow: Callable[..., dict[str, Any]], directory: Path
) -> None:
    """Regression: the first failure was waited out, the second one crashed the offramp, until the engine gave up."""
    logs, away = directory / "logs", directory / "away"
    logs.mkdir()
    file = {"type": "file", "path": str(logs / "out"), "retry": QUICK}
    deployment = deploy(flow("in -> file", offramps={"file": file}, supervisor={"restart": FEW}))
    deployment.onramp("in").put("first")
    wait_until(lambda: (logs / "out").exists() and (logs / "out").read_text() == '"first"\n')
    logs.rename(away)
    deployment.onramp("in").put("second")
    offramp = deployment.actors()["offramp:main/file"]
    wait_until(lambda: offramp.statistics().events_in_hand)

    outcome = deployment.wait(timeout=0.3)
    away.rename(logs)
    wait_until(lambda: (logs / "out").read_text() == '"first"\n"second"\n')

    assert outcome is None
    assert [component.restarts for component in deployment.account().components] == [0, 0]


def test_a_restart_of_an_offramp_that_cannot_be_opened_now_waits_as_well(
    deploy: Callable[..., Deployment], flow: Callable[..., dict[str, Any]], directory: Path
) -> None:
    logs, away = directory / "logs", directory / "away"
    logs.mkdir()
    file = {"type": "file", "path": str(logs / "out"), "retry": QUICK}
    deployment = deploy(flow("in -> file", offramps={"file": file}, supervisor={"restart": FEW}))
    logs.rename(away)
    deployment.actors()["offramp:main/file"].kill()
    deployment.onramp("in").put("first")

    outcome = deployment.wait(timeout=0.3)
    away.rename(logs)
    wait_until(lambda: (logs / "out").read_text() == '"first"\n')

    assert outcome is None
