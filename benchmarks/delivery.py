"""What promises cost: 1:1:1 of `benchmarks.throughput` with best effort, with tickets, and with a wal as well.

    python -m benchmarks.delivery [--seconds N] [--repeat N] [--engine ujson|orjson] [--json FILE] [--no-targets]

All are measured in turns, round after round (A B C A B C); a ratio is that of two runs of one round. Exit code 1 when
tickets cost more than a tenth of the throughput.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.throughput.bench import Bench
from benchmarks.throughput.events import make_lines
from benchmarks.throughput.flow import DELIVERIES
from benchmarks.throughput.measurement import Measurement
from benchmarks.throughput.variants import Variant

LEAST = 0.9
"""What is left of the throughput with tickets."""

Rounds = dict[str, list[Measurement]]


def measure(engine: str, seconds: float, repeat: int, console: Console) -> Rounds:
    """One measurement a round of each."""
    rounds: Rounds = {delivery: [] for delivery in DELIVERIES}
    variant = Variant("greenlets", engine=engine)
    with contextlib.ExitStack() as stack:
        benches = {
            delivery: stack.enter_context(Bench(make_lines(), seconds=seconds, delivery=delivery))
            for delivery in DELIVERIES
        }
        for number in range(1, repeat + 1):
            for delivery, bench in benches.items():
                result = bench.measure(variant, {})
                console.print(f"round {number} of {repeat}: {delivery}: {result.mib_per_s:,.1f} MiB/s")
                rounds[delivery].append(result)
    return rounds


def rows_of(rounds: Rounds) -> list[dict[str, Any]]:
    """Medians, least and most, and what is left of the throughput of best effort within a round."""
    plain = rounds["best-effort"]
    rows = []
    for delivery, results in rounds.items():
        # For a second of CPU time: what others do on the machine meanwhile counts less.
        ratios = [
            (ours.events_per_s / ours.cpu_cores) / (theirs.events_per_s / theirs.cpu_cores)
            for ours, theirs in zip(results, plain, strict=True)
        ]
        rates = [result.mib_per_s for result in results]
        rows.append(
            {
                "delivery": delivery,
                "mib_per_s": statistics.median(rates),
                "least": min(rates),
                "most": max(rates),
                "of_best_effort": statistics.median(
                    [ours.mib_per_s / theirs.mib_per_s for ours, theirs in zip(results, plain, strict=True)]
                ),
                "of_best_effort_per_cpu": statistics.median(ratios),
            }
        )
    return rows


def show(console: Console, rows: list[dict[str, Any]]) -> None:
    """Print the table."""
    table = Table("delivery", title="MiB/s of encoded bytes, 1:1:1")
    for name in ("median", "least", "most", "of best effort", "the same per CPU second"):
        table.add_column(name, justify="right")
    for row in rows:
        rates = [f"{row[name]:,.1f}" for name in ("mib_per_s", "least", "most")]
        ratios = [f"{row[name]:.2f}" for name in ("of_best_effort", "of_best_effort_per_cpu")]
        table.add_row(row["delivery"], *rates, *ratios)
    console.print(table)


def main() -> int:
    """Measure, print, write; the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement (default 3)")
    parser.add_argument("--repeat", type=int, default=5, help="rounds (default 5)")
    parser.add_argument("--engine", choices=("ujson", "orjson"), default="ujson")
    parser.add_argument("--json", type=Path, help="write the figures there as well")
    parser.add_argument("--no-targets", action="store_true", help="exit code 0 whatever comes out")
    options = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 120)
    rows = rows_of(measure(options.engine, options.seconds, options.repeat, console))
    show(console, rows)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")
    tickets = next(row for row in rows if row["delivery"] == "tickets")
    if tickets["of_best_effort_per_cpu"] < LEAST and not options.no_targets:
        console.print(f"[bold red]Missed:[/bold red] tickets leave less than {LEAST:.0%} of the throughput")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
