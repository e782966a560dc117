"""The baseline: the same parts on one operating system thread per ramp and pipeline, as Tremor 0.8 had them.

Each of N onramp threads decodes and puts into a `queue.Queue(128)`; each of N pipeline threads classifies, asks its
bucket, and puts into the one queue of the one sink thread, which encodes and counts. What is put is one event, or a
list of 64. Nothing of gevent is in this process, and nothing is done that a program of threads would not do.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import perf_counter, time_ns
from typing import Any

import orjson
import ujson

from benchmarks.throughput.child import read_request, write_figures
from benchmarks.throughput.limit import PlainBucket
from benchmarks.throughput.workload import FUNCTIONS
from ramps.histogram import Histogram

__all__ = ["BATCH", "run"]

BATCH = 64
_QUEUE_ITEMS = 128
_STACK_BYTES = 256 * 1024

# (when it came in, the event), a list of events under one such stamp, or None at the end.
Item = tuple[int, Any] | None
ItemQueue = queue.Queue[Item]


def _ujson_dumps(value: Any, dumps: Callable[..., str] = ujson.dumps) -> bytes:
    return dumps(value).encode()


_LIBRARIES: dict[str, tuple[Callable[[bytes], Any], Callable[[Any], bytes]]] = {
    "ujson": (ujson.loads, _ujson_dumps),
    "orjson": (orjson.loads, orjson.dumps),
}


@dataclass
class _Sink:
    """What the sink thread has counted since the end of the warm-up."""

    warm_up: float
    seconds: float | None
    inputs: int
    done: threading.Event = field(default_factory=threading.Event)
    events: int = 0
    size: int = 0
    began: float = 0.0
    began_ns: int = 0
    ended: float = 0.0
    latencies: Histogram = field(default_factory=Histogram)

    def figures(self) -> dict[str, Any]:
        seconds = self.ended - self.began
        return {
            "events": self.events,
            "bytes": self.size,
            "seconds": seconds,
            "began_ns": self.began_ns,
            "ended_ns": self.began_ns + round(seconds * 1e9),
            "latencies_ns": {"counts": {str(key): times for key, times in self.latencies.counts.items()}},
        }


def _onramp(lines: list[bytes], loads: Callable[[bytes], Any], count: int | None, to: ItemQueue) -> None:
    put = to.put
    for part in _rounds(lines, count, 100):
        for line in part:
            put((time_ns(), loads(line)))
    put(None)


def _onramp_in_batches(
    lines: list[bytes], loads: Callable[[bytes], Any], count: int | None, to: ItemQueue
) -> None:
    for part in _rounds(lines, count, BATCH):
        now_ns = time_ns()
        to.put((now_ns, [loads(line) for line in part]))
    to.put(None)


def _rounds(lines: list[bytes], count: int | None, size: int) -> Iterator[list[bytes]]:
    """Round and round over the lines, ``count`` of them or for ever, in parts of at most ``size``."""
    parts = [lines[start : start + size] for start in range(0, len(lines), size)]
    sent = 0
    while True:
        for part in parts:
            if count is not None:
                part = part[: count - sent]
                if not part:
                    return
            sent += len(part)
            yield part


def _pipeline(classify: Callable[[Any, Any], Any], source: ItemQueue, to: ItemQueue) -> None:
    bucket = PlainBucket()
    get, put, find = source.get, to.put, bucket.get
    while (item := get()) is not None:
        now_ns, event = item
        meta: dict[str, Any] = {}
        event = classify(event, meta)
        window = find((meta["class"], meta.get("dimensions"))) or bucket.add(meta, now_ns)
        window.allow(now_ns)
        put((now_ns, event))
    put(None)


def _pipeline_in_batches(classify: Callable[[Any, Any], Any], source: ItemQueue, to: ItemQueue) -> None:
    bucket = PlainBucket()
    find = bucket.get
    while (item := source.get()) is not None:
        now_ns, events = item
        changed = []
        for event in events:
            meta: dict[str, Any] = {}
            changed.append(classify(event, meta))
            window = find((meta["class"], meta.get("dimensions"))) or bucket.add(meta, now_ns)
            window.allow(now_ns)
        to.put((now_ns, changed))
    to.put(None)


def _offramp(batches: bool, dumps: Callable[[Any], bytes], source: ItemQueue, sink: _Sink) -> None:
    get, left = source.get, sink.inputs
    warm = False
    warm_at = end = 0.0
    while left:
        item = get()
        if item is None:
            left -= 1
            continue
        stamp, value = item
        if batches:
            count, size = len(value), sum([len(dumps(event)) for event in value])
        else:
            count, size = 1, len(dumps(value))
        now = perf_counter()
        if not warm:
            warm_at = warm_at or now + sink.warm_up
            if now < warm_at:
                continue
            warm = True
            sink.began, sink.began_ns = now, time_ns()
            end = now + (sink.seconds or 0.0)
        sink.events += count
        sink.size += size
        # A look at one event in 16 is enough for the latencies, and costs next to nothing.
        if batches or not sink.events % 16:
            sink.latencies.record(time_ns() - stamp, count)
        sink.ended = now
        if sink.seconds is not None and now >= end:
            break
    sink.done.set()


def run(
    lines: list[bytes],
    engine: str,
    flow: str,
    *,
    shape: int = 1,
    batches: bool = False,
    warm_up: float = 0.0,
    seconds: float | None = None,
    count: int | None = None,
) -> dict[str, Any]:
    """Run for so many seconds after the warm-up, or until each onramp has sent ``count`` lines; the figures.

    Without ``count`` the threads never end: the process has to.
    """
    threading.stack_size(_STACK_BYTES)
    loads, dumps = _LIBRARIES[engine]
    onramp, pipeline = (_onramp_in_batches, _pipeline_in_batches) if batches else (_onramp, _pipeline)
    sink = _Sink(warm_up, seconds, shape)
    to_sink: ItemQueue = queue.Queue(_QUEUE_ITEMS)
    threads = [threading.Thread(target=_offramp, args=(batches, dumps, to_sink, sink), daemon=True)]
    for _ in range(shape):
        between: ItemQueue = queue.Queue(_QUEUE_ITEMS)
        threads.append(
            threading.Thread(target=pipeline, args=(FUNCTIONS[flow], between, to_sink), daemon=True)
        )
        threads.append(threading.Thread(target=onramp, args=(lines, loads, count, between), daemon=True))
    for thread in threads:
        thread.start()
    sink.done.wait()
    if count is not None:
        for thread in threads:
            thread.join()
    return sink.figures()


def main() -> None:
    """Measure what the command line asks for, and write the figures to the standard output."""
    request = read_request()
    figures = run(
        request.lines,
        request.engine,
        request.flow,
        shape=request.shape,
        batches=request.style == "batches",
        warm_up=request.warm_up,
        seconds=request.seconds,
    )
    write_figures(figures)
    # Two thousand threads that would go on for ever.
    os._exit(0)


if __name__ == "__main__":
    main()
