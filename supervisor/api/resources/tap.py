"""``/api/v1/tap``: events that pass at an edge, sampled."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

from pydantic import BaseModel, Field
from pydantic_core import to_json
from werkzeug.wrappers import Response

from supervisor.api.event_stream import COMMENT, CONTENT_TYPE, event, event_stream
from supervisor.api.problems import Problem
from supervisor.api.routing import Call, Route
from supervisor.api.service import Service
from supervisor.taps.edge import parse_edge
from supervisor.taps.feed import TapFeed, TooManyTaps
from supervisor.taps.taps import TapSpec

__all__ = ["routes"]

_TAKE_SECONDS = 1.0


class _Tap(BaseModel):
    edge: str = Field(
        min_length=1,
        max_length=500,
        description="`pipeline:main/parse` for what leaves it by `out`, `pipeline:main/parse/err` for what leaves it "
        "by `err`, `> pipeline:main/parse` for what comes in.",
    )
    filter: str = Field(
        default="",
        max_length=4096,
        description="An expression, such as `event.status >= 500`; only these events.",
    )
    count: int | None = Field(default=None, ge=1, description="End after so many events.")
    per_second: float = Field(
        default=10.0, gt=0, le=1000, description="Events a second, at most, of each executor."
    )


def routes(service: Service) -> Iterator[Route]:
    """The one that looks at events."""

    def tap(call: Call) -> Response:
        asked: _Tap = call.query
        spec = TapSpec(asked.edge, asked.filter, asked.per_second)
        try:
            feed = service.running.tap(spec)
        except TooManyTaps as error:
            raise Problem(429, "too-many-taps", str(error)) from None
        except ValueError as error:
            raise Problem(422, "invalid", str(error)) from None
        response = event_stream(_events(service, spec, feed, asked.count))
        # Also where the client is gone before the first event, and the generator has not begun.
        response.call_on_close(feed.close)
        return response

    yield Route("GET", "/api/v1/tap", tap, "Events that pass at an edge.", "Looking", query=_Tap, answer=str,
                content_type=CONTENT_TYPE, problems=(429,),
                description="Server-sent events: `event` with `at_ns`, `edge`, `value`, `meta`, `origin`, `ingest_ns` "
                "and `executor`; `missed` with the `count` of events that passed and are not shown; `waiting` with the "
                "reason `why` nothing can come now. Values are bounded, and secrets are hidden.")  # fmt: skip


def _events(service: Service, spec: TapSpec, feed: TapFeed, count: int | None) -> Iterator[bytes]:
    edge, told, left = parse_edge(spec.edge), "", float("inf") if count is None else count
    with closing(feed):
        while left > 0 and not feed.closed:
            why = edge.why_absent(service.running.plan.components())
            if why and why != told:
                yield _event("waiting", {"why": why})
            told = why
            sample = feed.take(_TAKE_SECONDS)
            for seen in sample.events:
                if left > 0:
                    yield _event("event", seen)
                    left -= 1
            if sample.missed:
                yield _event("missed", {"count": sample.missed})
            if not sample.events:
                yield COMMENT


def _event(name: str, data: dict[str, Any]) -> bytes:
    return event(name, to_json(data))
