from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from actors.testing.virtual_clock import VirtualClock
from pipelines.batch import Batch
from ramps.errors import CannotOpen, StopDeployment
from ramps.offramp import Outgoing
from ramps.offramps.blackhole import BlackholeOfframp


def make(**options: Any) -> tuple[BlackholeOfframp, VirtualClock]:
    offramp = BlackholeOfframp(BlackholeOfframp.Options.model_validate(options))
    offramp.clock = clock = VirtualClock()
    offramp.open()
    return offramp, clock


def events(clock: VirtualClock, count: int, age_ms: int = 0, payload: bytes = b"1234") -> Outgoing:
    batch = Batch([0] * count, ingest_ns=clock.time_ns() - age_ms * 1_000_000)
    return Outgoing.terminated([payload] * count, b"", batch)


def test_it_counts_events_and_encoded_bytes_per_second() -> None:
    offramp, clock = make()
    offramp.write(events(clock, 10))
    clock.advance(2.0)
    offramp.write(events(clock, 10))
    assert offramp.events == 20
    assert offramp.size_bytes == 80
    assert offramp.events_per_second == 10.0
    assert offramp.mebibytes_per_second == pytest.approx(40 / 2**20)


def test_the_latency_of_each_event_is_its_age() -> None:
    offramp, clock = make(significant_figures=3)
    offramp.write(events(clock, 99, age_ms=5))
    offramp.write(events(clock, 1, age_ms=800))
    assert offramp.latencies_ns.count == 100
    assert offramp.latencies_ns.percentile(99) == pytest.approx(5e6, rel=1e-3)
    assert offramp.latencies_ns.maximum == 800_000_000


def test_nothing_is_measured_before_the_warm_up_is_over() -> None:
    offramp, clock = make(warm_up="5s")
    offramp.write(events(clock, 1))
    clock.advance(4.9)
    offramp.write(events(clock, 1))
    assert offramp.events == 0
    clock.advance(0.1)
    offramp.write(events(clock, 3))
    assert offramp.events == 3


def test_after_its_time_it_prints_a_table_and_asks_the_deployment_to_stop(
    capsys: pytest.CaptureFixture[str],
) -> None:
    offramp, clock = make(warm_up="1s", stop_after="10s")
    offramp.write(events(clock, 1))
    clock.advance(2.0)
    offramp.write(events(clock, 100, age_ms=3))
    assert offramp.flush() is True
    clock.advance(9.0)
    with pytest.raises(StopDeployment) as caught:
        offramp.flush()
    assert caught.value.exit_code == 0
    printed = capsys.readouterr().out
    assert "99.99 %" in printed
    assert "Events:     100 in 10.00 s" in printed
    assert "10 events/s" in printed


def test_it_stops_only_once_and_counts_nothing_after_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    offramp, clock = make(stop_after="10s")
    offramp.write(events(clock, 1))
    clock.advance(10.0)
    offramp.write(events(clock, 1))
    assert offramp.events == 1
    with pytest.raises(StopDeployment):
        offramp.flush()
    assert offramp.flush() is False


def test_without_an_end_it_goes_on_for_ever() -> None:
    offramp, clock = make()
    offramp.write(events(clock, 1))
    clock.advance(1e6)
    assert offramp.flush() is False


def test_a_report_without_any_event_is_no_error() -> None:
    offramp, _ = make()
    assert "0 events/s" in offramp.report()


def test_at_the_end_it_writes_what_it_measured_for_programs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    offramp, clock = make(warm_up="1s", stop_after="10s", report=str(tmp_path))
    offramp.write(events(clock, 1))
    clock.advance(2.0)
    offramp.write(events(clock, 100, age_ms=3))
    assert list(tmp_path.iterdir()) == []
    clock.advance(9.0)
    with pytest.raises(StopDeployment):
        offramp.flush()
    (file,) = tmp_path.iterdir()
    assert file.name == f"blackhole-{os.getpid()}.json"
    figures = json.loads(file.read_text(encoding="utf-8"))
    assert (figures["events"], figures["bytes"], figures["seconds"]) == (100, 400, 10.0)
    assert figures["ended_ns"] - figures["began_ns"] == 10 * 10**9
    counts = figures["latencies_ns"]["counts"]
    assert sum(counts.values()) == 100
    assert figures["latencies_ns"]["percentiles"]["99"] == int(next(iter(counts)))


def test_a_measurement_that_is_cut_short_is_written_at_the_close(tmp_path: Path) -> None:
    offramp, clock = make(report=str(tmp_path))
    offramp.close()
    assert list(tmp_path.iterdir()) == []
    offramp.write(events(clock, 3))
    clock.advance(2.0)
    offramp.write(events(clock, 3))
    offramp.close()
    (file,) = tmp_path.iterdir()
    figures = json.loads(file.read_text(encoding="utf-8"))
    assert (figures["events"], figures["seconds"]) == (6, 2.0)


def test_a_report_into_nowhere_is_refused_before_the_start(tmp_path: Path) -> None:
    offramp = BlackholeOfframp(BlackholeOfframp.Options.model_validate({"report": str(tmp_path / "no")}))
    with pytest.raises(CannotOpen, match="no directory"):
        offramp.check()
