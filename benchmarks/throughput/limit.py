"""The limit: what one process can do at most with this library, this classification and this bucket.

A plain loop over lines in memory: decode, classify, ask the window, encode, count. No greenlets, threads, mailboxes or
batches, no checks of what comes from outside, no latencies, and a look at the clock once in 100 events. The calls stand
in the loop as they are, so there is one loop for each library.

``one-by-one`` is the limit that the ratios mean. ``by-hundreds`` does each step for 100 events before the next, which
suits the processor's caches; it is shown beside it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from time import perf_counter, time_ns
from typing import Any

import orjson
import ujson

from benchmarks.throughput.child import read_request, write_figures
from benchmarks.throughput.workload import FUNCTIONS
from pipelines.sliding_window import SlidingWindow

__all__ = ["PlainBucket", "run"]

_SLOTS = 100
_SLOT_NS = 10_000_000

Classify = Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]
Pass = Callable[[list[bytes], Classify, "PlainBucket"], int]


class PlainBucket(dict[tuple[str, Any], SlidingWindow]):
    """Windows by class and dimension: what the operator `bucket` does, for a known number of both."""

    def add(self, meta: dict[str, Any], now_ns: int) -> SlidingWindow:
        """A window for what had none yet: a second in 100 slots, as the operator has it without options."""
        window = self[meta["class"], meta.get("dimensions")] = SlidingWindow(
            meta["rate"], _SLOTS, _SLOT_NS, now_ns
        )
        return window


def _ujson_one_by_one(lines: list[bytes], classify: Classify, bucket: PlainBucket) -> int:
    loads, dumps, find = ujson.loads, ujson.dumps, bucket.get
    now_ns = time_ns()
    size = 0
    for line in lines:
        meta: dict[str, Any] = {}
        event = classify(loads(line), meta)
        window = find((meta["class"], meta.get("dimensions"))) or bucket.add(meta, now_ns)
        window.allow(now_ns)
        size += len(dumps(event).encode())
    return size


def _orjson_one_by_one(lines: list[bytes], classify: Classify, bucket: PlainBucket) -> int:
    loads, dumps, find = orjson.loads, orjson.dumps, bucket.get
    now_ns = time_ns()
    size = 0
    for line in lines:
        meta: dict[str, Any] = {}
        event = classify(loads(line), meta)
        window = find((meta["class"], meta.get("dimensions"))) or bucket.add(meta, now_ns)
        window.allow(now_ns)
        size += len(dumps(event))
    return size


def _step(events: list[dict[str, Any]], classify: Classify, bucket: PlainBucket) -> list[dict[str, Any]]:
    find = bucket.get
    now_ns = time_ns()
    changed = []
    for event in events:
        meta: dict[str, Any] = {}
        changed.append(classify(event, meta))
        window = find((meta["class"], meta.get("dimensions"))) or bucket.add(meta, now_ns)
        window.allow(now_ns)
    return changed


def _ujson_by_hundreds(lines: list[bytes], classify: Classify, bucket: PlainBucket) -> int:
    dumps = ujson.dumps
    events = _step([*map(ujson.loads, lines)], classify, bucket)
    return sum([len(dumps(event).encode()) for event in events])


def _orjson_by_hundreds(lines: list[bytes], classify: Classify, bucket: PlainBucket) -> int:
    events = _step([*map(orjson.loads, lines)], classify, bucket)
    return sum(map(len, map(orjson.dumps, events)))


_PASSES: dict[tuple[str, str], Pass] = {
    ("ujson", "one-by-one"): _ujson_one_by_one,
    ("orjson", "one-by-one"): _orjson_one_by_one,
    ("ujson", "by-hundreds"): _ujson_by_hundreds,
    ("orjson", "by-hundreds"): _orjson_by_hundreds,
}


def run(
    lines: list[bytes],
    engine: str,
    flow: str,
    *,
    style: str = "one-by-one",
    warm_up: float = 0.0,
    seconds: float = 0.0,
    count: int | None = None,
) -> dict[str, Any]:
    """Run for so many seconds after the warm-up, or over ``count`` lines, and return the figures."""
    work, classify, bucket = _PASSES[engine, style], FUNCTIONS[flow], PlainBucket()
    # A pass is about 100 lines, however many the file has: the windows and the end want to know the time.
    parts = [lines[start : start + 100] for start in range(0, len(lines), 100)]
    events = size = turn = 0
    if count is None:
        warm_at = perf_counter() + warm_up
        while perf_counter() < warm_at:
            work(parts[turn % len(parts)], classify, bucket)
            turn += 1
    began, began_ns = perf_counter(), time_ns()
    end = began + seconds
    now = began
    while now < end if count is None else events < count:
        part = parts[turn % len(parts)]
        turn += 1
        if count is not None:
            part = part[: count - events]
        size += work(part, classify, bucket)
        events += len(part)
        now = perf_counter()
    elapsed = now - began
    return {
        "events": events,
        "bytes": size,
        "seconds": elapsed,
        "began_ns": began_ns,
        "ended_ns": began_ns + round(elapsed * 1e9),
    }


def main() -> int:
    """Measure what the command line asks for, and write the figures to the standard output."""
    request = read_request()
    write_figures(
        run(
            request.lines,
            request.engine,
            request.flow,
            style=request.style,
            warm_up=request.warm_up,
            seconds=request.seconds,
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
