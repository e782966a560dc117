"""An offramp that wants values may refuse some, like any other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from supervisor import Deployment


def test_what_an_offramp_without_a_codec_refuses_leaves_by_err(
    deploy: Callable[..., Deployment], flow: Callable[..., dict[str, Any]]
) -> None:
    deployment = deploy(flow("in -> stop", "stop/err -> out", offramps={"stop": {"type": "exit"}}))
    deployment.onramp("in").put("no order")
    (event,) = deployment.offramp("out").wait_for(1)
    assert event["event"] == "no order"
    assert deployment.actors()["offramp:main/stop"].statistics().restarts == 0
