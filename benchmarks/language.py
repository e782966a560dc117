"""The classification of `benchmarks.throughput` as a compiled script against the same work written in Python.

    python -m benchmarks.language [--repeat N] [--quick] [--json FILE] [--no-targets]

Both are called as the pipeline calls them, once for each event; the calls' CPU time alone is measured, in turns (A B A
B). Shown are nanoseconds an event and the ratio within a round. Exit code 1 when the target is missed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from time import thread_time_ns
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.throughput.events import make_lines
from benchmarks.throughput.language import script_text
from benchmarks.throughput.workload import FUNCTIONS
from pipelines.batch import Batch
from pipelines.language import compile_script

TARGET = 1.3
"""A script may take so many times the CPU time of the function."""

Classify = Callable[[dict[str, Any], dict[str, Any], Batch], Any]


def _in_python(flow: str) -> Callable[[list[Any], list[dict[str, Any]], Batch], None]:
    function = FUNCTIONS[flow]

    def work(events: list[Any], metas: list[dict[str, Any]], batch: Batch) -> None:
        for event, meta in zip(events, metas, strict=True):
            function(event, meta)

    return work


def _in_a_script(flow: str) -> Callable[[list[Any], list[dict[str, Any]], Batch], None]:
    function = compile_script(script_text(flow), name=f"{flow}.tremor").start().function

    def work(events: list[Any], metas: list[dict[str, Any]], batch: Batch) -> None:
        for event, meta in zip(events, metas, strict=True):
            function(event, meta, batch)

    return work


def measure(lines: list[bytes], repeat: int, turns: int) -> dict[tuple[str, str], list[float]]:
    """Nanoseconds of CPU time an event, one value a round, by flow and by what it is written in."""
    works = {}
    for flow in FUNCTIONS:
        works[flow, "python"] = _in_python(flow)
        works[flow, "script"] = _in_a_script(flow)
    batch = Batch([], ingest_ns=0)
    times: dict[tuple[str, str], list[float]] = {key: [] for key in works}
    for _ in range(repeat):
        for key, work in works.items():
            spent = 0
            for _ in range(turns):
                # New ones each time: what a function wrote into an event would be there already.
                events = [json.loads(line) for line in lines]
                metas: list[dict[str, Any]] = [{} for _ in events]
                start = thread_time_ns()
                work(events, metas, batch)
                spent += thread_time_ns() - start
            times[key].append(spent / (turns * len(lines)))
    return times


def rows_of(times: dict[tuple[str, str], list[float]]) -> list[dict[str, Any]]:
    """Medians, least and most, and the ratio to Python within a round."""
    rows = []
    for (flow, written_in), values in times.items():
        ratios = [ours / theirs for ours, theirs in zip(values, times[flow, "python"], strict=True)]
        rows.append(
            {
                "flow": flow,
                "written_in": written_in,
                "ns": statistics.median(values),
                "least": min(values),
                "most": max(values),
                "of_python": statistics.median(ratios),
                "of_python_least": min(ratios),
                "of_python_most": max(ratios),
            }
        )
    return rows


def show(rows: list[dict[str, Any]]) -> None:
    """Print the table."""
    table = Table("flow", "written in", title="Nanoseconds of CPU time an event")
    for name in ("median", "least", "most", "of Python (least-most)"):
        table.add_column(name, justify="right")
    for row in rows:
        numbers = [f"{row[name]:,.0f}" for name in ("ns", "least", "most")]
        ratio = f"{row['of_python']:.2f} ({row['of_python_least']:.2f}-{row['of_python_most']:.2f})"
        table.add_row(row["flow"], row["written_in"], *numbers, ratio)
    Console(width=100).print(table)


def main() -> int:
    """Measure, print, write; the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeat", type=int, default=15, help="rounds (default 15)")
    parser.add_argument("--quick", action="store_true", help="three short rounds: to see that it runs")
    parser.add_argument("--json", type=Path, help="write the figures there as well")
    parser.add_argument("--no-targets", action="store_true", help="exit code 0 whatever comes out")
    options = parser.parse_args()
    quick = options.quick
    rows = rows_of(measure(make_lines(), 3 if quick else options.repeat, 5 if quick else 50))
    show(rows)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")
    slow = [row["flow"] for row in rows if row["of_python"] > TARGET]
    if slow and not (quick or options.no_targets):
        print(f"Missed: more than {TARGET} times the time of Python: {', '.join(slow)}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
