"""`OtlpExport`: pushes all metrics to a collector, by OpenTelemetry's protocol over HTTP.

The list of metrics is that of `supervisor.observation.metrics`; OpenTelemetry's SDK is only asked to encode and send
what a look at the deployment has shown. It is imported only here: the extra ``otlp``.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

import gevent
import requests
from gevent.event import Event
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    MetricExportResult,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.metrics.export import Metric as SdkMetric
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from actors.log import get_logger
from actors.native_thread import call_in_thread
from ramps.latency import BOUNDS_SECONDS
from supervisor.deployment.otlp_table import OtlpTable
from supervisor.deployment.running import Running
from supervisor.observation.metrics import METRICS, Metric
from supervisor.observation.snapshot import Snapshot

__all__ = ["OtlpExport", "metrics_data"]

_log = get_logger("supervisor")

_CUMULATIVE = AggregationTemporality.CUMULATIVE
_MAX_WORDS = 300
_UNITS = {"seconds": "s", "bytes": "By"}


class OtlpExport:
    """Pushes in a native thread, so that nobody waits for the collector. A push that fails is logged once, and again
    when one has succeeded since. Raises ``ValueError`` where a secret is not there.
    """

    def __init__(self, running: Running, settings: OtlpTable) -> None:
        self._running = running
        self._settings = settings
        self._fails = False
        self._under_way = False
        """Whether a thread pushes, which may be for longer than anybody has waited for it."""
        self._ending = Event()
        self._pushing: gevent.Greenlet[[], None] | None = None
        self._exporter = OTLPMetricExporter(
            settings.url,
            headers=settings.revealed_headers(),
            timeout=settings.timeout,
            compression=Compression.Gzip,
            session=_OneTry(),
        )

    def start(self) -> None:
        """Push from now on, after the deployment has started. A second call changes nothing."""
        if self._pushing is None:
            self._pushing = gevent.spawn(self._push_again_and_again)

    def stop(self) -> None:
        """Push once more, unless the latest push has failed, and end. Before or after the deployment stops. Blocks."""
        pushing, self._pushing = self._pushing, None
        if pushing is None:
            return
        self._ending.set()
        pushing.join()
        if not self._fails:
            self._push()
        self._exporter.shutdown()

    def _push_again_and_again(self) -> None:
        while not self._ending.wait(self._settings.every):
            self._push()

    def _push(self) -> None:
        try:
            if self._under_way:
                raise OSError("the push before this one is still under way")
            snapshot = self._running.snapshot()
            uptime_ns = round(self._running.uptime_seconds * 1e9)
            # The timeout of a request is for each piece of what comes.
            with gevent.Timeout(2 * self._settings.timeout, OSError("the collector takes too long")):
                call_in_thread(self._export, snapshot, snapshot.at_ns - uptime_ns)
        except Exception as error:
            if not self._fails:
                _log.warning(
                    "Metrics cannot be pushed; it is tried again and again.",
                    endpoint=self._settings.endpoint,
                    error=str(error) or repr(error),
                )
            self._fails = True
        else:
            if self._fails:
                _log.info("Metrics can be pushed again.", endpoint=self._settings.endpoint)
            self._fails = False

    def _export(self, snapshot: Snapshot, started_ns: int) -> None:
        """In a native thread. Raises ``OSError`` with what was wrong."""
        self._under_way = True
        try:
            with _words_of_the_exporter() as words:
                result = self._exporter.export(metrics_data(snapshot, started_ns))
        finally:
            self._under_way = False
        if result is not MetricExportResult.SUCCESS:
            raise OSError(words[-1][:_MAX_WORDS] if words else "the collector did not take them")


class _OneTry(requests.Session):
    """The exporter would try again within a push, and hold up the end of the process: the next push is the next try."""

    def request(self, *arguments: Any, **options: Any) -> requests.Response:
        # A body is not read, however long it is or takes, and nobody but the collector gets the headers.
        options |= {"stream": True, "allow_redirects": False}
        try:
            with super().request(*arguments, **options) as response:
                pass
        except requests.RequestException as error:
            # Of this kind it knows nothing.
            raise OSError(str(error)) from None
        if not 200 <= response.status_code < 300:
            raise OSError(f"{response.status_code} {response.reason}")
        return response


def metrics_data(snapshot: Snapshot, started_ns: int) -> MetricsData:
    """One look as OpenTelemetry has it. Counters count from ``started_ns``."""
    scope = ScopeMetrics(
        InstrumentationScope("aftershock", version("aftershock")),
        [metric for one in METRICS if (metric := _metric(one, snapshot, started_ns)).data.data_points],
        "",
    )
    resource = Resource.create({"service.name": "aftershock", "service.instance.id": snapshot.file})
    return MetricsData([ResourceMetrics(resource, [scope], "")])


def _metric(metric: Metric, snapshot: Snapshot, started_ns: int) -> SdkMetric:
    data: Sum | Gauge | Histogram
    if metric.kind == "histogram":
        data = Histogram(list(_histograms(metric, snapshot, started_ns)), _CUMULATIVE)
    else:
        start_ns = started_ns if metric.kind == "counter" else 0
        points = [
            NumberDataPoint(
                dict(zip(metric.labels, sample.labels, strict=True)), start_ns, snapshot.at_ns, sample.value
            )
            for sample in metric.samples(snapshot)
        ]
        data = Sum(points, _CUMULATIVE, is_monotonic=True) if metric.kind == "counter" else Gauge(points)
    return SdkMetric(metric.name, metric.help, _UNITS.get(metric.name.rpartition("_")[2], "1"), data)


def _histograms(metric: Metric, snapshot: Snapshot, started_ns: int) -> Iterator[HistogramDataPoint]:
    for sample in metric.samples(snapshot):
        yield HistogramDataPoint(
            dict(zip(metric.labels, sample.labels, strict=True)),
            started_ns,
            snapshot.at_ns,
            sum(sample.buckets),
            sample.value,
            list(sample.buckets),
            list(BOUNDS_SECONDS),
            # Not known, which a message of protobuf can say.
            min=None,  # type: ignore[arg-type]
            max=None,  # type: ignore[arg-type]
        )


@contextmanager
def _words_of_the_exporter() -> Iterator[list[str]]:
    """What it logs meanwhile, which would otherwise be shown for each push."""
    words: list[str] = []

    def keep(record: logging.LogRecord) -> bool:
        words.append(record.getMessage())
        return False

    logger = logging.getLogger(OTLPMetricExporter.__module__)
    logger.addFilter(keep)
    try:
        yield words
    finally:
        logger.removeFilter(keep)
