"""What is printed for people, and written for programs."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.throughput.rounds import Results
from benchmarks.throughput.targets import Figure, missed
from benchmarks.throughput.variants import Variant

__all__ = ["as_document", "limit_ratios", "show"]


def limit_ratios(results: Results, variant: Variant) -> list[float]:
    """Its rate over that of its limit in the same round, for each round that has both."""
    return [
        each[variant].mib_per_s / each[variant.limit].mib_per_s
        for each in results.rounds
        if variant in each and variant.limit in each
    ]


def _span(values: Sequence[float | None], digits: int) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return "-"
    median = f"{statistics.median(known):,.{digits}f}"
    return median if len(known) == 1 else f"{median} ({min(known):,.{digits}f}-{max(known):,.{digits}f})"


def show(console: Console, results: Results, figures: Iterable[Figure]) -> None:
    """Print all variants, all ratios, and what failed."""
    console.print(_variant_table(results))
    console.print(_target_table(figures))
    seen: dict[tuple[str, str], int] = {}
    for failure in results.failures:
        key = str(failure.what), failure.why
        seen[key] = seen.get(key, 0) + 1
    for (what, why), times in seen.items():
        again = f" ({times} times)" if times > 1 else ""
        console.print(f"[red]not measured[/red]{again}: {what}:", why, highlight=False)


def _variant_table(results: Results) -> Table:
    table = Table(title="Each alone: median over the rounds (least-most)", title_justify="left")
    table.add_column("variant")
    for name in (
        "MiB/s",
        "of limit",
        "events/s",
        "CPU cores",
        "MiB/CPU s",
        "peak MiB",
        "p50 ms",
        "p99 ms",
        "p99.9 ms",
    ):
        table.add_column(name, justify="right")
    for variant in results.asked:
        runs = results.of(variant)
        if not runs:
            continue
        table.add_row(
            str(variant),
            _span([run.mib_per_s for run in runs], 1),
            _span(limit_ratios(results, variant), 2),
            f"{statistics.median(run.events_per_s for run in runs):,.0f}",
            _span([run.cpu_cores for run in runs], 2),
            f"{statistics.median(run.mib_per_cpu_s for run in runs):,.1f}",
            _span([run.peak_mib for run in runs], 0),
            *(_span([getattr(run, name) for run in runs], 2) for name in ("p50_ms", "p99_ms", "p999_ms")),
        )
    return table


def _target_table(figures: Iterable[Figure]) -> Table:
    table = Table(title="Ratios of rates in turns, and other figures", title_justify="left")
    table.add_column("figure")
    table.add_column("median (least-most)", justify="right")
    table.add_column("target")
    table.add_column("verdict")
    for figure in figures:
        bound = figure.target.bound
        table.add_row(
            figure.target.name,
            _span(figure.values, 3),
            bound.text if bound else "",
            figure.verdict,
        )
    return table


def as_document(results: Results, figures: Sequence[Figure], settings: dict[str, Any]) -> dict[str, Any]:
    """The JSON file: ratios on top, then the table of rates, then everything else."""
    return {
        **{figure.target.name: figure.median for figure in figures},
        "mib_per_s": [_rate_row(results, variant) for variant in results.asked if results.of(variant)],
        "missed": missed(figures),
        "figures": {
            figure.target.name: {
                "values": figure.values,
                "target": figure.target.bound.text if figure.target.bound else None,
                "verdict": figure.verdict,
            }
            for figure in figures
        },
        "failures": [{"variant": str(failure.what), "why": failure.why} for failure in results.failures],
        "interrupted": results.interrupted,
        "settings": settings,
        "machine": {
            "measured_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "cpus": os.cpu_count(),
            "system": platform.platform(terse=True),
            "python": platform.python_version(),
            "packages": {name: version(name) for name in ("aftershock", "gevent", "orjson", "ujson")},
        },
        "rounds": [
            [{"variant": str(variant), **run.as_dict()} for variant, run in each.items()]
            for each in results.rounds
        ],
        "turns": [
            [
                {
                    "variants": [str(duel.one), str(duel.other)],
                    "mib_per_s": [rates.mib_per_s for rates in both],
                }
                for duel, both in each.items()
            ]
            for each in results.turns
        ],
    }


def _rate_row(results: Results, variant: Variant) -> dict[str, Any]:
    rates = [run.mib_per_s for run in results.of(variant)]
    ratios = limit_ratios(results, variant)
    return {
        "kind": variant.kind,
        "shape": None if variant.is_limit else f"{variant.shape}:{variant.shape}:1",
        "pipelines": variant.shape,
        "executors": variant.executors,
        "engine": variant.engine,
        "flow": variant.flow,
        "load": variant.load,
        "median": statistics.median(rates),
        "least": min(rates),
        "most": max(rates),
        "of_limit": statistics.median(ratios) if ratios else None,
    }
