"""Other deployments for what runs: checked, compared, applied; flows added and removed."""

from __future__ import annotations

from collections.abc import Iterator

from supervisor.api.models import Changed, Validation
from supervisor.api.problems import Problem
from supervisor.api.routing import Call, Route
from supervisor.api.service import Service
from supervisor.deployment.amend import UnknownFlow, plan_text, with_flows, without_flow
from supervisor.deployment.difference import difference
from supervisor.deployment.plan import Plan
from supervisor.deployment.problem import InvalidDeployment
from supervisor.deployment.problem import Problem as Finding
from supervisor.deployment.reload import ReloadFailed, ReloadRefused, WayBackFailed

__all__ = ["routes"]

_TOML = "application/toml"


def routes(service: Service) -> Iterator[Route]:
    """All of them take TOML."""

    def running() -> Plan:
        return service.running.plan

    def validate(call: Call) -> Validation:
        try:
            _, warnings = plan_text(call.body, running().file)
        except InvalidDeployment as invalid:
            return Validation(ok=False, problems=[found.to_json() for found in invalid.problems])
        return Validation(ok=True, problems=[found.to_json() for found in warnings])

    def plan(call: Call) -> Changed:
        found, warnings = _checked(call.body, running().file)
        return _changed(difference(running(), found).to_json(), warnings)

    def replace(call: Call) -> Changed:
        return apply(*_checked(call.body, running().file))

    def add(call: Call) -> Changed:
        try:
            with service.running.reloading:
                return apply(*with_flows(running(), call.body))
        except InvalidDeployment as invalid:
            raise _invalid(invalid) from None

    def remove(call: Call) -> Changed:
        try:
            with service.running.reloading:
                return apply(without_flow(running(), call.path["name"]), ())
        except UnknownFlow as error:
            raise Problem(404, "unknown-flow", str(error)) from None
        except InvalidDeployment as invalid:
            # What is left could not run: it was the last flow, or others need something of it.
            raise Problem(409, "refused", _invalid(invalid).detail) from None

    def apply(found: Plan, warnings: tuple[Finding, ...]) -> Changed:
        try:
            return _changed(service.reload(found).to_json(), warnings)
        except ReloadRefused as error:
            raise Problem(409, "refused", str(error)) from None
        except ReloadFailed as error:
            raise Problem(409, "not-reloaded", str(error)) from None
        except WayBackFailed as error:
            raise Problem(500, "in-pieces", str(error)) from None

    yield Route(
        "POST",
        "/api/v1/deployment/validate",
        validate,
        "Check a deployment, and start nothing of it.",
        "Deployment",
        takes=_TOML,
        answer=Validation,
        writes=True,
        description="Imports the Python modules that it names. Relative paths start beside the file that runs.",
    )
    yield Route(
        "POST",
        "/api/v1/deployment/plan",
        plan,
        "Say what it would change to run this deployment instead.",
        "Deployment",
        takes=_TOML,
        answer=Changed,
        writes=True,
    )
    yield Route(
        "PUT",
        "/api/v1/deployment",
        replace,
        "Run this deployment instead: what did not change runs on.",
        "Deployment",
        takes=_TOML,
        answer=Changed,
        problems=(409,),
        writes=True,
        description="Answered when all is done, which takes as long as what is under way to what leaves. If something "
        "cannot be started, everything is put back as it was: 409 says what it was.",
    )
    yield Route(
        "POST",
        "/api/v1/flows",
        add,
        "Add flows, and the components that they need.",
        "Deployment",
        takes=_TOML,
        answer=Changed,
        problems=(409,),
        writes=True,
    )
    yield Route(
        "DELETE",
        "/api/v1/flows/<name>",
        remove,
        "Take a flow out, and the components that only it has.",
        "Deployment",
        answer=Changed,
        problems=(404, 409),
        writes=True,
    )


def _checked(text: str, file: str) -> tuple[Plan, tuple[Finding, ...]]:
    try:
        return plan_text(text, file)
    except InvalidDeployment as invalid:
        raise _invalid(invalid) from None


def _invalid(invalid: InvalidDeployment) -> Problem:
    found = [problem.to_json() for problem in invalid.problems]
    first = next(problem for problem in invalid.problems if problem.severity.value == "error")
    return Problem(422, "invalid-deployment", str(first), problems=found)


def _changed(difference: dict[str, object], warnings: tuple[Finding, ...]) -> Changed:
    return Changed.model_validate({**difference, "warnings": [found.to_json() for found in warnings]})
