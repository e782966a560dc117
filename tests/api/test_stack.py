"""Where a component is in its code, by the API."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import gevent
import pytest

from actors import ActorSystem
from actors.stack import stack_lines
from actors.testing import wait_until

Serve = Callable[..., Any]


def test_the_calls_of_its_greenlets_are_told_without_values(serve: Serve) -> None:
    client = serve()
    (found,) = client.get("/api/v1/components/onramp:main/in/stack").document
    assert (found["component"], found["executor"], found["recent_failures"]) == ("onramp:main/in", 0, [])
    actor, reader = found["greenlets"]
    assert actor["name"] == "onramp:main/in"
    assert any(
        call.endswith(" _read_until_stopped") and "onramp_actor.py:" in call for call in reader["calls"]
    )
    assert reader["calls"].index(next(call for call in reader["calls"] if " _read_until" in call)) > 0


def test_a_component_that_is_called_stack_has_a_page_and_a_stack(serve: Serve) -> None:
    client = serve(offramp="stack")
    assert client.get("/api/v1/components/offramp:main/stack").document[0]["id"] == "stack"
    assert client.get("/api/v1/components/offramp:main/stack/stack").document[0]["executor"] == 0


@pytest.mark.parametrize("name", ["onramp:main/nix", "nix"])
def test_an_unknown_component_is_told(serve: Serve, name: str) -> None:
    answer = serve().get(f"/api/v1/components/{name}/stack")
    assert answer.status == 404


def test_the_latest_failures_are_told_with_their_times_also_in_the_tree(serve: Serve) -> None:
    backoff = {"initial": "1ms", "maximum": "1ms"}
    client = serve(supervisor={"restart": {"max_restarts": 100, "backoff": backoff}})
    before = time.time_ns()
    for number in range(7):
        client.deployment.actors()["pipeline:main/count"].kill(RuntimeError(f"failure {number}"))
        incarnation = number + 1
        wait_until(lambda: restarts_of(client) == incarnation)  # noqa: B023 called at once

    (found,) = client.get("/api/v1/components/pipeline:main/count/stack").document

    assert [failure["error"] for failure in found["recent_failures"]] == [
        f"RuntimeError: failure {number}" for number in range(2, 7)
    ]
    assert before < found["recent_failures"][0]["time_ns"] < time.time_ns()
    (flow,) = client.get("/api/v1/tree").document["children"]
    assert [len(child["recent_failures"]) for child in flow["children"]] == [0, 5, 0]


def restarts_of(client: Any) -> int:
    (part,) = [each for each in client.deployment.snapshot().components if each.kind == "pipeline"]
    return int(part.restarts) if part.state == "running" else -1


def test_an_order_to_end_is_no_failure(serve: Serve) -> None:
    client = serve()
    client.act("restart", "main/count")
    (found,) = client.get("/api/v1/components/pipeline:main/count/stack").document
    assert found["recent_failures"] == []


def test_a_greenlet_that_has_ended_is_nowhere_and_the_current_one_is_here() -> None:
    ended = gevent.spawn(lambda: None)
    ended.join()
    assert stack_lines(ended) == []
    assert stack_lines(gevent.getcurrent())[-1].endswith("stack_lines")


def test_a_deep_stack_is_cut_to_its_innermost_calls() -> None:
    def deep(depth: int) -> list[str]:
        return deep(depth - 1) if depth else stack_lines(gevent.getcurrent())

    lines = deep(500)
    assert len(lines) == 100
    assert lines[-2].endswith(" deep")


def test_an_actor_that_was_never_run_has_no_calls() -> None:
    from actors import Actor

    with ActorSystem() as system:
        ref = system.spawn(Actor, name="new")
        assert ref.stacks() == {"new": []}
