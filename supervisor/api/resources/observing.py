"""What runs, and how it is: the deployment, its flows and components, the supervision tree."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gevent

from supervisor.api.models import ComponentStack, FlowSummary, RatesQuery
from supervisor.api.problems import Problem
from supervisor.api.routing import Call, Route
from supervisor.api.service import Service
from supervisor.deployment.show import component_table
from supervisor.deployment.steering import UnknownTarget
from supervisor.observation.rates import ComponentRates, rates_between
from supervisor.observation.snapshot import ComponentSnapshot, Snapshot
from supervisor.supervision import ActorStatus

__all__ = ["routes", "worst_state"]

_WORST_FIRST = (
    "restarting", "down", "connecting", "stopped", "stopping", "starting", "paused", "running", "ended",
)  # fmt: skip


def routes(service: Service) -> Iterator[Route]:
    """Those that only look."""

    def deployment(_call: Call) -> Any:
        return service.snapshot().to_json()

    def plan(_call: Call) -> Any:
        return service.running.plan.to_json()

    def account(_call: Call) -> Any:
        return service.running.account().to_json()

    def components(_call: Call) -> Any:
        return service.snapshot().to_json()["components"]

    def rates(call: Call) -> Any:
        query: RatesQuery = call.query
        before = service.snapshot()
        gevent.sleep(query.seconds)
        return rates_between(before, service.snapshot())

    def component(call: Call) -> Any:
        name = call.path["name"]
        found = [part for part in service.snapshot().to_json()["components"] if part["name"] == name]
        if not found:
            raise Problem(
                404,
                "unknown-component",
                f"there is no component called {name!r}; /api/v1/components lists them",
            )
        return found

    def stack(call: Call) -> Any:
        try:
            return service.running.stack(call.path["name"])
        except UnknownTarget as error:
            raise Problem(404, "unknown-component", f"{error}; /api/v1/components lists them") from None

    def configuration(call: Call) -> Any:
        plan, name = service.running.plan, call.path["name"]
        for part in plan.components():
            if part.actor_name == name:
                return component_table(plan, part)
        raise Problem(404, "unknown-component", f"the file has no component called {name!r}")

    def flows(_call: Call) -> Any:
        snapshot = service.snapshot()
        return [_summary(snapshot, name, parts) for name, parts in service.flows().items()]

    def flow(call: Call) -> Any:
        name = call.path["name"]
        parts = service.flows().get(name)
        if parts is None:
            raise Problem(404, "unknown-flow", f"there is no flow called {name!r}; /api/v1/flows lists them")
        return _summary(service.snapshot(), name, parts)

    def tree(_call: Call) -> Any:
        return service.running.tree()

    read = "Looking"
    yield Route("GET", "/api/v1/deployment", deployment, "Everything that can be seen, at one moment.", read,
                answer=Snapshot)  # fmt: skip
    yield Route("GET", "/api/v1/plan", plan, "What runs, as the file and the defaults say it.", read,
                answer=dict[str, Any])  # fmt: skip
    yield Route("GET", "/api/v1/account", account, "Where every event went.", read, answer=dict[str, Any])
    yield Route("GET", "/api/v1/components", components, "All components.", read,
                answer=list[ComponentSnapshot])  # fmt: skip
    yield Route("GET", "/api/v1/components/<path:name>", component,
                "A component by its name; several where executors have one each.", read,
                answer=list[ComponentSnapshot], problems=(404,))  # fmt: skip
    yield Route("GET", "/api/v1/components/<component:name>/stack", stack,
                "Where a component is in its code right now, and its latest failures.", read,
                answer=list[ComponentStack], problems=(404,),
                description="Places in the code, no values. One for each process that runs it.")  # fmt: skip
    yield Route("GET", "/api/v1/configuration/<path:name>", configuration,
                "A component's table as the file and the defaults say it; secrets are references.", read,
                answer=dict[str, Any], problems=(404,))  # fmt: skip
    yield Route("GET", "/api/v1/rates", rates, "What each component does now, per second.", read,
                query=RatesQuery, answer=list[ComponentRates],
                description="Two looks, and what changed between them. Answers after the second.")  # fmt: skip
    yield Route("GET", "/api/v1/flows", flows, "All flows.", read, answer=list[FlowSummary])
    yield Route("GET", "/api/v1/flows/<name>", flow, "A flow by its name.", read, answer=FlowSummary,
                problems=(404,))  # fmt: skip
    yield Route("GET", "/api/v1/tree", tree, "The supervision tree.", read, answer=ActorStatus)


def worst_state(states: list[str]) -> str:
    """The state that somebody should look at first."""
    return min(states, key=_WORST_FIRST.index, default="ended")


def _summary(snapshot: Snapshot, name: str, parts: list[ComponentSnapshot]) -> FlowSummary:
    return FlowSummary.model_construct(
        name=name,
        guarantee=snapshot.guarantees.get(name, "best-effort"),
        state=worst_state([part.state for part in parts]),
        components=parts,
    )
