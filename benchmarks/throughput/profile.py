"""Where the time goes: the stages of an event's way through 1:1:1 and 64:64:1, in nanoseconds an event.

    python -m benchmarks.throughput.profile [--shapes 1,64] [--engines ujson,orjson] [--flows changing] [--seconds 10]

The deployment runs as it does in `benchmarks.throughput`, with a sampler in its process (see `stages`).
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.throughput.command import numbers, positive, words
from benchmarks.throughput.events import make_lines
from benchmarks.throughput.flow import deployment_text, read_reports, write_deployment
from benchmarks.throughput.measurement import Measurement, measurement_of
from benchmarks.throughput.process import run_together
from benchmarks.throughput.stages import STAGES, Sampler, within
from benchmarks.throughput.variants import FLOWS, Variant

__all__ = ["Profile", "main", "profile"]

_ROOT = Path(__file__).parents[2]
_WARM_UP_SECONDS = 2.0
_MOST_BYTES = 2**32


@dataclass(frozen=True)
class Profile:
    """Samples of each stage in the time that was measured. ``ns_a_sample`` is what taking one cost."""

    variant: Variant
    samples: dict[str, int]
    ns_a_sample: float
    measured: Measurement
    seconds: float

    @property
    def overhead(self) -> float:
        """The part of the time that sampling took."""
        return sum(self.samples.values()) * self.ns_a_sample / (self.seconds * 1e9)

    def nanoseconds(self, stage: str) -> float:
        """CPU time an event."""
        total = sum(self.samples.values()) or 1
        return self.samples[stage] / total * self.measured.cpu_cores / self.measured.events_per_s * 1e9


def profile(variant: Variant, lines: list[bytes], seconds: float) -> Profile:
    """Run it with a sampler in its process. Raises `RunFailed`, ``ValueError``."""
    with tempfile.TemporaryDirectory(prefix="throughput-") as name:
        data, directory = Path(name, "events.json"), Path(name, "run")
        data.write_bytes(b"\n".join(lines) + b"\n")
        directory.mkdir()
        text = deployment_text(variant, warm_up=_WARM_UP_SECONDS, seconds=seconds)
        file = write_deployment(directory, text, data)
        samples_file = directory / "samples.json"
        child = [
            sys.executable,
            "-m",
            "benchmarks.throughput.profile",
            "--child",
            str(file),
            str(samples_file),
        ]
        usage = run_together(
            [child],
            directory,
            deadline_seconds=_WARM_UP_SECONDS + seconds + 60,
            most_bytes=_MOST_BYTES,
            python_path=_ROOT,
        )
        (figures,) = read_reports(directory)
        samples = json.loads(samples_file.read_text(encoding="utf-8"))
    counts = Counter({(tenth, stage): count for tenth, stage, count in samples["counts"]})
    return Profile(
        variant,
        within(counts, figures["began_ns"], figures["ended_ns"]),
        samples["ns_a_sample"],
        measurement_of([figures], usage),
        figures["seconds"],
    )


def _child(file: str, samples_file: str) -> None:
    """The command, in this process, with a sampler beside it."""
    from supervisor.cli import main as supervisor

    sampler = Sampler()
    sampler.start()
    sys.argv = ["supervisor", "run", file]
    try:
        supervisor()
    finally:
        sampler.stop()
        Path(samples_file).write_text(json.dumps(sampler.as_document()), encoding="utf-8")


def show(console: Console, profiles: list[Profile]) -> None:
    """Print a column for each profile."""
    table = Table("stage", title="CPU nanoseconds an event (part of all)", title_justify="left")
    for each in profiles:
        table.add_column(str(each.variant), justify="right")
    for stage in STAGES:
        row = []
        for each in profiles:
            part = each.samples[stage] / (sum(each.samples.values()) or 1)
            row.append(f"{each.nanoseconds(stage):,.0f} ({part:.1%})")
        table.add_row(stage, *row)
    table.add_section()
    table.add_row("all", *(f"{sum(map(each.nanoseconds, STAGES)):,.0f}" for each in profiles))
    table.add_row("MiB/s", *(f"{each.measured.mib_per_s:,.1f}" for each in profiles))
    table.add_row("samples", *(f"{sum(each.samples.values()):,}" for each in profiles))
    table.add_row("cost of sampling", *(f"{each.overhead:.2%}" for each in profiles))
    console.print(table)


def as_document(profiles: list[Profile]) -> list[dict[str, Any]]:
    """For a JSON file."""
    return [
        {
            "variant": str(each.variant),
            "nanoseconds": {stage: each.nanoseconds(stage) for stage in STAGES},
            "samples": each.samples,
            "overhead": each.overhead,
            "mib_per_s": each.measured.mib_per_s,
        }
        for each in profiles
    ]


def main() -> int:
    """Profile, print, write; the exit code."""
    if sys.argv[1:2] == ["--child"]:
        _child(*sys.argv[2:])
        return 0
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.throughput.profile",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--shapes", type=numbers, default=[1, 64], help="default 1,64")
    parser.add_argument(
        "--engines", type=words(("ujson", "orjson")), default=["ujson", "orjson"], help="default both"
    )
    parser.add_argument("--flows", type=words(FLOWS), default=["changing"], help="default changing")
    parser.add_argument("--seconds", type=positive, default=10.0, help="of each run (default 10)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    options = parser.parse_args()
    lines = make_lines()
    console = Console(width=None if sys.stdout.isatty() else 160)
    profiles = []
    for flow in options.flows:
        for engine in options.engines:
            for shape in options.shapes:
                variant = Variant("greenlets", shape, engine=engine, flow=flow)
                with console.status(str(variant)):
                    profiles.append(profile(variant, lines, options.seconds))
    show(console, profiles)
    if options.json:
        options.json.write_text(json.dumps(as_document(profiles), indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
