"""What is the matter with a deployment, from one look at it. Pure."""

from __future__ import annotations

from collections.abc import Container

from supervisor.observation.snapshot import Snapshot

__all__ = ["reasons_of"]

_READY = {"running", "ended"}


def reasons_of(snapshot: Snapshot, tolerated: Container[str] = ()) -> list[str]:
    """Why it is not ready, a sentence each; empty when every component and executor runs and is connected, those apart
    that are ``tolerated``, by name.
    """
    reasons = [] if snapshot.state == "running" else [f"the deployment is {snapshot.state}"]
    reasons += [
        f"{component.name} is {component.state}" + (f": {component.reason}" if component.reason else "")
        for component in snapshot.components
        if component.state not in _READY and component.name not in tolerated
    ]
    reasons += [
        f"executor {process.executor} is {process.state}"
        for process in snapshot.processes
        if process.executor and process.state != "running"
    ]
    return reasons
