"""Which stage of an event's way a line of code belongs to, and the sampler that counts them in a running process.

A timer of CPU time (``ITIMER_PROF``, about a thousand times a second, or as often as the system's own clock ticks)
sends a signal; its handler runs in whatever greenlet runs, and asks the stack, innermost frame first, for a file that
belongs to a stage. Time in a library of C counts for the Python code that called it. The handler runs after a
collection of garbage, not in it, so what it finds in `_collected` was the collector's time. What it costs, it measures
itself.
"""

from __future__ import annotations

import gc
import signal
import time
from collections import Counter
from types import FrameType
from typing import Any

__all__ = ["STAGES", "Sampler", "stage_of", "within"]

STAGES = (
    "framing",
    "decode",
    "intake",
    "classify",
    "bucket",
    "pipeline",
    "hops",
    "encode",
    "sink",
    "collector",
    "other",
)
"""In the order of an event's way. ``hops``: mailboxes, scheduling, the loops of actors and their drivers."""

# The first entry that a file's path ends with, or holds, decides. None: look at the caller.
_FILES: tuple[tuple[str, str | None], ...] = (
    ("/ramps/formats/", None),
    ("/pipelines/batch.py", None),
    ("/ramps/codec.py", None),
    ("/ramps/joined_payloads.py", None),
    ("/ramps/onramps/blaster.py", "framing"),
    ("/ramps/preprocessor", "framing"),
    ("/ramps/framing/", "framing"),
    ("/ramps/inbound_stream.py", "intake"),
    ("/ramps/intake.py", "intake"),
    ("/ramps/encoder.py", "encode"),
    ("/ramps/offramps/blackhole.py", "sink"),
    ("/ramps/offramp.py", "sink"),
    ("/ramps/histogram.py", "sink"),
    ("/ramps/", "hops"),
    ("/workload.py", "classify"),
    ("/pipelines/operators/bucket.py", "bucket"),
    ("/pipelines/sliding_window.py", "bucket"),
    ("/pipelines/values.py", "bucket"),
    ("/pipelines/actor.py", "hops"),
    ("/pipelines/outlets.py", "hops"),
    ("/pipelines/", "pipeline"),
    ("<pipeline", "pipeline"),
    ("/actors/", "hops"),
    ("/gevent/", "hops"),
)
_BUCKET_NS = 100_000_000


def stage_of(frame: FrameType | None) -> str:
    """The stage of the innermost frame that belongs to one."""
    while frame is not None:
        file, function = frame.f_code.co_filename, frame.f_code.co_name
        if file == __file__ and function == "_collected":
            return "collector"
        if "/ramps/codecs/" in file:
            return "encode" if "encode" in function else "decode"
        for part, stage in _FILES:
            if part in file:
                if stage is not None:
                    return stage
                break
        frame = frame.f_back
    return "other"


class Sampler:
    """Counts stages, by tenths of a second, while it is started. Main thread only."""

    def __init__(self, interval_seconds: float = 0.001) -> None:
        self._interval = interval_seconds
        self.counts: Counter[tuple[int, str]] = Counter()
        self.spent_ns = 0
        """What all samples took together."""

    def start(self) -> None:
        """Begin; the timer stops by itself when the process ends."""
        signal.signal(signal.SIGPROF, self._sample)
        signal.siginterrupt(signal.SIGPROF, False)
        gc.callbacks.append(_collected)
        signal.setitimer(signal.ITIMER_PROF, self._interval, self._interval)

    def stop(self) -> None:
        """End, and ignore what is still under way."""
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        signal.signal(signal.SIGPROF, signal.SIG_IGN)
        gc.callbacks.remove(_collected)

    def as_document(self) -> dict[str, Any]:
        """Everything, for a JSON file."""
        counts = [[tenth, stage, count] for (tenth, stage), count in self.counts.items()]
        return {"counts": counts, "ns_a_sample": self.spent_ns / (sum(self.counts.values()) or 1)}

    def _sample(self, _number: int, frame: FrameType | None) -> None:
        start_ns = time.perf_counter_ns()
        self.counts[time.time_ns() // _BUCKET_NS, stage_of(frame)] += 1
        self.spent_ns += time.perf_counter_ns() - start_ns


def within(counts: Counter[tuple[int, str]], began_ns: int, ended_ns: int) -> dict[str, int]:
    """Samples of each stage in the tenths of a second that lie wholly in a time."""
    found = dict.fromkeys(STAGES, 0)
    for (tenth, stage), count in counts.items():
        if began_ns <= tenth * _BUCKET_NS and (tenth + 1) * _BUCKET_NS <= ended_ns:
            found[stage] += count
    return found


def _collected(phase: str, _info: dict[str, int]) -> None:
    # Long enough for the signal that came meanwhile to be handled in here.
    if phase == "stop":
        for _ in range(2):
            pass
