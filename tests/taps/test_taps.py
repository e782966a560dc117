"""Looks at the events of a deployment in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from actors.testing import VirtualClock, wait_until
from pipelines.actor import PipelinePart
from pipelines.batch import Batch
from pipelines.outlets import Outlets
from supervisor.deployment.deployment import Deployment
from supervisor.deployment.plan import Plan
from supervisor.deployment.running import plan_source
from supervisor.taps.feed import MAX_TAPS, TapFeed, TooManyTaps
from supervisor.taps.shown import Shown
from supervisor.taps.taps import Taps, TapSpec

SECONDS = 5.0


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    with Deployment.load(
        {
            "onramps": {"in": {"type": "memory"}},
            "pipelines": {"count": {"operators": [{"type": "counter"}]}},
            "offramps": {"out": {"type": "memory"}},
            "flows": {"main": {"links": ["in -> count -> out"], "restart": {"backoff": {"initial": "1ms"}}}},
        }
    ) as deployment:
        yield deployment


@pytest.fixture
def tap(deployment: Deployment) -> Iterator[Callable[..., TapFeed]]:
    with ExitStack() as stack:

        def open_tap(*spec: Any) -> TapFeed:
            feed = deployment.tap(TapSpec(*spec))
            stack.callback(feed.close)
            return feed

        yield open_tap


def seen(feed: TapFeed, count: int) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    wait_until(lambda: bool(events.extend(feed.take(0.05).events)) or len(events) >= count, SECONDS)
    return events


def hooks(deployment: Deployment) -> list[object]:
    parts: list[Any] = list(deployment._parts().values())
    found = [part.outlets.watch for part in parts] + [getattr(part, "watch", None) for part in parts]
    return [hook for hook in found if hook is not None]


@pytest.mark.parametrize(
    ("edge", "name", "value"),
    [
        ("onramp:main/in", "onramp:main/in/out", {"n": 1}),
        ("> pipeline:main/count", "> pipeline:main/count/in", {"n": 1}),
        ("main/count", "pipeline:main/count/out", {"count": 1, "event": {"n": 1}}),
        ("offramp:main/out", "> offramp:main/out/in", {"count": 1, "event": {"n": 1}}),
    ],
)
def test_each_edge_shows_what_passes_there(
    deployment: Deployment, tap: Callable[..., TapFeed], edge: str, name: str, value: Any
) -> None:
    feed = tap(edge)
    deployment.onramp("in").put({"n": 1})

    (event,) = seen(feed, 1)

    assert (event["edge"], event["value"], event["meta"], event["executor"]) == (name, value, None, 0)
    assert event["at_ns"] >= event["ingest_ns"] > 0


def test_nothing_is_installed_where_nobody_looks(deployment: Deployment, tap: Callable[..., TapFeed]) -> None:
    assert hooks(deployment) == []
    feed, other = tap("main/count"), tap("> main/count")
    assert len(hooks(deployment)) == 2
    feed.close()
    other.close()
    assert hooks(deployment) == []


def test_a_filter_picks_events_and_the_others_are_not_missed(
    deployment: Deployment, tap: Callable[..., TapFeed]
) -> None:
    feed = tap("onramp:main/in", "event.n >= 8 and event.kind == 'a'")
    for n in range(10):
        deployment.onramp("in").put({"n": n, "kind": "a" if n % 2 else "b"})

    assert [event["value"]["n"] for event in seen(feed, 1)] == [9]
    assert feed.take(0.01).missed == 0


def test_two_who_look_at_one_edge_do_not_disturb_each_other(
    deployment: Deployment, tap: Callable[..., TapFeed]
) -> None:
    first, second = tap("main/count"), tap("main/count", "event.count > 1")
    deployment.onramp("in").put({})
    deployment.onramp("in").put({})

    assert [event["value"]["count"] for event in seen(first, 2)] == [1, 2]
    first.close()
    deployment.onramp("in").put({})
    assert [event["value"]["count"] for event in seen(second, 2)] == [2, 3]


def test_it_outlives_a_restart_of_what_it_looks_at(
    deployment: Deployment, tap: Callable[..., TapFeed]
) -> None:
    feed = tap("main/count")
    deployment.steer("restart", "main/count")
    deployment.onramp("in").put({"n": 1})

    assert len(seen(feed, 1)) == 1


def test_it_ends_with_the_deployment(deployment: Deployment, tap: Callable[..., TapFeed]) -> None:
    feed = tap("main/count")
    deployment.stop()

    assert feed.closed
    assert feed.take(SECONDS).events == []


def test_only_so_many_may_look(deployment: Deployment, tap: Callable[..., TapFeed]) -> None:
    feeds = [tap("main/count") for _ in range(MAX_TAPS)]
    with pytest.raises(TooManyTaps, match="end one of them first"):
        tap("main/count")
    feeds[0].close()
    tap("main/count")


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        (("nonsense",), "is no edge"),
        (("main/count", "event.n =="), "is not an expression"),
        (("main/count", "event.user['Api-Key'] == 'x'"), "cannot ask for 'Api-Key', which is hidden"),
        (("main/count", "", 0.0), "more than zero"),
    ],
)
def test_what_cannot_be_asked_for_is_told(tap: Callable[..., TapFeed], spec: Any, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        tap(*spec)


# --- alone, with a clock of its own ----------------------------------------------------------------------------------


class Stage:
    """Parts of a plan without actors: batches are sent by their outlets."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.plan = self._plan("count")
        self.parts: dict[str, Any] = {}
        self.processor_seconds = 0.0
        self.taps = Taps(
            lambda: {component.actor_name: component for component in self.plan.components()},
            lambda: self.parts,
            self.clock,
            Shown(),
            now=lambda: self.processor_seconds,
        )
        self.install("pipeline:main/count")

    def install(self, name: str) -> None:
        self.parts = {name: PipelinePart(name, lambda: pytest.fail("made"), Outlets())}

    def reload(self, name: str) -> None:
        self.plan = self._plan(name)
        self.install(f"pipeline:main/{name}")

    def send(self, values: list[Any]) -> None:
        (part,) = self.parts.values()
        part.outlets.send("out", Batch(values, ingest_ns=1))

    def _plan(self, name: str) -> Plan:
        return plan_source(
            {
                "onramps": {"in": {"type": "memory"}},
                "pipelines": {name: {"operators": [{"type": "counter"}]}},
                "offramps": {"out": {"type": "memory"}},
                "flows": {"main": {"links": [f"in -> {name} -> out"]}},
            }
        )


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_what_comes_too_fast_is_counted_and_comes_again_with_time(stage: Stage) -> None:
    feed = stage.taps.open(TapSpec("main/count", "", 4.0))
    stage.send(list(range(10)))
    sample = feed.take(0.0)
    assert ([event["value"] for event in sample.events], sample.missed) == ([0, 1, 2, 3], 6)

    stage.clock.advance(0.5)
    stage.send(list(range(10)))

    sample = feed.take(0.0)
    assert ([event["value"] for event in sample.events], sample.missed) == ([0, 1], 8)


def test_who_does_not_take_holds_nobody_up_and_misses_events(stage: Stage) -> None:
    feed = stage.taps.open(TapSpec("main/count", "", 1e6))
    for _ in range(100):
        stage.send(list(range(10)))

    sample = feed.take(0.0)

    assert 0 < len(sample.events) < 1000
    assert len(sample.events) + sample.missed == 1000


def test_looking_takes_no_more_time_than_its_share(stage: Stage) -> None:
    feed = stage.taps.open(TapSpec("main/count", "", 1e6))
    hook = stage.parts["pipeline:main/count"].outlets.watch
    hook.samplers[0][1].clock = _Slow(stage)
    for _ in range(20):
        stage.send([1])
    sample = feed.take(0.0)
    assert (len(sample.events), sample.missed) == (6, 14)

    stage.processor_seconds += 1.0
    stage.send([1])

    assert len(feed.take(0.0).events) == 1


def test_a_batch_of_events_that_take_long_to_look_at_is_left_when_the_share_is_used_up(stage: Stage) -> None:
    feed = stage.taps.open(TapSpec("main/count", "event.n == 1", 1e6))
    hook = stage.parts["pipeline:main/count"].outlets.watch
    sampler = hook.samplers[0][1]

    def slowly(_event: object, _meta: object) -> bool:
        stage.processor_seconds += 0.02
        return False

    sampler.wanted = slowly
    stage.send(list(range(100)))

    assert feed.take(0.0).missed == 97
    assert stage.processor_seconds < 0.1


class _Slow:
    """A clock at which each look costs eight milliseconds."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def now(self) -> float:
        self._stage.processor_seconds += 0.008
        return self._stage.clock.now()

    def time_ns(self) -> int:
        return 0


def test_it_goes_on_where_a_reload_has_put_another_part(stage: Stage) -> None:
    feed = stage.taps.open(TapSpec("main/count"))
    (before,) = stage.parts.values()
    stage.install("pipeline:main/count")
    feed.take(0.0)

    stage.send([1])

    assert [event["value"] for event in feed.take(0.0).events] == [1]
    assert before.outlets.watch is None


def test_it_waits_for_a_component_that_is_not_there(stage: Stage) -> None:
    feed = stage.taps.open(TapSpec("main/later"))
    stage.send([1])
    assert feed.take(0.0).events == []

    stage.reload("later")
    feed.take(0.0)
    stage.send([2])
    assert [event["value"] for event in feed.take(0.0).events] == [2]

    stage.reload("count")
    feed.take(0.0)
    stage.send([3])
    assert feed.take(0.0).events == []


def test_who_watched_before_still_does_and_afterwards_too(stage: Stage) -> None:
    watched: list[Any] = []
    outlets = stage.parts["pipeline:main/count"].outlets
    outlets.watch = watch = lambda port, batch: watched.append((port, list(batch.values)))
    feed = stage.taps.open(TapSpec("main/count"))
    stage.send([1])
    feed.close()
    assert (watched, outlets.watch) == ([("out", [1])], watch)


def test_a_value_that_cannot_even_be_looked_at_is_missed_and_hurts_nobody(stage: Stage) -> None:
    class Evil:
        def __eq__(self, other: object) -> bool:
            raise RuntimeError("no")

        __hash__ = None  # type: ignore[assignment]

    feed = stage.taps.open(TapSpec("main/count", "event.x == 1"))
    stage.send([{"x": Evil()}, {"x": 1}])
    sample = feed.take(0.0)
    assert (len(sample.events), sample.missed) == (1, 1)
