"""Many reloads in a row under load: what they lose, and what they leave behind."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import gevent

from ramps.onramps.memory import MemoryOnramp
from ramps.testing.accounting import assert_balanced
from supervisor import Deployment
from supervisor.deployment.running import plan_source
from tests.reload.live_objects import live_objects

Tables = dict[str, Any]


@dataclass(frozen=True)
class Left:
    """What there is in the process."""

    memory_bytes: int
    objects: int
    """Of the engine's own classes."""
    descriptors: int
    greenlets: int

    @classmethod
    def now(cls) -> Left:
        """Looked at when all garbage is gone."""
        objects = live_objects().total()
        greenlets = sum(isinstance(each, gevent.Greenlet) and not each.dead for each in gc.get_objects())
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return cls(pages * os.sysconf("SC_PAGE_SIZE"), objects, len(os.listdir("/proc/self/fd")), greenlets)


@dataclass
class Churned:
    """What came of it."""

    put: int
    delivered: int


def variant(random: Random) -> Tables:
    """A steady flow that promises at-least-once, with something different each time, and flows that come and go."""
    sinks = random.sample(["out0", "out1", "out2"], random.randint(1, 2))
    steps = random.sample(["set", "join", "ask"], random.randint(0, 3))
    head, *others = sinks
    links = [" -> ".join(["in", *steps, head]), *(f"{(steps or ['in'])[-1]} -> {sink}" for sink in others)]
    flows: Tables = {
        "steady": {"links": links, "guarantee": "at-least-once", "dead_letters": {"offramp": "errors"}},
        "plain": {"links": ["fast -> set -> log"], "instances": random.randint(1, 3), "shared": ["log"]},
    }
    for name in random.sample(["a", "b", "c"], random.randint(0, 3)):
        flows[name] = {"links": [f"net -> {random.choice(['out1', 'out2'])}", "clock -> out1"]}
    return {
        "supervisor": {"drain_timeout": "5s"},
        "onramps": {
            "in": {"type": "memory"},
            "fast": {"type": "memory", "batch_max": random.choice([64, 128])},
            "net": {"type": "tcp", "address": "127.0.0.1:0"},
            "clock": {"type": "metronome", "interval": "5ms"},
        },
        "pipelines": {
            "set": {"operators": [{"type": "set", "fields": {"x": random.randint(0, 3)}}]},
            "join": {"operators": [{"type": "batch", "count": random.randint(2, 3), "timeout": "100ms"}]},
            "ask": {"script": f"let event.y = {random.randint(0, 3)}; event"}
            if "join" not in steps
            else {"operators": [{"type": "counter"}]},
        },
        "offramps": {
            "out0": {"type": "blackhole"},
            "out1": {"type": "blackhole", "mailbox_events": random.choice([100, 1024])},
            "out2": {"type": "blackhole"},
            "errors": {"type": "blackhole"},
            "log": {"type": "file", "path": "log.jsonl", "fsync": "never"},
        },
        "flows": flows,
    }


def churn(
    reloads: int,
    seed: int = 0,
    *,
    look_every: int = 250,
    on_look: Callable[[int, Left], None] = lambda number, left: None,
) -> Churned:
    """Reload so often. Raises ``AssertionError`` where something is lost. The current directory gets a file.

    ``on_look`` hears what there is after so many reloads, each time with the first deployment.
    """
    random = Random(seed)
    put = delivered = 0
    first = variant(random)

    def count() -> None:
        nonlocal delivered
        delivered += 1

    def feed() -> None:
        nonlocal put
        while True:
            steady: MemoryOnramp = deployment.onramp("in")
            steady.put({"id": put}, on_delivered=count)
            put += 1
            for part in list(deployment._parts().values()):
                connector: Any = getattr(part, "connector", None)
                if isinstance(connector, MemoryOnramp) and connector is not steady and connector._open:
                    try:
                        connector.put({"id": put}, timeout=0.01)
                    except Exception:
                        # It leaves just now.
                        continue
            gevent.sleep(0)

    with Deployment.load(first) as deployment:
        steady = deployment.onramp("in")
        feeding = gevent.spawn(feed)
        for number in range(1, reloads + 1):
            is_look = number % look_every == 0
            deployment.reload(plan_source(first if is_look else variant(random)))
            assert deployment.onramp("in") is steady, "the onramp that does not change was replaced"
            assert feeding, feeding.exception
            if is_look:
                on_look(number, Left.now())
        feeding.kill()
        account = deployment.stop()
    assert_balanced(deployment, repeated=True)
    assert account.lost == 0, account.undelivered()
    assert delivered == put, f"{put - delivered} of {put} events were never delivered"
    return Churned(put, delivered)
