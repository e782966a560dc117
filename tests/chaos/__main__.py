"""``python -m tests.chaos --runs 200``: so many seeded runs; what fails is kept, and named by its seed."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tests.chaos.judge import Verdict
from tests.chaos.run import run
from tests.chaos.scenario import Scenario, scenario
from tests.chaos.sinks import SINKS
from tests.chaos.sources import SOURCES


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--runs", type=int, default=200, help="how many")
    parser.add_argument("--seed", type=int, default=0, help="of the first; the others follow")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time")
    parser.add_argument("--source", action="append", choices=SOURCES, help="only from these")
    parser.add_argument("--sink", action="append", choices=SINKS, help="only to these")
    parser.add_argument("--keep", type=Path, help="where the directories of failed runs are kept")
    return parser.parse_args()


def _all(scenarios: list[Scenario], jobs: int, directory: Path) -> Iterator[tuple[Scenario, Path, Verdict]]:
    with ThreadPoolExecutor(jobs) as pool:
        futures = {}
        for each in scenarios:
            place = directory / f"seed-{each.seed}"
            place.mkdir()
            futures[pool.submit(run, each, place)] = (each, place)
        try:
            for future in as_completed(futures):
                yield (*futures[future], future.result())
        finally:
            # Ctrl-C waits for the runs that are under way, and begins no other.
            pool.shutdown(cancel_futures=True)


def main() -> int:
    """The exit code: 1 if any run lost something."""
    options = _arguments()
    scenarios = [
        scenario(seed, options.source or tuple(SOURCES), options.sink or tuple(SINKS))
        for seed in range(options.seed, options.seed + options.runs)
    ]
    console = Console()
    keep: Path = options.keep or Path(tempfile.gettempdir()) / "chaos-failures"
    failed, obligations, duplicates, began = [], 0, 0, time.monotonic()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with (
        tempfile.TemporaryDirectory(prefix="chaos-") as directory,
        Progress(*columns, console=console) as progress,
    ):
        task = progress.add_task("no loss so far", total=len(scenarios))
        for each, place, verdict in _all(scenarios, options.jobs, Path(directory)):
            obligations += verdict.obligations
            duplicates += verdict.duplicates
            if verdict.faults:
                failed.append(each.seed)
                shutil.copytree(place, keep / place.name, dirs_exist_ok=True)
                console.print(f"{each.title}\n  {'; '.join(verdict.faults)}", markup=False, highlight=False)
                progress.update(task, description=f"{len(failed)} failed")
            progress.advance(task)
    minutes = (time.monotonic() - began) / 60
    console.print(
        f"{len(scenarios)} runs in {minutes:.1f} min: {obligations} obligations, {duplicates} duplicates, "
        f"{len(failed)} runs failed"
    )
    if failed:
        console.print(f"failing seeds: {sorted(failed)}; what they left is in {keep}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
