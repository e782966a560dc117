"""The limit, the threads and the deployment do the same to the same events: else their ratios would mean nothing."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.throughput import limit, threads
from benchmarks.throughput.bench import Bench
from benchmarks.throughput.events import make_lines
from benchmarks.throughput.flow import command, deployment_text, read_reports, write_deployment
from benchmarks.throughput.process import RunFailed, run_together
from benchmarks.throughput.variants import Variant
from benchmarks.throughput.workload import classify_routing

pytestmark = pytest.mark.slow

LINES = make_lines()
COUNT = 250
"""Not a multiple of anything that has a size here."""


def lines_by_class() -> dict[str, list[bytes]]:
    found: dict[str, list[bytes]] = {}
    for line in (LINES * 3)[:COUNT]:
        meta: dict[str, object] = {}
        classify_routing(json.loads(line), meta)
        found.setdefault(str(meta["class"]), []).append(line)
    return found


def run_flow(directory: Path, variant: Variant, offramp: str | None) -> None:
    data = directory / "data"
    data.write_bytes(b"\n".join(LINES) + b"\n")
    home = directory / "run"
    home.mkdir()
    file = write_deployment(home, deployment_text(variant, count=COUNT, offramp=offramp), data)
    run_together([command(file)], home, deadline_seconds=50, most_bytes=2**32)


@pytest.mark.parametrize("flow", ["changing", "routing"])
@pytest.mark.parametrize("engine", ["ujson", "orjson"])
def test_events_and_bytes_of_each_class_are_the_same(tmp_path: Path, engine: str, flow: str) -> None:
    run_flow(tmp_path, Variant("greenlets", 2, 1, engine, flow), 'type = "file"\npath = "out.jsonl"')
    events: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for line in (tmp_path / "run" / "out.jsonl").read_bytes().splitlines():
        meta: dict[str, object] = {}
        classify_routing(json.loads(line), meta)
        events[str(meta["class"])] += 1
        sizes[str(meta["class"])] += len(line)

    by_class = lines_by_class()
    assert events == {name: 2 * len(lines) for name, lines in by_class.items()}
    for name, lines in by_class.items():
        both = [
            limit.run(lines, engine, flow, style=style, count=len(lines))
            for style in ("one-by-one", "by-hundreds")
        ]
        both += [
            threads.run(lines, engine, flow, shape=2, batches=batches, count=len(lines))
            for batches in (False, True)
        ]
        assert [figures["events"] for figures in both] == [len(lines), len(lines), *[events[name]] * 2]
        assert [figures["bytes"] for figures in both] == [
            sizes[name] // 2,
            sizes[name] // 2,
            *[sizes[name]] * 2,
        ]


def test_the_blackhole_reports_the_same(tmp_path: Path) -> None:
    run_flow(tmp_path, Variant("greenlets", 3), None)
    (report,) = read_reports(tmp_path / "run")
    alone = limit.run(LINES, "ujson", "changing", count=COUNT)
    assert (report["events"], report["bytes"]) == (3 * COUNT, 3 * alone["bytes"])
    assert report["component"] == "offramp:main/out"


@pytest.mark.parametrize(
    "variant",
    [
        Variant("limit", executors=2),
        Variant("threads", 2, engine="orjson"),
        Variant("threads-batch", 2),
        Variant("greenlets", 2, flow="routing"),
    ],
    ids=str,
)
def test_each_kind_is_measured_in_processes_of_its_own(variant: Variant) -> None:
    with Bench(LINES, seconds=0.3, warm_up=0.5) as bench:
        measured = bench.measure(variant, {})
    assert measured.mib_per_s > 0
    assert measured.peak_mib > 1
    assert (measured.p99_ms is None) == variant.is_limit


def test_a_part_of_a_rate_that_was_not_measured_is_refused() -> None:
    with Bench(LINES, seconds=0.1) as bench, pytest.raises(RunFailed, match="was not measured"):
        bench.measure(Variant("greenlets", 64, load=0.1), {})
