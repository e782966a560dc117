"""For orchestrators and people: is it alive, is it ready, and what is the matter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, Field
from werkzeug.wrappers import Response

from supervisor.api.models import Health, Version
from supervisor.api.routing import Call, Route
from supervisor.api.service import Service
from supervisor.deployment.closed_offramps import tolerated
from supervisor.observation.health import reasons_of

__all__ = ["routes"]


class _Verbosity(BaseModel):
    verbose: bool = Field(default=False, description="With the supervision tree.")


def routes(service: Service) -> Iterator[Route]:
    """The probes. They need no token, and tell no secrets."""

    def livez(_call: Call) -> Health:
        # That it answers at all says that the hub turns.
        return Health(status="ok", reasons=[])

    def readyz(_call: Call) -> Any:
        return answer()

    def answer(tree: dict[str, Any] | None = None) -> Response:
        snapshot = service.snapshot()
        states = {component.name: component.state for component in snapshot.components}
        closed = tolerated(service.running.plan, states)
        return _answer(reasons_of(snapshot, closed), sorted(closed), tree)

    def healthz(call: Call) -> Any:
        tree = dict(service.running.tree()) if call.query.verbose else None
        return answer(tree)

    def version(_call: Call) -> Version:
        from importlib.metadata import version as installed

        return Version(version=installed("aftershock"))

    tag = "Health"
    yield Route("GET", "/livez", livez, "Whether the hub turns.", tag, answer=Health, public=True)
    yield Route("GET", "/readyz", readyz, "Whether every component runs and is connected.", tag, answer=Health,
                public=True, also=(503,))  # fmt: skip
    yield Route("GET", "/healthz", healthz, "The same, with the supervision tree and reasons if asked for.", tag,
                query=_Verbosity, answer=Health, also=(503,))  # fmt: skip
    yield Route("GET", "/version", version, "What this is.", tag, answer=Version, public=True)


def _answer(reasons: list[str], closed: list[str], tree: dict[str, Any] | None) -> Response:
    told = [
        *reasons,
        *(f"{name} is closed, and what is for it is dropped, as its flow says" for name in closed),
    ]
    status: Any = "failing" if reasons else "degraded" if closed else "ok"
    health = Health(status=status, reasons=told, tree=tree)
    return Response(health.model_dump_json(), status=503 if reasons else 200, content_type="application/json")
