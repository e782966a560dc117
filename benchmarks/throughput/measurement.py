"""What one run of a variant showed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.throughput.process import Usage
from ramps.histogram import Histogram

__all__ = ["Measurement", "measurement_of"]


@dataclass(frozen=True)
class Measurement:
    """Rate are those of all copies together; latencies are None where none are measured."""

    events_per_s: float
    mib_per_s: float
    cpu_cores: float
    peak_mib: float
    memory_growth: float | None
    p50_ms: float | None = None
    p99_ms: float | None = None
    p999_ms: float | None = None

    @property
    def mib_per_cpu_s(self) -> float:
        """MiB for a second of CPU time: what other programs on the machine disturb the least."""
        return self.mib_per_s / self.cpu_cores if self.cpu_cores else 0.0

    def as_dict(self) -> dict[str, Any]:
        """For a JSON file."""
        return {**asdict(self), "mib_per_cpu_s": self.mib_per_cpu_s}


def measurement_of(figures: Sequence[dict[str, Any]], usage: Usage) -> Measurement:
    """From the figures of all copies, each of which measured in a time of its own, so that rates are added."""
    figures = [each for each in figures if each["seconds"] > 0]
    if not figures or not sum(each["events"] for each in figures):
        raise ValueError("nothing was measured: no event came after the warm-up")
    began_ns = min(each["began_ns"] for each in figures)
    ended_ns = max(each["ended_ns"] for each in figures)
    latencies = Histogram()
    for each in figures:
        for key, times in each.get("latencies_ns", {"counts": {}})["counts"].items():
            latencies.record(int(key), times)
    percentiles = [
        latencies.percentile(percent) / 1e6 if latencies.count else None for percent in (50, 99, 99.9)
    ]
    return Measurement(
        sum(each["events"] / each["seconds"] for each in figures),
        sum(each["bytes"] / each["seconds"] for each in figures) / 2**20,
        usage.cpu_between(began_ns, ended_ns),
        usage.peak_bytes / 2**20,
        usage.growth_between(began_ns, ended_ns),
        *percentiles,
    )
