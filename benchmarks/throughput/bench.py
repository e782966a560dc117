"""Measures one variant: writes its files, runs its processes, reads its figures."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.throughput.child import Request, write_request
from benchmarks.throughput.flow import (
    BURST,
    STARTED,
    command,
    deployment_text,
    read_reports,
    write_deployment,
)
from benchmarks.throughput.measurement import Measurement, measurement_of
from benchmarks.throughput.process import RunFailed, Usage, run_together
from benchmarks.throughput.rounds import Round
from benchmarks.throughput.variants import Variant

__all__ = ["Bench"]

_ROOT = Path(__file__).parents[2]
_GRACE_SECONDS = 90.0
_TRIES = 3
_STYLES = {
    "limit": "one-by-one",
    "limit-by-hundreds": "by-hundreds",
    "threads": "",
    "threads-batch": "batches",
}


class Bench:
    """Measures for ``seconds`` after a ``warm_up`` of at least so many, over the given lines.

    ``pipeline`` is what the deployments' classification is written in, ``delivery`` what they promise.
    A run that takes more than half of the memory that is free is ended, and fails. ``tick`` is called several times a
    second meanwhile. Use it as a context manager: it has a directory of its own.
    """

    def __init__(
        self,
        lines: list[bytes],
        *,
        seconds: float,
        warm_up: float = 1.0,
        pipeline: str = "python",
        delivery: str = "best-effort",
        tick: Callable[[], None] = lambda: None,
    ) -> None:
        self._lines = lines
        self._seconds = seconds
        self._warm_up = warm_up
        self._pipeline = pipeline
        self._delivery = delivery
        self._tick = tick
        self._warm_ups: dict[tuple[int, int], float] = {}
        self._most_bytes = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2

    def __enter__(self) -> Bench:
        self._temporary = tempfile.TemporaryDirectory(prefix="throughput-")
        self._data = Path(self._temporary.name, "events.json")
        self._data.write_bytes(b"\n".join(self._lines) + b"\n")
        return self

    def __exit__(self, *_exception: object) -> None:
        self._temporary.cleanup()

    def expected_seconds(self, variant: Variant) -> float:
        """About how long `measure` will take."""
        return self._warm_up_of(variant) + self._seconds + 1.0

    def measure(self, variant: Variant, earlier: Round) -> Measurement:
        """Run it once. ``earlier`` are the figures of its round. Raises `RunFailed`, ``ValueError``."""
        if variant.kind == "greenlets":
            return self._measure_flow(variant, earlier)
        request = Request(
            str(self._data),
            variant.engine,
            variant.flow,
            self._warm_up,
            self._seconds,
            _STYLES[variant.kind],
            variant.shape,
        )
        module = "limit" if variant.is_limit else "threads"
        arguments = [sys.executable, "-m", f"benchmarks.throughput.{module}", write_request(request)]
        with tempfile.TemporaryDirectory(dir=self._temporary.name) as directory:
            usage = self._run([arguments] * variant.executors, Path(directory), self._warm_up)
        figures: list[dict[str, Any]] = [json.loads(output) for output in usage.outputs]
        return measurement_of(figures, usage)

    def _measure_flow(self, variant: Variant, earlier: Round) -> Measurement:
        """Until the warm-up was long enough: while some copies still start, the others' figures mean nothing."""
        interval = _interval(variant, earlier)
        for _ in range(_TRIES):
            warm_up = self._warm_up_of(variant)
            with tempfile.TemporaryDirectory(dir=self._temporary.name) as name:
                directory = Path(name)
                text = deployment_text(
                    variant,
                    pipeline=self._pipeline,
                    delivery=self._delivery,
                    warm_up=warm_up,
                    seconds=self._seconds,
                    interval=interval,
                )
                file = write_deployment(directory, text, self._data)
                usage = self._run([command(file)], directory, warm_up, wait_for=STARTED)
                figures = read_reports(directory)
            began_ns = min(each["began_ns"] for each in figures)
            if usage.seen_at_ns is None or usage.seen_at_ns <= began_ns:
                return measurement_of(figures, usage)
            took = (usage.seen_at_ns - began_ns) / 1e9 + warm_up
            self._warm_ups[variant.shape, variant.executors] = 1.25 * took + self._warm_up
        raise RunFailed(f"some of it still started when the warm-up of {warm_up:.0f} s was over")

    def _warm_up_of(self, variant: Variant) -> float:
        if variant.kind != "greenlets":
            return self._warm_up
        return self._warm_ups.get((variant.shape, variant.executors), self._warm_up + variant.shape / 256)

    def _run(self, commands: list[list[str]], directory: Path, warm_up: float, wait_for: str = "") -> Usage:
        return run_together(
            commands,
            directory,
            deadline_seconds=warm_up + self._seconds + _GRACE_SECONDS,
            most_bytes=self._most_bytes,
            python_path=None if wait_for else _ROOT,
            wait_for=wait_for,
            tick=self._tick,
        )


def _interval(variant: Variant, earlier: Round) -> float | None:
    """Seconds between two bursts of one onramp, so that all together send the part of the full rate that is asked."""
    if variant.load is None:
        return None
    full = earlier.get(variant.full_load)
    if full is None:
        raise RunFailed(f"its rate is a part of that of {variant.full_load}, which was not measured")
    return variant.shape * BURST / (variant.load * full.events_per_s)
