"""The `blackhole` offramp: throws events away and measures how many come, and how late."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, ClassVar

import structlog
from pydantic import Field

from pipelines.options import Duration, Options
from ramps.errors import CannotOpen, StopDeployment
from ramps.histogram import Histogram
from ramps.offramp import Offramp, Outgoing, offramps

__all__ = ["BlackholeOfframp"]

_PERCENTILES = (50.0, 90.0, 99.0, 99.9, 99.99, 100.0)
_NO_FILE_NAME = str.maketrans("/:", "--")


class BlackholeOptions(Options):
    """Options of `blackhole`."""

    warm_up: Duration = Field(
        default="0s",
        validate_default=True,
        description="Measure nothing for this long after the first event.",
    )
    stop_after: Duration = Field(
        default="0s",
        validate_default=True,
        description="After this long (and the warm-up), print the table and stop the deployment; 0s: go on.",
    )
    significant_figures: int = Field(default=2, ge=1, le=5, description="How exact the latencies are.")
    report: Path | None = Field(
        default=None,
        description="A directory: at the end each copy writes what it measured there, as COMPONENT-PID.json.",
    )


@offramps.register
class BlackholeOfframp(Offramp):
    """Counts events and encoded bytes, and records each event's age (from `ingest_ns` until now) in a histogram.

    Latencies are exact to the given figures. The measurement begins with the first event after the warm-up.
    """

    name: ClassVar[str] = "blackhole"
    summary: ClassVar[str] = "Throws events away and measures throughput and latency, for benchmarks."
    example: ClassVar[str] = """
        [offramps.out]
        type = "blackhole"
        warm_up = "5s"
        stop_after = "30s"
        """
    single_owner: ClassVar[bool] = False
    confirms = "write"
    Options = BlackholeOptions
    options: BlackholeOptions

    def __init__(self, options: BlackholeOptions | None = None) -> None:
        super().__init__(options)
        self.latencies_ns = Histogram(self.options.significant_figures)
        """Ages of the events since the end of the warm-up."""
        self.events = 0
        """Events since the end of the warm-up."""
        self.size_bytes = 0
        """Their encoded bytes."""
        self._warm_at: float | None = None
        self._until = float("inf")
        self._measured_until = 0.0
        self._began_ns = 0
        self._reported = False

    def check(self) -> None:
        """Refuse a directory for the report that is not there."""
        directory = self.options.report
        if directory is not None and not directory.is_dir():
            raise CannotOpen(f"offramp cannot write its report: there is no directory {str(directory)!r}")

    def open(self) -> None:
        """Nothing to acquire. Raises `CannotOpen` where the directory for the report is missing."""
        self.check()

    def write(self, outgoing: Outgoing) -> None:
        """Count the batch."""
        now = self.clock.now()
        if self._warm_at is None:
            self._warm_at = now + self.options.warm_up
            self._began_ns = self.clock.time_ns() + round(self.options.warm_up * 1e9)
            if self.options.stop_after:
                self._until = self._warm_at + self.options.stop_after
        if not self._warm_at <= now < self._until:
            return
        batch = outgoing.batch
        count = len(batch.values)
        # One stamp for the whole batch, so one look-up for all its events.
        self.latencies_ns.record(self.clock.time_ns() - batch.ingest_ns, count)
        self.events += count
        self.size_bytes += outgoing.size
        self._measured_until = now

    def flush(self) -> bool:
        """Print the table and raise `StopDeployment` once the time is over."""
        if self._warm_at is None or self.options.stop_after == 0 or self._reported:
            return False
        if not self._is_over(self.clock.now()):
            return True
        self._reported = True
        self._measured_until = self._warm_at + self.options.stop_after
        sys.stdout.write(self.report())
        sys.stdout.flush()
        self._write_report()
        raise StopDeployment("the measurement is over")

    def close(self) -> None:
        """Nothing to release; the measurement stays, and is written down if it was cut short."""
        if not self._reported and self._warm_at is not None:
            self._write_report()

    @property
    def measured_seconds(self) -> float:
        """How long the measurement has lasted: from the end of the warm-up to the latest event, or to its end."""
        return 0.0 if self._warm_at is None else max(0.0, self._measured_until - self._warm_at)

    @property
    def events_per_second(self) -> float:
        """Throughput in events."""
        return self.events / self.measured_seconds if self.measured_seconds else 0.0

    @property
    def mebibytes_per_second(self) -> float:
        """Throughput in MiB (2**20 bytes) of encoded events."""
        return self.size_bytes / 2**20 / self.measured_seconds if self.measured_seconds else 0.0

    def report(self) -> str:
        """The measurement as a table for people, in lines."""
        latencies = self.latencies_ns
        rows = [("Percentile", "Latency")]
        rows += [(f"{percent:g} %", _milliseconds(latencies.percentile(percent))) for percent in _PERCENTILES]
        rows.append(("mean", _milliseconds(latencies.mean())))
        table = "".join([f"{name:>10}  {value:>15}\n" for name, value in rows])
        return (
            f"{table}\n"
            f"Events:     {self.events:,} in {self.measured_seconds:.2f} s\n"
            f"Throughput: {self.events_per_second:,.0f} events/s, {self.mebibytes_per_second:.2f} MiB/s\n"
        )

    def figures(self) -> dict[str, Any]:
        """The measurement for programs: plain data, so that those of several copies can be added up.

        Times are in seconds, stamps in nanoseconds since 1970, latencies in nanoseconds; ``counts`` are those of the
        `Histogram`.
        """
        latencies = self.latencies_ns
        return {
            "component": structlog.get_context(self.log).get("component", self.name),
            "pid": os.getpid(),
            "events": self.events,
            "bytes": self.size_bytes,
            "seconds": self.measured_seconds,
            "began_ns": self._began_ns,
            "ended_ns": self._began_ns + round(self.measured_seconds * 1e9),
            "latencies_ns": {
                "significant_figures": self.options.significant_figures,
                "percentiles": {f"{percent:g}": latencies.percentile(percent) for percent in _PERCENTILES},
                "mean": latencies.mean(),
                "counts": {str(key): latencies.counts[key] for key in sorted(latencies.counts)},
            },
        }

    def _write_report(self) -> None:
        directory = self.options.report
        if directory is None:
            return
        figures = self.figures()
        component = str(figures["component"]).translate(_NO_FILE_NAME)
        path = directory / f"{component}-{os.getpid()}.json"
        unfinished = path.with_suffix(".unfinished")
        try:
            unfinished.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
            # Whoever waits for the file never sees half of it.
            unfinished.replace(path)
        except OSError as error:
            self.log.error("The report was not written.", error=str(error))

    def _is_over(self, now: float) -> bool:
        return now >= self._until


def _milliseconds(nanoseconds: float) -> str:
    return f"{nanoseconds / 1e6:,.3f} ms"
