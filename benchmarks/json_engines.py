"""What decoding and encoding one event costs: the bare library against the codec `json` around it, in turns.

    python -m benchmarks.json_engines [--repeat N] [--quick] [--json FILE]

The bare library is called as a program without our checks would call it; the codec in batches of 64, as in the engine.
Nanoseconds an event of 629 bytes on average; ratios are within a round.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter_ns
from typing import Any

import orjson
import ujson
from rich.console import Console
from rich.table import Table

from benchmarks.throughput.events import make_lines
from ramps.codecs.json import Json

BATCH = 64

Work = Callable[[], None]


def _bare(function: Callable[[Any], Any], items: list[Any]) -> Work:
    def work() -> None:
        for item in items:
            function(item)

    return work


def _by_batches(function: Callable[[list[Any]], Any], items: list[Any]) -> Work:
    batches = [items[start : start + BATCH] for start in range(0, len(items), BATCH)]

    def work() -> None:
        for batch in batches:
            function(batch)

    return work


def _ujson_bytes(value: Any, dumps: Callable[..., str] = ujson.dumps) -> bytes:
    return dumps(value).encode()


def _pieces(codec: Json, values: list[Any]) -> list[bytes]:
    joined = codec.encode_joined(values)
    assert joined is not None
    return joined.pieces


def works(lines: list[bytes]) -> dict[tuple[str, str, str], Work]:
    """What is measured, by direction, engine and who does it; ``bare`` before the ``codec`` it is compared with."""
    libraries: dict[str, tuple[Callable[[bytes], Any], Callable[[Any], bytes]]] = {
        "ujson": (ujson.loads, _ujson_bytes),
        "orjson": (orjson.loads, orjson.dumps),
    }
    found: dict[tuple[str, str, str], Work] = {}
    for engine, (loads, dumps) in libraries.items():
        codec = Json(Json.Options.model_validate({"engine": engine}))
        values = [loads(line) for line in lines]
        found["decode", engine, "bare"] = _bare(loads, lines)
        found["decode", engine, "codec"] = _by_batches(codec.decode_many, lines)
        found["encode", engine, "bare"] = _bare(dumps, values)
        found["encode", engine, "codec"] = _by_batches(partial(_pieces, codec), values)
    return found


def measure(lines: list[bytes], repeat: int, turns: int) -> dict[tuple[str, str, str], list[float]]:
    """Nanoseconds an event, one value a round."""
    # Whole batches only: 64 times the lines are as many batches as there are lines.
    todo = works(lines * BATCH)
    times: dict[tuple[str, str, str], list[float]] = {key: [] for key in todo}
    for _ in range(repeat):
        for key, work in todo.items():
            start = perf_counter_ns()
            for _ in range(turns):
                work()
            times[key].append((perf_counter_ns() - start) / (turns * len(lines) * BATCH))
    return times


def rows_of(times: dict[tuple[str, str, str], list[float]]) -> list[dict[str, Any]]:
    """Medians, and how many times the bare library's time the codec takes."""
    rows = []
    for (direction, engine, who), values in times.items():
        bare = times[direction, engine, "bare"]
        rows.append(
            {
                "direction": direction,
                "engine": engine,
                "who": who,
                "ns": statistics.median(values),
                "least": min(values),
                "most": max(values),
                "of_bare": statistics.median(
                    [ours / theirs for ours, theirs in zip(values, bare, strict=True)]
                ),
            }
        )
    return rows


def show(rows: list[dict[str, Any]]) -> None:
    """Print the table."""
    table = Table("what", "engine", "who", title="Nanoseconds an event")
    for name in ("median", "least", "most", "of bare"):
        table.add_column(name, justify="right")
    for row in rows:
        numbers = [f"{row[name]:,.0f}" for name in ("ns", "least", "most")]
        table.add_row(row["direction"], row["engine"], row["who"], *numbers, f"{row['of_bare']:.2f}")
    Console(width=100).print(table)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeat", type=int, default=15, help="rounds (default 15)")
    parser.add_argument("--quick", action="store_true", help="three short rounds: to see that it runs")
    parser.add_argument("--json", type=Path, help="write the figures there as well")
    options = parser.parse_args()
    rows = rows_of(measure(make_lines(), 3 if options.quick else options.repeat, 1 if options.quick else 5))
    show(rows)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
