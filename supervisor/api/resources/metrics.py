"""``/metrics``: what Prometheus scrapes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.metrics_core import (
    Metric as Family,
)
from prometheus_client.registry import Collector
from werkzeug.wrappers import Response

from ramps.latency import BOUNDS_SECONDS
from supervisor.api.routing import Call, Route
from supervisor.api.service import Service
from supervisor.observation.metrics import METRICS, Metric
from supervisor.observation.snapshot import Snapshot

__all__ = ["routes"]


def routes(service: Service) -> Iterator[Route]:
    """The one that exports."""

    def metrics(call: Call) -> Response:
        snapshot = service.snapshot()
        # A registry of its own: the process's global one may hold what belongs to whoever embeds us.
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Once(snapshot))
        encode, content_type = choose_encoder(call.request.headers.get("Accept", ""))
        return Response(encode(registry), content_type=content_type)

    yield Route("GET", "/metrics", metrics, "All metrics, for Prometheus.", "Metrics", answer=str,
                content_type="text/plain",
                description="Text of Prometheus, or of OpenMetrics where the client asks for it.")  # fmt: skip


def _family(metric: Metric, snapshot: Snapshot) -> Family:
    if metric.kind == "histogram":
        bounds = [*map(str, BOUNDS_SECONDS), "+Inf"]
        histogram = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
        for sample in metric.samples(snapshot):
            histogram.add_metric(
                sample.labels, list(zip(bounds, accumulate(sample.buckets), strict=True)), sample.value
            )
        return histogram
    make = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    family = make(metric.name, metric.help, labels=metric.labels)
    for sample in metric.samples(snapshot):
        family.add_metric(sample.labels, sample.value)
    return family


class _Once(Collector):
    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterator[Family]:
        families = (_family(metric, self._snapshot) for metric in METRICS)
        # One without any value would only be a heading.
        return (family for family in families if family.samples)
