"""Pausing, resuming and restarting by the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from actors.testing import wait_until

Serve = Callable[..., Any]


def state_of(client: Any, name: str) -> str:
    return str(client.get(f"/api/v1/components/{name}").document[0]["state"])


def test_a_paused_component_works_on_nothing_until_it_is_resumed(serve: Serve) -> None:
    client = serve()
    out = client.deployment.offramp("out")
    assert client.act("pause", "main/count").document == {"components": ["pipeline:main/count"]}
    client.deployment.onramp("in").put({"n": 1})
    wait_until(lambda: client.deployment.account().left == 1)
    assert (state_of(client, "pipeline:main/count"), len(out.events)) == ("paused", 0)

    client.act("resume", "flow:main")

    wait_until(lambda: len(out.events) == 1)
    assert state_of(client, "pipeline:main/count") == "running"


def test_a_restart_loses_nothing_and_counts_as_no_failure(serve: Serve) -> None:
    client = serve()
    client.act("pause", "main/count")
    for number in range(10):
        client.deployment.onramp("in").put({"n": number})
    wait_until(lambda: client.deployment.account().left == 10)

    assert client.act("restart", "main").status == 200

    wait_until(lambda: len(client.deployment.offramp("out").events) == 10)
    assert client.get("/readyz").status == 200


def test_a_stop_ends_a_pause(serve: Serve) -> None:
    client = serve()
    client.act("pause", "flow:main")
    client.deployment.onramp("in").put({"n": 1})
    account = client.deployment.stop()
    assert (account.written, account.lost) == (1, 0)


def test_an_unknown_target_is_told_with_what_is_like_it(serve: Serve) -> None:
    answer = serve().act("pause", "pipeline:main/cuont")
    assert answer.status == 404
    assert "did you mean 'pipeline:main/count'" in answer.document["detail"]


def test_what_is_paused_is_not_ready(serve: Serve) -> None:
    client = serve()
    client.act("pause", "main/count")
    answer = client.get("/readyz")
    assert answer.status == 503
    assert answer.document["reasons"] == ["pipeline:main/count is paused"]
