"""Measures variants, alone or in turns: writes their files, runs their processes, reads their figures."""

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
from benchmarks.throughput.process import RunFailed, Running, Usage, run_together
from benchmarks.throughput.rounds import Round
from benchmarks.throughput.turns import Entrant, Rate, rate_of, run_in_turns
from benchmarks.throughput.variants import Duel, Variant

__all__ = ["Bench"]

_ROOT = Path(__file__).parents[2]
_GRACE_SECONDS = 90.0
_ALONE_SECONDS = 1.0
_SPARE_SECONDS = 1.0
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
        commands = self._child_commands(variant, self._warm_up, self._seconds)
        with tempfile.TemporaryDirectory(dir=self._temporary.name) as directory:
            usage = self._run(commands, Path(directory), self._warm_up)
        figures: list[dict[str, Any]] = [json.loads(output) for output in usage.outputs]
        return measurement_of(figures, usage)

    def _measure_flow(self, variant: Variant, earlier: Round) -> Measurement:
        """Until the warm-up was long enough: while some copies still start, the others' figures mean nothing."""
        interval = _interval(variant, earlier)
        for _ in range(_TRIES):
            warm_up = self._warm_up_of(variant)
            with tempfile.TemporaryDirectory(dir=self._temporary.name) as name:
                directory = Path(name)
                commands = self._flow_commands(variant, directory, warm_up, self._seconds, interval)
                usage = self._run(commands, directory, warm_up, wait_for=STARTED)
                figures = read_reports(directory)
            began_ns = min(each["began_ns"] for each in figures)
            if usage.seen_at_ns is None or usage.seen_at_ns <= began_ns:
                return measurement_of(figures, usage)
            took = (usage.seen_at_ns - began_ns) / 1e9 + warm_up
            self._warm_ups[variant.shape, variant.executors] = 1.25 * took + self._warm_up
        raise RunFailed(f"some of it still started when the warm-up of {warm_up:.0f} s was over")

    def expected_seconds_in_turns(self, duel: Duel) -> float:
        """About how long `measure_in_turns` will take."""
        return self._start_of(duel.one) + self._start_of(duel.other) + _SPARE_SECONDS + 2 * self._seconds

    def measure_in_turns(self, duel: Duel) -> tuple[Rate, Rate]:
        """Run both in turns, so that each runs for about ``seconds`` in all. Raises `RunFailed`, ``ValueError``."""
        with tempfile.TemporaryDirectory(dir=self._temporary.name) as name:
            # They must still warm up when they are stopped, so that they measure nothing before the turns.
            warm_up = _ALONE_SECONDS + _SPARE_SECONDS
            one = self._entrant(duel.one, Path(name, "one"), self._start_of(duel.other) + warm_up)
            other = self._entrant(duel.other, Path(name, "other"), warm_up)
            run_in_turns(
                [one, other],
                alone_seconds=_ALONE_SECONDS,
                deadline_seconds=self.expected_seconds_in_turns(duel) + _GRACE_SECONDS,
                tick=self._tick,
            )
            return (
                rate_of(one, _figures_of(duel.one, one)),
                rate_of(other, _figures_of(duel.other, other)),
            )

    def _start_of(self, variant: Variant) -> float:
        return self._warm_up_of(variant) - self._warm_up + _ALONE_SECONDS

    def _entrant(self, variant: Variant, directory: Path, warm_up: float) -> Entrant:
        directory.mkdir()
        is_flow = variant.kind == "greenlets"
        seconds = 2 * self._seconds
        if is_flow:
            commands = self._flow_commands(variant, directory, warm_up, seconds, None)
        else:
            commands = self._child_commands(variant, warm_up, seconds)

        def start() -> list[Running]:
            return [
                Running(command, directory, number, None if is_flow else _ROOT)
                for number, command in enumerate(commands)
            ]

        # Threads that were kept on one core would not get in each other's way as they do on a machine that has several.
        on_one_core = variant.executors == 1 and (is_flow or variant.is_limit)
        return Entrant(str(variant), directory, start, on_one_core, STARTED if is_flow else "")

    def _child_commands(self, variant: Variant, warm_up: float, seconds: float) -> list[list[str]]:
        style = _STYLES[variant.kind]
        request = Request(
            str(self._data), variant.engine, variant.flow, warm_up, seconds, style, variant.shape
        )
        module = "limit" if variant.is_limit else "threads"
        arguments = [sys.executable, "-m", f"benchmarks.throughput.{module}", write_request(request)]
        return [arguments] * variant.executors

    def _flow_commands(
        self,
        variant: Variant,
        directory: Path,
        warm_up: float,
        seconds: float,
        interval: float | None,
    ) -> list[list[str]]:
        text = deployment_text(
            variant,
            pipeline=self._pipeline,
            delivery=self._delivery,
            warm_up=warm_up,
            seconds=seconds,
            interval=interval,
        )
        return [command(write_deployment(directory, text, self._data))]

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


def _figures_of(variant: Variant, entrant: Entrant) -> list[dict[str, Any]]:
    if variant.kind == "greenlets":
        return read_reports(entrant.directory)
    return [json.loads(each.output_file.read_text(encoding="utf-8")) for each in entrant.running]


def _interval(variant: Variant, earlier: Round) -> float | None:
    """Seconds between two bursts of one onramp, so that all together send the part of the full rate that is asked."""
    if variant.load is None:
        return None
    full = earlier.get(variant.full_load)
    if full is None:
        raise RunFailed(f"its rate is a part of that of {variant.full_load}, which was not measured")
    return variant.shape * BURST / (variant.load * full.events_per_s)
