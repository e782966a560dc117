"""What can be done to what runs."""

from __future__ import annotations

from collections.abc import Iterator

from supervisor.api.models import ActionRequest, ActionResult
from supervisor.api.problems import Problem
from supervisor.api.routing import Call, Route
from supervisor.api.service import Service
from supervisor.deployment.steering import NotDrained, UnknownTarget
from supervisor.supervision import SupervisionError

__all__ = ["routes"]


def routes(service: Service) -> Iterator[Route]:
    """Those that change something."""

    def act(call: Call) -> ActionResult:
        order: ActionRequest = call.body
        try:
            if order.action == "drain":
                return ActionResult(components=service.drain(order.target, order.timeout))
            return ActionResult(components=service.steer(order.action, order.target))
        except UnknownTarget as error:
            raise Problem(404, "unknown-target", str(error)) from None
        except NotDrained as error:
            raise Problem(409, "still-under-way", str(error), components=error.components) from None
        except SupervisionError as error:
            raise Problem(409, "not-restarted", str(error)) from None

    yield Route(
        "POST",
        "/api/v1/actions",
        act,
        "Pause, resume, restart or drain a component or a flow.",
        "Steering",
        body=ActionRequest,
        answer=ActionResult,
        problems=(404, 409),
        writes=True,
    )
