"""``/api/v1/stream``: looks at the deployment, one a second."""

from __future__ import annotations

from collections.abc import Iterator

from werkzeug.wrappers import Response

from supervisor.api.event_stream import CONTENT_TYPE, event, event_stream
from supervisor.api.feed import SnapshotFeed
from supervisor.api.routing import Call, Route
from supervisor.api.service import Service

__all__ = ["routes"]


def routes(service: Service) -> Iterator[Route]:
    """The one that goes on."""
    feed = SnapshotFeed(service)

    def stream(_call: Call) -> Response:
        return event_stream(event("snapshot", data) for data in feed.watch())

    yield Route("GET", "/api/v1/stream", stream, "A look at everything each second.", "Looking", answer=str,
                content_type=CONTENT_TYPE,
                description="Server-sent events called `snapshot`; the data of each is what `/api/v1/deployment` "
                "answers. Goes on until the client has enough.")  # fmt: skip
