"""A look at events goes on, by the names in its edge, when the deployment is brought to another file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import gevent
import pytest
from gevent import socket

from actors.testing import wait_until
from supervisor import Deployment
from supervisor.deployment.reload import ReloadFailed
from supervisor.deployment.running import plan_source
from supervisor.taps.feed import TapFeed
from supervisor.taps.taps import TapSpec

SECONDS = 5.0
MANY = 1e6

Tables = dict[str, Any]
Open = Callable[[str], TapFeed]


def tables(x: int = 0, **more: Any) -> Tables:
    whole: Tables = {
        "onramps": {"in": {"type": "memory"}},
        "pipelines": {"tag": {"operators": [{"type": "set", "fields": {"x": x}}]}},
        "offramps": {"out": {"type": "blackhole"}},
        "flows": {"main": {"links": ["in -> tag -> out"]}},
    }
    for section, named in more.items():
        whole[section] = {**whole[section], **named}
    return whole


def side(**more: Any) -> Tables:
    return tables(flows={"side": {"links": ["in -> tag -> out"]}}, **more)


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    with Deployment.load(tables()) as deployment:
        yield deployment


@pytest.fixture
def tap(deployment: Deployment) -> Iterator[Open]:
    feeds: list[TapFeed] = []

    def open_tap(edge: str) -> TapFeed:
        feeds.append(deployment.tap(TapSpec(edge, "", MANY)))
        return feeds[-1]

    yield open_tap
    for feed in feeds:
        feed.close()


def put(deployment: Deployment, *numbers: int, flow: str = "main") -> None:
    for number in numbers:
        deployment._parts()[f"onramp:{flow}/in"].connector.put({"n": number})  # type: ignore[union-attr]


def seen(feed: TapFeed, count: int) -> list[dict[str, Any]]:
    """So many, which came without anybody asking in between whether the components are still the same."""
    wait_until(lambda: len(feed._waiting) >= count, SECONDS)
    return feed.take(0.0).events


@contextmanager
def feeding(deployment: Deployment) -> Iterator[Callable[[], int]]:
    """Puts events in all the while; answers how many so far."""
    count = 0

    def run() -> None:
        nonlocal count
        while True:
            put(deployment, count)
            count += 1
            gevent.sleep(0)

    greenlet = gevent.spawn(run)
    yield lambda: count
    greenlet.kill()


@pytest.mark.parametrize("edge", ["onramp:main/in", "> main/tag", "main/tag", "offramp:main/out"])
def test_what_stays_is_seen_without_a_gap(deployment: Deployment, tap: Open, edge: str) -> None:
    feed = tap(edge)
    put(deployment, 1)
    deployment.reload(plan_source(side()))
    put(deployment, 2)

    assert [event["value"]["n"] for event in seen(feed, 2)] == [1, 2]


@pytest.mark.parametrize(
    ("edge", "change"),
    [
        ("onramp:main/in", tables(onramps={"in": {"type": "memory", "batch_max": 7}})),
        ("> main/tag", tables(1)),
        ("main/tag", tables(1)),
        ("offramp:main/out", tables(offramps={"out": {"type": "blackhole", "mailbox_events": 50}})),
    ],
)
def test_what_changes_is_seen_from_the_first_event_on(
    deployment: Deployment, tap: Open, edge: str, change: Tables
) -> None:
    feed = tap(edge)
    put(deployment, 1)
    seen(feed, 1)
    deployment.reload(plan_source(change))
    put(deployment, 2)

    assert [event["value"]["n"] for event in seen(feed, 1)] == [2]


@pytest.mark.parametrize("edge", ["onramp:main/in", "> main/tag", "main/tag", "offramp:main/out"])
def test_of_what_passes_during_the_reload_every_event_is_seen_or_counted(
    deployment: Deployment, tap: Open, edge: str
) -> None:
    feed = tap(edge)
    with feeding(deployment) as count:
        for number in range(6):
            other = {"out": {"type": "blackhole", "mailbox_events": 50 + number}}
            deployment.reload(plan_source(tables(number, offramps=other)))
    wait_until(lambda: deployment.account().written == count(), SECONDS)
    sample = feed.take(0.0)
    assert len(sample.events) + sample.missed == count() > 10


def test_what_leaves_and_comes_again_is_seen_again(deployment: Deployment, tap: Open) -> None:
    feed = tap("side/tag")
    for number in range(3):
        deployment.reload(plan_source(side()))
        put(deployment, number, flow="side")
        assert [event["value"]["n"] for event in seen(feed, 1)] == [number]
        deployment.reload(plan_source(tables()))
        put(deployment, number)
        assert feed.take(0.0).events == []


def test_one_component_becomes_several_copies_and_one_again(deployment: Deployment, tap: Open) -> None:
    feed = tap("main/tag")
    deployment.reload(plan_source(tables(flows={"main": {"links": ["in -> tag -> out"], "instances": 2}})))
    put(deployment, 1, flow="main#1")
    put(deployment, 2, flow="main#2")
    assert {event["edge"] for event in seen(feed, 2)} == {
        "pipeline:main#1/tag/out",
        "pipeline:main#2/tag/out",
    }

    deployment.reload(plan_source(tables()))
    put(deployment, 3)
    assert [event["edge"] for event in seen(feed, 1)] == ["pipeline:main/tag/out"]


def test_what_was_put_back_is_seen_as_before(deployment: Deployment, tap: Open) -> None:
    feeds = [tap(edge) for edge in ("onramp:main/in", "main/tag", "offramp:main/out")]
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        busy = tables(
            1,
            offramps={"out": {"type": "blackhole", "mailbox_events": 50}},
            onramps={
                "in": {"type": "memory", "batch_max": 7},
                "net": {"type": "tcp", "address": "{}:{}".format(*taken.getsockname())},
            },
            flows={"side": {"links": ["net -> out"]}},
        )
        with pytest.raises(ReloadFailed):
            deployment.reload(plan_source(busy))
    put(deployment, 1)

    for feed in feeds:
        assert [event["value"]["n"] for event in seen(feed, 1)] == [1]


def test_a_look_that_has_ended_leaves_nothing_in_what_came_later(deployment: Deployment, tap: Open) -> None:
    feed = tap("offramp:main/out")
    deployment.reload(plan_source(tables(offramps={"out": {"type": "blackhole", "mailbox_events": 50}})))
    feed.close()

    assert not deployment._taps._hooks  # type: ignore[union-attr]
    assert deployment._parts()["offramp:main/out"].watch is None  # type: ignore[union-attr]
