"""``python -m tests.chaos.soak``: a mixed deployment under faults for ``SOAK_MINUTES`` (30). Whatever grows, stalls, is
lost or does not add up is a failure. Not part of the test suite: it takes as long as it is told to.

It runs in two executors. One of them is killed again and again; what grows is looked for in the other one, and in their
parent, which live from the beginning to the end.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from tests.chaos import gauges
from tests.chaos.deployment import Chain, deployment_toml
from tests.chaos.engine import Engine, send, until
from tests.chaos.http_ledger import MISDEEDS
from tests.chaos.judge import judge
from tests.chaos.producer import Producer
from tests.chaos.run import how_it_stops
from tests.chaos.sinks import SINKS
from tests.chaos.slope import growth_beyond_noise
from tests.chaos.sources import SOURCES

__all__ = ["soak"]

_PAIRS = (
    ("file", "http"),
    ("http", "sqlite"),
    ("tcp", "file"),
    ("file", "sqlite"),
    ("tcp", "wal-http"),
    ("http", "wal-http"),
)
_EXECUTORS = 2
_KEEP = Path(tempfile.gettempdir()) / "chaos-failures" / "soak"
_SEED = 1
_PAUSE_SECONDS = 0.3
_LOOK_SECONDS = 1.0
_FAULT_SECONDS = 4.0
_START_SECONDS = 60.0
# An executor that ends more often is given up, and the deployment with it.
_KILL_SECONDS = 60.0
_STALL_SECONDS = 20.0
_ARRIVAL_SECONDS = 60.0
_NO_END = 10**9
_CRASH_EVERY = 400
_CRASHES = 2000
_FLOORS = {"memory_bytes": 8 * 2**20, "descriptors": 4, "greenlets": 8}
"""What may come and go: growth below this says nothing."""
_FAULTS = (
    "misdeed",
    "cut",
    "half-close",
    "delay",
    "pause",
    "full-disk",
    "kill-executor",
    "rotation",
)


class _Soak:
    def __init__(self, directory: Path, say: Console) -> None:
        self.directory, self.say = directory, say
        self.chance = random.Random(_SEED)
        self.chains = list(_chains(directory))
        (directory / "deployment.toml").write_text(deployment_toml(self.chains, _EXECUTORS))
        self.engine = Engine(directory, {"CHAOS_GAUGES": str(directory)})
        self.watched: dict[str, int] = {}
        """The processes that live all the time."""
        self.samples: dict[tuple[str, str], list[tuple[float, float]]] = {}
        """Of each process and figure: seconds and value."""
        self.arrived = dict.fromkeys((chain.name for chain in self.chains), 0)
        self.moved_at: dict[str, float] = {}
        """When the last event of each flow arrived."""
        self.killed_at = float("-inf")
        self.faults: list[str] = []

    def start(self) -> None:
        """Blocks until all of it runs."""
        crashes = ",".join(f"before-process:{_CRASH_EVERY * n}:crash" for n in range(1, _CRASHES))
        self.engine.start(crashes)
        if not until(lambda: self.engine.has_started, _START_SECONDS):
            raise RuntimeError(self.engine.log.read_text(errors="replace"))
        parent, first, *_others = self.engine.processes()
        self.watched = {"parent": parent, "executor": first}
        self.moved_at = dict.fromkeys(self.arrived, time.monotonic())

    def look(self) -> None:
        """Take the figures, and see whether each flow has moved."""
        now = time.monotonic()
        for process, pid in self.watched.items():
            for figure, value in (gauges.read(self.directory, pid) or {}).items():
                self.samples.setdefault((process, figure), []).append((now, value))
        for chain in self.chains:
            count = len(chain.sink.arrived())
            if count > self.arrived[chain.name]:
                self.arrived[chain.name], self.moved_at[chain.name] = count, now
            elif now - self.moved_at[chain.name] > _STALL_SECONDS:
                self.faults.append(f"flow {chain.name} stands still at {count} events")
                self.moved_at[chain.name] = now

    def disturb(self) -> None:
        """One fault, of those that the watched processes survive."""
        chain = self.chance.choice(self.chains)
        proxies = [proxy for proxy in (chain.source.proxy, chain.sink.proxy) if proxy is not None]
        self.heal()
        kind = self.chance.choice(_FAULTS)
        if kind == "misdeed" and chain.sink.server is not None:
            chain.sink.server.misbehave(self.chance.choice(MISDEEDS), self.chance.randint(1, 3))
        elif kind == "cut" and proxies:
            self.chance.choice(proxies).cut()
        elif kind == "half-close" and proxies:
            self.chance.choice(proxies).half_close()
        elif kind == "delay" and proxies:
            self.chance.choice(proxies).delay_seconds = 0.02
        elif kind == "pause":
            self.engine.pause()
            until(lambda: False, 0.2)
            self.engine.go_on()
        elif kind == "full-disk" and chain.sink.file is not None and chain.sink.file.exists():
            self.engine.limit_files(chain.sink.file.stat().st_size + 1000)
        elif kind == "kill-executor" and time.monotonic() > self.killed_at + _KILL_SECONDS:
            self.killed_at = time.monotonic()
            for pid in set(self.engine.executors()) - set(self.watched.values()):
                send(pid, signal.SIGKILL)
        elif kind == "rotation":
            chain.source.rotate()

    def heal(self) -> None:
        self.engine.limit_files(None)
        for chain in self.chains:
            chain.sink.heal()
            if chain.source.proxy is not None:
                chain.source.proxy.delay_seconds = 0.0

    def go_on_for(self, seconds: float) -> None:
        began = disturbed_at = told_at = time.monotonic()
        while (now := time.monotonic()) < began + seconds and self.engine.is_alive:
            if now - disturbed_at > _FAULT_SECONDS:
                disturbed_at = now
                self.disturb()
            if now - told_at > 60:
                told_at = now
                self.say.print(
                    f"{(now - began) / 60:.0f} min: {self.arrived}, {self.latest()}", highlight=False
                )
            self.look()
            until(lambda: not self.engine.is_alive, _LOOK_SECONDS)
        self.heal()
        if not set(self.watched.values()) <= set(self.engine.processes()):
            self.faults.append("a process that nobody has killed has ended")

    def latest(self) -> str:
        return ", ".join(f"{' '.join(name)} {points[-1][1]:,.0f}" for name, points in self.samples.items())

    def judge_all(self, producers: list[Producer]) -> None:
        for chain, producer in zip(self.chains, producers, strict=True):
            if not until(lambda: producer.acknowledged <= chain.sink.arrived(), _ARRIVAL_SECONDS):  # noqa: B023
                self.faults.append(f"not everything of flow {chain.name} arrived")
        self.faults += how_it_stops(self.engine)
        for chain, producer in zip(self.chains, producers, strict=True):
            verdict = judge(_SEED, producer.acknowledged, producer.sent, chain.sink.ledger())
            self.faults += [f"flow {chain.name}: {fault}" for fault in verdict.faults]
            self.say.print(
                f"{chain.name}: {verdict.obligations} obligations, {verdict.duplicates} duplicates"
            )
        for (process, figure), points in self.samples.items():
            self.say.print(f"{figure} of the {process}: {_span(points)}", highlight=False)
            growth = growth_beyond_noise(points, _FLOORS[figure])
            if growth:
                self.faults.append(
                    f"{figure} of the {process} grow: by {growth:,.0f} in the time that was looked at"
                )


def _chains(directory: Path) -> Iterator[Chain]:
    for source, sink in _PAIRS:
        place = directory / f"{source}-{sink}"
        place.mkdir()
        yield Chain(place.name, SOURCES[source](place), SINKS[sink](place), has_branch=source == "file")


def _span(points: list[tuple[float, float]]) -> str:
    values = [value for _second, value in points]
    middle = len(values) // 2
    return f"{min(values[middle:]):,.0f} to {max(values[middle:]):,.0f} in the second half"


def soak(minutes: float, say: Console) -> list[str]:
    """What went wrong. Blocks for so long, and a little more."""
    with tempfile.TemporaryDirectory(prefix="soak-") as directory:
        this = _Soak(Path(directory), say)
        producers: list[Producer] = []
        try:
            this.start()
            producers += [Producer(chain.source, _SEED, 0, _NO_END, _PAUSE_SECONDS) for chain in this.chains]
            this.go_on_for(minutes * 60)
            for producer in producers:
                producer.stop()
            this.judge_all(producers)
        finally:
            for producer in producers:
                producer.stop()
            this.engine.kill()
            for chain in this.chains:
                chain.source.close()
                chain.sink.close()
            if this.faults:
                shutil.copytree(directory, _KEEP, dirs_exist_ok=True)
    return this.faults


def main() -> int:
    """The exit code: 1 if anything went wrong."""
    say = Console()
    minutes = float(os.environ.get("SOAK_MINUTES", "30"))
    faults = soak(minutes, say)
    for fault in faults:
        say.print(fault, markup=False, highlight=False)
    if faults:
        say.print(f"what it left is in {_KEEP}", markup=False, highlight=False)
    say.print(
        f"{minutes:g} minutes: " + (f"{len(faults)} things went wrong" if faults else "nothing went wrong")
    )
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
