"""Throughput over the number of pipelines, greenlets against threads, each next to the limit of a plain loop.

Each variant runs alone, one after the other (A B C A B C): that gives rates, latencies, memory. Then those that are
held against each other run in turns of a tenth of a second, two at a time: that gives the ratios. Exit code 1 when a
target is missed, 2 for a wrong command line.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from benchmarks.throughput.bench import Bench
from benchmarks.throughput.events import make_lines, read_lines
from benchmarks.throughput.flow import PIPELINES, executors_refused
from benchmarks.throughput.measurement import Measurement
from benchmarks.throughput.plot import draw, lines_of
from benchmarks.throughput.rounds import Results, run_rounds
from benchmarks.throughput.tables import as_document, show
from benchmarks.throughput.targets import duels_of, evaluate, missed
from benchmarks.throughput.turns import Rate
from benchmarks.throughput.variants import SCHEDULERS, Duel, Variant, variants_of

__all__ = ["main", "numbers", "parse", "positive", "words"]

_SHAPES = "1,2,4,8,16,32,64,256,1024"
_QUICK_SHAPES = "1,8,64"
_MOST_COPIES = 4096


def numbers(text: str) -> list[int]:
    """``1,2,4`` as numbers of copies or processes. Raises ``ArgumentTypeError``, like the others below."""
    try:
        found = [int(part) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of numbers such as 1,2,4") from None
    if not all(1 <= number <= _MOST_COPIES for number in found):
        raise argparse.ArgumentTypeError(f"{text!r} must hold numbers from 1 to {_MOST_COPIES}")
    return sorted(set(found))


def words(allowed: Sequence[str]) -> Callable[[str], list[str]]:
    """What reads a list of some of these words."""

    def parse_words(text: str) -> list[str]:
        chosen = text.split(",")
        for word in chosen:
            if word not in allowed:
                raise argparse.ArgumentTypeError(f"{word!r} is none of {', '.join(allowed)}")
        return list(dict.fromkeys(chosen))

    return parse_words


def positive(text: str) -> float:
    """Seconds, above 0."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= 86_400:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return number


def _rounds(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def _new_file(text: str) -> Path:
    path = Path(text)
    if not path.parent.is_dir() or path.is_dir():
        raise argparse.ArgumentTypeError(
            f"cannot write {text!r}: it must be a file in a directory that is there"
        )
    return path


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line. Ends the process with code 2 and one line on what is wrong with it."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.throughput",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--shapes", type=numbers, help=f"numbers of pipelines (default {_SHAPES})")
    add(
        "--schedulers",
        type=words(SCHEDULERS),
        default=list(SCHEDULERS),
        help=f"of {','.join(SCHEDULERS)} (all)",
    )
    add("--executors", type=numbers, default=[1, 2], help="numbers of worker processes (default 1,2)")
    add(
        "--engines",
        type=words(("ujson", "orjson")),
        default=["ujson", "orjson"],
        help="default ujson,orjson",
    )
    add(
        "--pipeline",
        choices=PIPELINES,
        default="python",
        help="what the greenlets' classification is written in (default python)",
    )
    add("--seconds", type=positive, help="of each measurement (default 5)")
    add("--repeat", type=_rounds, help="rounds (default 5)")
    add("--data", type=Path, metavar="FILE", help="lines of JSON, .xz too, instead of the look-alike events")
    add("--json", type=_new_file, metavar="FILE", help="write all figures there")
    add("--plot", type=_new_file, metavar="FILE.svg", help="draw the graph there")
    add("--no-targets", action="store_true", help="only measure: exit code 0 whatever comes out")
    add(
        "--quick",
        action="store_true",
        help=f"shapes {_QUICK_SHAPES}, one second, one round, if not said otherwise; no targets (three minutes)",
    )
    options = parser.parse_args(arguments)
    if importlib.util.find_spec("orjson") is None:
        parser.error("orjson is not installed here; set the environment up with `make .venv/.dev`")
    options.no_targets = options.no_targets or options.quick
    options.shapes = options.shapes or numbers(_QUICK_SHAPES if options.quick else _SHAPES)
    options.seconds = options.seconds or (1.0 if options.quick else 5.0)
    options.repeat = options.repeat or (1 if options.quick else 5)
    try:
        options.lines = make_lines() if options.data is None else read_lines(options.data)
    except ValueError as error:
        parser.error(str(error))
    return options


def _refused(variants: Sequence[Variant]) -> dict[Variant, str]:
    """The flows that this version cannot run, and why."""
    wanted = {variant.executors for variant in variants if not variant.is_limit and variant.executors > 1}
    reasons = {number: executors_refused(number) for number in wanted}
    return {
        variant: f"the command refuses executors = {variant.executors}: {why}"
        for variant in variants
        if not variant.is_limit and (why := reasons.get(variant.executors))
    }


def _measure(options: argparse.Namespace, console: Console) -> Results:
    variants = variants_of(options.shapes, options.schedulers, options.executors, options.engines)
    refused = _refused(variants)
    duels = duels_of(variant for variant in variants if variant not in refused)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    # The warm-up counts for less in a quick look, which only shows that everything works.
    warm_up = min(1.0, options.seconds)
    with (
        Progress(*columns, console=console, speed_estimate_period=3600) as progress,
        Bench(options.lines, seconds=options.seconds, warm_up=warm_up, pipeline=options.pipeline) as bench,
    ):
        cost: dict[Variant | Duel, float] = {
            variant: bench.expected_seconds(variant) for variant in variants if variant not in refused
        }
        cost |= {duel: bench.expected_seconds_in_turns(duel) for duel in duels}
        task = progress.add_task("starting", total=sum(cost.values()) * options.repeat)

        def before(number: int, what: Variant | Duel) -> None:
            progress.update(task, description=f"round {number} of {options.repeat}: {what}")

        def after(what: Variant | Duel, result: Measurement | tuple[Rate, Rate] | str) -> None:
            progress.console.print(f"{what}: {_told(result)}", highlight=False, markup=False)
            progress.advance(task, cost[what])

        return run_rounds(
            variants,
            options.repeat,
            bench.measure,
            duels=duels,
            measure_in_turns=bench.measure_in_turns,
            refused=refused,
            before=before,
            after=after,
        )


def _told(result: Measurement | tuple[Rate, Rate] | str) -> str:
    if isinstance(result, str):
        return f"failed: {result}"
    if isinstance(result, Measurement):
        return f"{result.mib_per_s:,.1f} MiB/s"
    one, other = result
    return f"{one.mib_per_s:,.1f} and {other.mib_per_s:,.1f} MiB/s, {one.mib_per_s / other.mib_per_s:.3f}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, write; the exit code."""
    options = parse(arguments)
    console = Console(width=None if sys.stdout.isatty() else 160)
    results = _measure(options, console)
    figures = evaluate(results)
    show(console, results, figures)
    if options.json:
        settings = {
            name: value
            for name, value in vars(options).items()
            if name not in ("lines", "data", "json", "plot")
        }
        settings["data"] = "look-alike" if options.data is None else options.data.name
        options.json.write_text(json.dumps(as_document(results, figures, settings), indent=1) + "\n")
    lines = lines_of(results)
    if options.plot and lines:
        options.plot.write_text(draw(lines), encoding="utf-8")
    names = missed(figures)
    if results.interrupted:
        console.print("Interrupted: these are the figures so far.")
        return 130
    if names and not options.no_targets:
        console.print(f"[bold red]Missed:[/bold red] {', '.join(names)}")
        return 1
    return 0
