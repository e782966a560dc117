"""Looks at events in other processes."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from gevent import socket

from actors.testing import wait_until
from supervisor import Fleet
from supervisor.deployment.reload import ReloadFailed
from supervisor.deployment.running import plan_source
from supervisor.taps.feed import TapFeed
from supervisor.taps.taps import TapSpec

pytestmark = pytest.mark.slow

Tables = dict[str, Any]
Start = Callable[[Tables], Fleet]

DEADLINE_SECONDS = 20.0


def executors_seen(feed: TapFeed, wanted: set[int]) -> list[dict[str, Any]]:
    """Waits until events of these executors have come, and none before were missed for that."""
    events: list[dict[str, Any]] = []

    def have_come() -> bool:
        events.extend(feed.take(0.5).events)
        return wanted <= {event["executor"] for event in events}

    wait_until(have_come, DEADLINE_SECONDS)
    return events


def test_what_several_executors_have_under_one_name_is_seen_in_each(
    fleet: Start, ticking: Callable[..., Tables]
) -> None:
    feed = fleet(ticking()).tap(TapSpec("> offramp:main/hole", "event.id >= 0", 20.0))

    events = executors_seen(feed, {1, 2})

    assert {event["edge"] for event in events} == {"> offramp:main#1/hole/in", "> offramp:main#2/hole/in"}
    feed.close()


def test_it_goes_on_in_an_executor_that_was_killed_and_started_anew(
    fleet: Start, ticking: Callable[..., Tables], executors: Callable[[], dict[str, int]]
) -> None:
    running = fleet(ticking())
    feed = running.tap(TapSpec("main/tick"))
    executors_seen(feed, {1, 2})
    os.kill(executors()["executor:2"], signal.SIGKILL)
    wait_until(lambda: running.executors()[1].restarts == 1, DEADLINE_SECONDS)

    executors_seen(feed, {2})


def test_what_one_executor_reads_for_all_is_seen_decoded_and_once(fleet: Start, directory: Any) -> None:
    (directory / "in.jsonl").write_text("".join(f'{{"n": {n}}}\n' for n in range(40)))
    running = fleet(
        {
            "supervisor": {"executors": 2},
            "onramps": {"in": {"type": "file", "path": "in.jsonl", "follow": True}},
            "pipelines": {"keep": {"operators": [{"type": "filter", "expression": "true"}]}},
            "offramps": {"out": {"type": "file", "path": "out.jsonl"}},
            "flows": {"main": {"instances": 2, "shared": ["in", "out"], "links": ["in -> keep -> out"]}},
        }
    )
    read, written = (
        running.tap(TapSpec(edge, "event.n >= 40", 1000.0)) for edge in ("onramp:main/in", "main/out")
    )
    for feed in (read, written):
        # Asked once, so that both executors look.
        wait_until(lambda feed=feed: feed.take(0.2).missed == 0, DEADLINE_SECONDS)  # type: ignore[misc]
    with (directory / "in.jsonl").open("a") as file:
        file.writelines(f'{{"n": {n}}}\n' for n in range(40, 80))

    for feed, edge in ((read, "onramp:main/in/out"), (written, "> offramp:main/out/in")):
        events: list[dict[str, Any]] = []
        wait_until(lambda feed=feed, events=events: events.extend(feed.take(0.2).events) or len(events) >= 40,  # type: ignore[misc]
                   DEADLINE_SECONDS)  # fmt: skip
        assert sorted(event["value"]["n"] for event in events) == list(range(40, 80))
        assert {event["edge"] for event in events} == {edge}


def test_when_nobody_looks_any_more_the_executors_do_not_either(
    fleet: Start, ticking: Callable[..., Tables]
) -> None:
    running = fleet(ticking())
    for _ in range(20):
        feed = running.tap(TapSpec("main/tick"))
        executors_seen(feed, {1})
        feed.close()
    assert feed.take(0.0).events == []


def changing(x: int = 0, **more: Any) -> Tables:
    """A copy in each executor, and what else is in ``more``, behind it in the file."""
    whole: Tables = {
        "supervisor": {"executors": 2},
        "onramps": {"tick": {"type": "metronome", "interval": "2ms"}},
        "pipelines": {"tag": {"operators": [{"type": "set", "fields": {"x": x}}]}},
        "offramps": {"hole": {"type": "blackhole", "mailbox_events": 100 + x}},
        "flows": {"main": {"links": ["tick -> tag -> hole"], "instances": 2}},
    }
    for section, named in more.items():
        whole[section] = {**whole[section], **named}
    return whole


def side(x: int) -> Tables:
    return changing(x, flows={"side": {"links": ["tick -> tag -> hole"], "instances": 2}})


def test_it_goes_on_over_reloads_in_all_executors(fleet: Start) -> None:
    running = fleet(changing())
    feed = running.tap(TapSpec("> main/hole", "", 1000.0))
    executors_seen(feed, {1, 2})
    for x in range(1, 4):
        running.reload(plan_source(changing(x) if x % 2 else side(x)))

        for executor in (1, 2):
            wait_until(
                lambda x=x, executor=executor: any(  # type: ignore[misc]
                    event["value"]["x"] == x and event["executor"] == executor
                    for event in feed.take(0.5).events
                ),
                DEADLINE_SECONDS,
            )


def test_what_leaves_all_executors_and_comes_again_is_seen_again(fleet: Start) -> None:
    running = fleet(changing())
    feed = running.tap(TapSpec("side/tag", "", 1000.0))
    for x in (1, 2):
        running.reload(plan_source(side(x)))
        events = executors_seen(feed, {1, 2})
        assert {event["value"]["x"] for event in events} == {x}
        assert {event["edge"] for event in events} == {"pipeline:side#1/tag/out", "pipeline:side#2/tag/out"}
        running.reload(plan_source(changing(x)))
        # What was seen before it left may still be under way.
        wait_until(lambda: not feed.take(0.5).events, DEADLINE_SECONDS)


def test_it_goes_on_where_the_executors_have_put_everything_back(fleet: Start) -> None:
    running = fleet(changing())
    feed = running.tap(TapSpec("> main/hole", "", 1000.0))
    executors_seen(feed, {1, 2})
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        net = {"type": "tcp", "address": "{}:{}".format(*taken.getsockname())}
        busy = changing(5, onramps={"net": net}, flows={"side": {"links": ["net -> hole"]}})
        with pytest.raises(ReloadFailed):
            running.reload(plan_source(busy))
    put_back = time.time_ns()
    later: list[dict[str, Any]] = []

    def have_come() -> bool:
        later.extend(event for event in feed.take(0.5).events if event["at_ns"] > put_back)
        return {event["executor"] for event in later} == {1, 2}

    wait_until(have_come, DEADLINE_SECONDS)
    assert {event["value"]["x"] for event in later} == {0}
