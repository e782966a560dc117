"""Draining a component or flow by the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gevent
import pytest

from actors.testing import wait_until
from supervisor.deployment.running import plan_source
from supervisor.deployment.targets import UnknownTarget, find_targets, is_meant, reach_of

Serve = Callable[..., Any]

TWO = {
    "onramps": {"a": {"type": "memory"}, "b": {"type": "memory"}},
    "pipelines": {
        "first": {"operators": [{"type": "counter"}]},
        "second": {"operators": [{"type": "counter"}]},
    },
    "offramps": {"one": {"type": "memory"}, "two": {"type": "memory"}},
    "flows": {
        "left": {"links": ["a -> first -> one", "first -> two"]},
        "right": {"links": ["b -> second -> two"]},
    },
}


def states(client: Any) -> dict[str, str]:
    return {part.name: part.state for part in client.deployment.snapshot().components}


def test_what_is_under_way_arrives_and_the_flow_stays_paused(serve: Serve) -> None:
    client = serve()
    client.act("pause", "main/out")
    for number in range(100):
        client.deployment.onramp("in").put({"n": number})
    wait_until(lambda: client.deployment.account().left == 100)

    draining = gevent.spawn(client.drain, "flow:main")
    wait_until(lambda: states(client)["onramp:main/in"] == "paused")
    assert not draining.dead
    client.act("resume", "main/out")

    answer = draining.get(timeout=10.0)
    assert answer.document == {"components": ["offramp:main/out", "pipeline:main/count", "onramp:main/in"]}
    assert len(client.deployment.offramp("out").events) == 100
    assert set(states(client).values()) == {"paused"}
    client.deployment.onramp("in").put({"n": "later"})
    client.act("resume", "main")
    wait_until(lambda: len(client.deployment.offramp("out").events) == 101)


def test_what_does_not_arrive_in_time_is_named_and_its_onramps_stay_paused(serve: Serve) -> None:
    client = serve()
    client.act("pause", "main/out")
    client.deployment.onramp("in").put({"n": 1})
    wait_until(lambda: client.deployment.account().left == 1)

    answer = client.drain("main/count", timeout=0.1)

    assert (answer.status, answer.document["components"]) == (409, ["offramp:main/out"])
    assert "within 0.1 s" in answer.document["detail"]
    assert states(client) == {
        "onramp:main/in": "paused", "pipeline:main/count": "running", "offramp:main/out": "paused",
    }  # fmt: skip


def test_an_onramp_is_drained_alone(serve: Serve) -> None:
    client = serve(tables=TWO)
    assert client.drain("left/a").document == {"components": ["onramp:left/a"]}
    assert [name for name, state in states(client).items() if state == "paused"] == ["onramp:left/a"]
    client.deployment.onramp("b").put({"n": 1})
    wait_until(lambda: client.deployment.account().written == 1)


def test_an_idle_flow_is_drained_at_once_and_again(serve: Serve) -> None:
    client = serve()
    assert client.drain("main").status == client.drain("main").status == 200


def test_an_unknown_target_is_told(serve: Serve) -> None:
    assert serve().drain("flow:mian").status == 404


@pytest.mark.parametrize("timeout", [0, -1, 601, "x", None])
def test_a_timeout_that_makes_no_sense_is_refused(serve: Serve, timeout: Any) -> None:
    assert serve().drain("main", timeout).status == 422


def test_above_and_below_a_target_is_what_links_lead_to() -> None:
    plan = plan_source(TWO)
    assert reach_of(plan, "left/two").onramps == ["onramp:left/a"]
    reach = reach_of(plan, "flow:left")
    assert (reach.onramps, set(reach.below)) == (
        ["onramp:left/a"],
        {"pipeline:left/first", "offramp:left/one", "offramp:left/two"},
    )
    with pytest.raises(UnknownTarget):
        reach_of(plan, "left/b")


@pytest.mark.parametrize(
    ("actor", "target", "meant"),
    [
        ("pipeline:main#2/parse", "pipeline:main#2/parse", True),
        ("pipeline:main#2/parse", "main#2/parse", True),
        ("pipeline:main#2/parse", "main/parse", False),
        ("pipeline:main#2/parse", "onramp:main#2/parse", False),
        ("pipeline:main#2/parse", "main", True),
        ("pipeline:main#2/parse", "main#2", True),
        ("pipeline:main#2/parse", "flow:main#1", False),
        ("flow:main#2", "flow:main", True),
        ("flow:other", "main", False),
        ("executor:1", "main", False),
        ("pipeline:main/parse", "", False),
        ("pipeline:main/parse", ":", False),
    ],
)
def test_targets_mean_components_and_flows(actor: str, target: str, meant: bool) -> None:
    assert is_meant(actor, target) is meant


def test_an_unknown_name_is_told_with_the_flow_that_is_like_it() -> None:
    with pytest.raises(UnknownTarget, match="did you mean 'flow:main'"):
        find_targets(["pipeline:main#1/parse"], "flow:mian")
