"""All routes of the API."""

from __future__ import annotations

from supervisor.api.resources import (
    dashboard,
    dead_letters,
    deploying,
    logs,
    metrics,
    observing,
    probes,
    steering,
    stream,
    tap,
)
from supervisor.api.resources.documents import document_routes, tremor_routes
from supervisor.api.routing import Route
from supervisor.api.service import Service

__all__ = ["all_routes"]


def all_routes(service: Service) -> list[Route]:
    """In the order of the document."""
    routes = [
        *observing.routes(service),
        *stream.routes(service),
        *logs.routes(service),
        *dead_letters.routes(service),
        *tap.routes(service),
        *steering.routes(service),
        *deploying.routes(service),
        *probes.routes(service),
        *metrics.routes(service),
        *tremor_routes(service),
        *dashboard.routes(),
    ]
    return [*routes, *document_routes(routes)]
