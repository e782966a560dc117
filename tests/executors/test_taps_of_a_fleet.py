"""Looks at events in other processes."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

from actors.testing import wait_until
from supervisor import Fleet
from supervisor.taps.feed import TapFeed
from supervisor.taps.taps import TapSpec

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
