"""How fast and how small the kernel is, next to Pykka's threads, measured in turns (A B A B) in the same run.

    python -m benchmarks.actors [--json FILE] [--repeat N] [--quick]

Exit code 1 when a target is missed. Medians, with the least and the most in brackets; the ratios are what to compare
between machines.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter, thread_time
from typing import Any

import gevent
import pykka
from gevent.event import Event
from rich.console import Console
from rich.table import Table

from actors import Actor, ActorSystem, HubClock, Mailbox, Scheduler

PAGE_BYTES = 4096


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    unit: str
    values: list[float]
    target: str = ""
    met: bool | None = None

    @property
    def median(self) -> float:
        return statistics.median(self.values)


# --- one-way messages and questions ----------------------------------------------------------------------------------


class Counting(Actor[int]):
    """Sets an event after the last message; answers questions."""

    def __init__(self, messages: int, done: Event) -> None:
        self.left, self.done = messages, done

    def on_message(self, message: int) -> int:
        self.left -= 1
        if not self.left:
            self.done.set()
        return message


class CountingThread(pykka.ThreadingActor):
    """The same for Pykka."""

    def __init__(self, messages: int, done: threading.Event) -> None:
        super().__init__()
        self.left, self.done = messages, done

    def on_receive(self, message: int) -> int:
        self.left -= 1
        if not self.left:
            self.done.set()
        return message


def tells_a_second(messages: int) -> float:
    done = Event()
    with ActorSystem() as system:
        ref = system.spawn(lambda: Counting(messages, done))
        ref.wait_ready()
        start = perf_counter()
        for n in range(messages):
            ref.tell(n)
        done.wait()
        return messages / (perf_counter() - start)


def pykka_tells_a_second(messages: int) -> float:
    done = threading.Event()
    ref = CountingThread.start(messages, done)
    start = perf_counter()
    for n in range(messages):
        ref.tell(n)
    done.wait()
    rate = messages / (perf_counter() - start)
    ref.stop()
    return rate


def ask_microseconds(questions: int) -> float:
    with ActorSystem() as system:
        ref = system.spawn(lambda: Counting(-1, Event()))
        ref.wait_ready()
        start = perf_counter()
        for n in range(questions):
            ref.ask(n)
        return (perf_counter() - start) / questions * 1e6


def pykka_ask_microseconds(questions: int) -> float:
    ref = CountingThread.start(-1, threading.Event())
    start = perf_counter()
    for n in range(questions):
        ref.ask(n)
    time = (perf_counter() - start) / questions * 1e6
    ref.stop()
    return time


def in_turns(
    repeat: int, ours: Callable[[], float], theirs: Callable[[], float]
) -> tuple[list[float], list[float]]:
    pairs = [(ours(), theirs()) for _ in range(repeat)]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


# --- what one hop costs ----------------------------------------------------------------------------------------------


def hop_nanoseconds(events: int, hops: int) -> float:
    """A message through a ring of three mailboxes, CPU time for each hop."""
    scheduler = Scheduler()
    boxes = [Mailbox(scheduler, HubClock()) for _ in range(3)]
    done = Event()

    def relay(mine: Mailbox, following: Mailbox) -> None:
        while True:
            envelope = mine.take()
            if envelope is None or envelope[0] == 0:
                done.set()
                return
            following.put(envelope[0] - 1, events=events)

    greenlets = [gevent.spawn(relay, boxes[n], boxes[(n + 1) % 3]) for n in range(3)]
    gevent.sleep(0)
    start = thread_time()
    boxes[0].put(hops, events=events)
    done.wait()
    cost = (thread_time() - start) / hops * 1e9
    gevent.killall(greenlets)
    scheduler.close()
    return cost


# --- each of these in a process of its own ---------------------------------------------------------------------------


class Idle(Actor[Any]):
    """Never gets a message."""


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES


def bytes_each(make: Callable[[int], Any], count: int) -> float:
    warm = make(100)
    before = resident_bytes()
    kept = make(count)
    used = (resident_bytes() - before) / count
    del warm, kept
    return used


def child_idle_actor(count: int) -> float:
    system = ActorSystem()

    def make(number: int) -> Any:
        refs = [system.spawn(Idle) for _ in range(number)]
        refs[-1].wait_ready()
        return refs

    return bytes_each(make, count)


def child_idle_greenlet(count: int) -> float:
    def make(number: int) -> Any:
        greenlets = [gevent.spawn(gevent.sleep, 3600) for _ in range(number)]
        gevent.sleep(0.5)
        return greenlets

    return bytes_each(make, count)


def child_idle_pykka(count: int) -> float:
    class IdleThread(pykka.ThreadingActor):
        use_daemon_thread = True

    return bytes_each(lambda number: [IdleThread.start() for _ in range(number)], count)


def child_many(count: int) -> list[float]:
    before = resident_bytes()
    system = ActorSystem()
    start = perf_counter()
    refs = [system.spawn(Idle) for _ in range(count)]
    for ref in refs:
        ref.wait_ready()
    started = perf_counter()
    used = resident_bytes() - before
    system.shutdown(timeout=120)
    return [started - start, perf_counter() - started, used / 2**20]


def child_gap(seconds: float, preempted: bool) -> float:
    """Milliseconds: the worst gap of a 10 ms timer while two actors compute in plain Python."""
    from gevent import monkey

    monkey.patch_all()
    from actors import Preemption

    class Endless(Actor[float]):
        def on_message(self, message: float) -> None:
            end = perf_counter() + message
            while perf_counter() < end:
                for _ in range(1000):
                    pass

    class Ticking(Actor[str]):
        def on_start(self) -> None:
            self.worst, self.last = 0.0, perf_counter()
            self.send_every(0.01, "tick")

        def on_message(self, message: str) -> float:
            now = perf_counter()
            self.worst, self.last = max(self.worst, now - self.last), now
            return self.worst

    preemption = Preemption()
    if preempted:
        preemption.start()
    with ActorSystem() as system:
        ticking = system.spawn(Ticking)
        ticking.ask("ready")
        hogs = [system.spawn(Endless) for _ in range(2)]
        for hog in hogs:
            hog.tell(seconds)
            hog.stop(drain=True)
        for hog in hogs:
            hog.join()
        worst: float = ticking.ask("worst")
    preemption.stop()
    return worst * 1000


def in_a_child(name: str, *arguments: float) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.actors", "--child", json.dumps([name, *arguments])],
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )
    return json.loads(done.stdout)


# --- all together ----------------------------------------------------------------------------------------------------


def ratio_row(what: str, ratios: list[float], least: float) -> Row:
    return Row(what, "x", ratios, f">= {least:g}", statistics.median(ratios) >= least)


def at_most(what: str, unit: str, values: list[float], most: float) -> Row:
    return Row(what, unit, values, f"<= {most:g}", statistics.median(values) <= most)


def measure(repeat: int, quick: bool) -> list[Row]:
    scale = 10 if quick else 1
    messages, questions, count = 300_000 // scale, 20_000 // scale, 20_000 // scale
    ours, theirs = in_turns(repeat, lambda: tells_a_second(messages), lambda: pykka_tells_a_second(messages))
    rows = [
        Row("tell", "messages/s", ours, ">= 500,000", statistics.median(ours) >= 500_000),
        Row("tell, Pykka", "messages/s", theirs),
        ratio_row("tell, against Pykka", [a / b for a, b in zip(ours, theirs, strict=True)], 10),
    ]
    ours, theirs = in_turns(
        repeat, lambda: ask_microseconds(questions), lambda: pykka_ask_microseconds(questions)
    )
    rows += [
        Row("ask, round trip", "µs", ours),
        Row("ask, round trip, Pykka", "µs", theirs),
        ratio_row("ask, against Pykka", [b / a for a, b in zip(ours, theirs, strict=True)], 10),
    ]
    for events, what in ((64, "a batch, handed over"), (1, "a single message, made ready")):
        rows.append(
            Row(f"hop of {what}", "ns", [hop_nanoseconds(events, messages // 3) for _ in range(repeat)])
        )
    few = max(1, repeat // 3)
    kib = [in_a_child("idle_actor", count) / 1024 for _ in range(few)]
    rows.append(at_most("idle actor", "KiB", kib, 10))
    rows.append(
        Row("bare gevent greenlet", "KiB", [in_a_child("idle_greenlet", count) / 1024 for _ in range(few)])
    )
    rows.append(Row("idle Pykka actor", "KiB", [in_a_child("idle_pykka", 500) / 1024 for _ in range(few)]))
    many = 100_000 // scale
    started, stopped, mib = in_a_child("many", many)
    rows += [
        Row(f"start {many:,} actors", "s", [started]),
        Row(f"stop {many:,} actors", "s", [stopped]),
        Row(f"memory of {many:,} actors", "MiB", [mib]),
    ]
    seconds = 0.5 if quick else 2.0
    rows.append(Row("worst gap of a 10 ms timer", "ms", [in_a_child("gap", seconds, False)]))
    gaps = [in_a_child("gap", seconds, True) for _ in range(few)]
    rows.append(at_most("the same, pre-empted", "ms", gaps, 40))
    return rows


def show(rows: list[Row]) -> None:
    table = Table("what", "median", "least", "most", "unit", "target", "verdict")
    for row in rows:
        numbers = [
            f"{value:,.{0 if value >= 1000 else 2}f}"
            for value in (row.median, min(row.values), max(row.values))
        ]
        verdict = "" if row.met is None else "met" if row.met else "MISSED"
        table.add_row(row.what, *numbers, row.unit, row.target, verdict)
    Console(width=120).print(table)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, help="write the figures there as well")
    parser.add_argument("--repeat", type=int, default=9, help="rounds (default 9)")
    parser.add_argument("--quick", action="store_true", help="a tenth of the work: to see that it runs")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        name, *arguments = json.loads(options.child)
        print(json.dumps(globals()[f"child_{name}"](*arguments)))
        return 0
    rows = measure(options.repeat, options.quick)
    show(rows)
    if options.json:
        figures = [{**asdict(row), "median": row.median} for row in rows]
        options.json.write_text(json.dumps(figures, indent=1) + "\n")
    return int(any(row.met is False for row in rows))


if __name__ == "__main__":
    sys.exit(main())
