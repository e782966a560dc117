"""What was logged lately, and what is being logged."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json
from werkzeug.wrappers import Response

from supervisor.api.event_stream import COMMENT, CONTENT_TYPE, event, event_stream
from supervisor.api.routing import Call, Route
from supervisor.api.service import Service
from supervisor.log_ring import Level, LogEntry, LogRing, Wanted

__all__ = ["routes"]

_AFTER = "Only those that follow the one with this id."


class _Filter(BaseModel):
    model_config = ConfigDict(extra="forbid")

    component: str = Field(
        default="",
        max_length=500,
        description="Only about this component, as `pipeline:main/parse` or `main/parse`, or flow, as `flow:main`.",
    )
    level: Level = Field(default="debug", description="Only of this level and above.")

    @property
    def wanted(self) -> Wanted:
        return Wanted(self.component, self.level)


class _Page(_Filter):
    limit: int = Field(default=200, ge=1, le=2000, description="At most so many.")
    after: int | None = Field(default=None, ge=0, le=2**53, description=_AFTER + " Without it, the latest.")


class _Following(_Filter):
    after: int | None = Field(
        default=None, ge=0, le=2**53, description=_AFTER + " Without it, only what comes from now on."
    )


def routes(service: Service) -> Iterator[Route]:
    """Those that read what the service's ring keeps."""
    ring = service.logs

    def logs(call: Call) -> list[LogEntry]:
        page: _Page = call.query
        return ring.find(page.wanted, page.limit, page.after)

    def stream(call: Call) -> Response:
        asked: _Following = call.query
        return event_stream(_events(ring, asked.wanted, asked.after))

    tag = "Logs"
    yield Route("GET", "/api/v1/logs", logs, "The latest that was logged, in order.", tag, query=_Page,
                answer=list[LogEntry],
                description="The latest two thousand records are kept, as far as the engine's own level lets them "
                "through.")  # fmt: skip
    yield Route("GET", "/api/v1/logs/stream", stream, "What is logged, as it comes.", tag, query=_Following,
                answer=str, content_type=CONTENT_TYPE,
                description="Server-sent events called `log`; the data of each is one of what `/api/v1/logs` answers. "
                "`missed`, with the number `records`, says that the client was too slow for so many. Goes on until the "
                "client has enough.")  # fmt: skip


def _events(ring: LogRing, wanted: Wanted, after: int | None) -> Iterator[bytes]:
    for news in ring.follow(wanted, after):
        if news is None:
            yield COMMENT
        elif isinstance(news, int):
            yield event("missed", to_json({"records": news}))
        else:
            yield event("log", to_json(news))
