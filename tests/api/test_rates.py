"""Rates are what changed between two looks, per second."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from supervisor.observation.rates import ComponentRates, rates_between
from supervisor.observation.snapshot import ComponentSnapshot, Snapshot


def part(**counts: Any) -> ComponentSnapshot:
    options = {"kind": "pipeline", "executor": 0, **counts}
    return ComponentSnapshot(
        name="main/x", flow="main", instance=0, id="x", type="", state="running", **options
    )


def look(at_seconds: float, *parts: ComponentSnapshot) -> Snapshot:
    return Snapshot(
        at_ns=round(at_seconds * 1e9), file="c.toml", state="running", guarantees={}, components=parts,
        processes=(),
    )  # fmt: skip


def one(before: ComponentSnapshot | None, now: ComponentSnapshot, seconds: float = 2.0) -> ComponentRates:
    (row,) = rates_between(look(10, *([before] if before else [])), look(10 + seconds, now))
    return row


def test_counts_are_divided_by_the_time_that_passed() -> None:
    before = part(received=100, sent={"out": 50, "err": 0}, dropped={"x": 10}, errors=1, read_bytes=1000)
    now = part(
        received=300, sent={"out": 150, "err": 2}, dropped={"x": 20}, unlinked={"y": 4}, errors=3,
        read_bytes=5000, waiting=256, max_waiting=1024, cpu_seconds=0.5,
    )  # fmt: skip

    row = one(before, now)

    assert (row.events_in, row.events_out, row.dropped, row.errors, row.bytes) == (100, 51, 7, 1, 2000)
    assert (row.fill, row.utilisation) == (0.25, 0.25)


def test_what_an_offramp_gives_out_is_what_it_has_written() -> None:
    assert (
        one(part(kind="offramp", written=1), part(kind="offramp", written=5, sent={"err": 9})).events_out == 2
    )


def test_latencies_are_those_of_the_events_between_the_looks() -> None:
    counts = [0] * 22
    counts[15] = 1000
    before = part(kind="offramp", latencies=tuple(counts))
    counts[0] = 10
    row = one(before, replace(before, latencies=tuple(counts)))
    assert row.p99_seconds is not None
    assert row.p99_seconds <= 0.0001
    assert one(before, before).p99_seconds is None


@pytest.mark.parametrize("before", [None, part(received=1000), part(received=5, executor=2)])
def test_what_was_not_there_or_began_anew_counts_from_nought(before: ComponentSnapshot | None) -> None:
    assert one(before, part(received=10)).events_in == 5


def test_a_clock_that_stood_still_is_no_division_by_nought() -> None:
    assert one(part(), part(received=1), seconds=0.0).events_in > 0
