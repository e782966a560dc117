"""What requests and answers of the API look like, for checking and for the OpenAPI document."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from supervisor.observation.snapshot import ComponentSnapshot
from supervisor.supervision import FailureStatus

__all__ = [
    "ActionRequest",
    "ActionResult",
    "Change",
    "Changed",
    "ComponentStack",
    "FlowSummary",
    "Health",
    "ProblemDocument",
    "RatesQuery",
    "Validation",
    "Version",
]


class ActionRequest(BaseModel):
    """Something to be done to a component or to all components of a flow."""

    model_config = ConfigDict(extra="forbid")

    action: Literal["pause", "resume", "restart", "drain"] = Field(
        description="`pause`: work on nothing more, and read no more; `resume`: go on; `restart`: stop in order and "
        "start anew, with the mailbox that it has; `drain`: pause the onramps that lead there, wait until what "
        "they have sent has arrived, then pause it."
    )
    target: str = Field(
        min_length=1,
        max_length=500,
        description="`pipeline:main/parse`, `main/parse`, `flow:main`, or `main#2` for one copy of a flow.",
    )
    timeout: float = Field(default=30.0, gt=0, le=600, description="Seconds that a `drain` may take.")


class RatesQuery(BaseModel):
    """Over how long."""

    model_config = ConfigDict(extra="forbid")

    seconds: float = Field(default=1.0, ge=0.2, le=10.0, description="Between the two looks.")


class ActionResult(BaseModel):
    """Whom it was done to."""

    components: list[str] = Field(description="The components' names.")


class Validation(BaseModel):
    """What was found in a deployment."""

    ok: bool = Field(description="Whether it could run.")
    problems: list[dict[str, Any]] = Field(description="As `supervisor check --json` has them.")


class Change(BaseModel):
    """What becomes of a component or a flow."""

    name: str
    change: Literal["comes", "changes", "relinked", "leaves", "stays"]
    why: list[str] = Field(description="The keys that differ.")


class Changed(BaseModel):
    """The difference between what ran and what is to run, as `supervisor plan --json` has it."""

    same: bool
    refused: list[str] = Field(description="What cannot be changed while it runs.")
    settings: list[str] = Field(description="Keys of [supervisor] that differ.")
    flows: list[Change]
    components: list[Change]
    warnings: list[dict[str, Any]]


class GreenletStack(BaseModel):
    """One greenlet of a component."""

    name: str
    calls: list[str] = Field(
        description="The calls that it is in, the innermost last: `file:line function`. None if it waits to start."
    )


class ComponentStack(BaseModel):
    """Where a component is in its code, in one process."""

    component: str
    executor: int
    greenlets: list[GreenletStack] = Field(description="None if it does not run.")
    recent_failures: list[FailureStatus] = Field(description="The latest few, oldest first.")


class FlowSummary(BaseModel):
    """A flow."""

    name: str
    guarantee: Literal["best-effort", "at-least-once"]
    state: str = Field(description="`running`, or the worst state of its components.")
    components: list[ComponentSnapshot]


class Health(BaseModel):
    """What a probe is told."""

    status: Literal["ok", "degraded", "failing"] = Field(
        description="`degraded`: ready, without an offramp whose flow says that it may be away."
    )
    reasons: list[str] = Field(description="What is the matter, a sentence each.")
    tree: dict[str, Any] | None = Field(
        default=None, description="The supervision tree, if it was asked for."
    )


class Version(BaseModel):
    """What answers."""

    name: Literal["aftershock"] = "aftershock"
    version: str


class ProblemDocument(BaseModel):
    """An error (RFC 9457)."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="Names the kind of problem: `urn:aftershock:problem:…`.")
    title: str
    status: int
    detail: str = Field(description="What was wrong, and what to do.")
