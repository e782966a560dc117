"""Keeps a deployment alive, builds it from TOML, and lets people look in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from supervisor.deployment.deployment import Deployment, Outcome, StartRefused
    from supervisor.deployment.problem import InvalidDeployment
    from supervisor.executors.fleet import Fleet, open_deployment

__all__ = ["Deployment", "Fleet", "InvalidDeployment", "Outcome", "StartRefused", "open_deployment"]


def __getattr__(name: str) -> Any:
    # Late: the command must be able to monkey-patch before sockets and TLS are imported, and to print its help fast.
    if name == "InvalidDeployment":
        from supervisor.deployment import problem

        return problem.InvalidDeployment
    if name in ("Fleet", "open_deployment"):
        from supervisor.executors import fleet

        return getattr(fleet, name)
    if name in __all__:
        from supervisor.deployment import deployment

        return getattr(deployment, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
