"""What components occupy for themselves: addresses they listen on, files they write, the standard input.

Two claims on the same thing cannot both be granted, and the second would only find out when it runs.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from pipelines.options import HostPort
from supervisor.deployment.plan import ComponentPlan, FlowPlan, OfframpPlan, OnrampPlan, PipelinePlan, Plan
from supervisor.deployment.ports import shares_its_port
from supervisor.deployment.problem import KeyPath, Severity
from supervisor.deployment.validate import Findings

__all__ = ["check_claims", "contend"]

_ANY_HOST = frozenset({"0.0.0.0", "::", "*", ""})
_KEEPS_PLACE = "keeps how far it came in"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True)
class _Claim:
    """``verb`` and ``thing`` make a message ("listens on", "127.0.0.1:8080"); equal ``key`` means the same thing."""

    verb: str
    thing: str
    key: tuple[str, ...]
    host: str
    path: KeyPath
    who: str
    copies: int = 1
    severity: Severity = Severity.ERROR

    def meets(self, other: _Claim) -> bool:
        """Whether both want the same: an unspecified host takes the port of all hosts."""
        if self.key != other.key:
            return False
        mine, theirs = self.host.lower(), other.host.lower()
        return (
            mine == theirs
            or bool(_ANY_HOST & {mine, theirs})
            or (mine in _LOOPBACK and theirs in _LOOPBACK and "localhost" in (mine, theirs))
        )


def check_claims(findings: Findings, plan: Plan) -> None:
    """Note the components of a plan that get into each other's way, copies of one and the same included."""
    claims: dict[tuple[str, ...], list[_Claim]] = {}
    for claim in _claims(plan):
        if claim.copies > 1:
            _report_copies(findings, claim)
        rivals = claims.setdefault(claim.key, [])
        rival = next((other for other in rivals if claim.meets(other)), None)
        if rival is not None:
            message = f"{claim.who} {claim.verb} {claim.thing}, and so does {rival.who}"
            note = findings.error if claim.severity is Severity.ERROR else findings.warning
            hint = "give each its own"
            if claim.verb == _KEEPS_PLACE:
                hint = "give each a `checkpoint` of its own: one confirms what the other has not delivered"
            note(claim.path, "conflict", message, hint)
        rivals.append(claim)
    for flow in plan.flows:
        _check_own_output(findings, flow)


def contend(one: ComponentPlan, other: ComponentPlan) -> bool:
    """Whether the two cannot run at the same time."""
    return any(mine.meets(theirs) for mine in _claims_of(one) for theirs in _claims_of(other))


def _claims_of(component: ComponentPlan) -> Iterator[_Claim]:
    match component:
        case OnrampPlan():
            yield from _onramp_claims(component, 1)
            yield from _checkpoint_claims(component, 1)
        case OfframpPlan():
            yield from _offramp_claims(component, 1)
        case PipelinePlan():
            yield from _pipeline_claims(component, 1)


def _check_own_output(findings: Findings, flow: FlowPlan) -> None:
    """A flow that reads what it writes never comes to an end, and fills the disk."""
    components = [component for component, _ in _with_copies(flow)]
    written = {
        os.path.abspath(value): component.id.name
        for component in components
        if isinstance(component, OfframpPlan) and component.connector.member.name == "file"
        for _, value in _values(component.connector.options)
        if isinstance(value, Path)
    }
    for component in components:
        if not isinstance(component, OnrampPlan) or component.connector.member.name != "file":
            continue
        for key, value in _values(component.connector.options):
            if isinstance(value, Path) and os.path.abspath(value) in written:
                offramp, name = written[os.path.abspath(value)], component.id.name
                who = f"the onramp `{name}` of flow `{flow.name}`"
                message = f"{who} reads {value}, which the offramp `{offramp}` writes"
                hint = "write to another file; a flow that reads its own output never ends"
                findings.error(("onramps", name, key), "conflict", message, hint)


def _report_copies(findings: Findings, claim: _Claim) -> None:
    message = f"{claim.who} would be there {claim.copies} times, and each copy {claim.verb} {claim.thing}"
    if claim.verb == "listens on":
        hint = "name it in `shared` of the flow, or make flows of their own, each with an onramp at its own address"
    elif claim.verb == "stores events in":
        hint = (
            "make flows of their own, each with a pipeline that has a file of its own, or name it in `shared`"
        )
    elif claim.verb == "writes":
        hint = "name it in `shared` of the flow, so that there is one for all copies"
    else:
        hint = "name it in `shared` of the flow: one for all copies, which deals its events out to them"
    note = findings.error if claim.severity is Severity.ERROR else findings.warning
    note(claim.path, "conflict", message, hint)


def _claims(plan: Plan) -> Iterator[_Claim]:
    if plan.supervisor.api is not None:
        yield _address_claim(
            plan.supervisor.api.address, "tcp", ("supervisor", "api"), "the API of [supervisor]", 1
        )
    for flow in plan.flows:
        for component, copies in _with_copies(flow):
            if isinstance(component, OnrampPlan):
                yield from _onramp_claims(component, copies)
                if flow.at_least_once:
                    yield from _checkpoint_claims(component, copies)
            elif isinstance(component, OfframpPlan):
                yield from _offramp_claims(component, copies)
            elif isinstance(component, PipelinePlan):
                yield from _pipeline_claims(component, copies)


def _with_copies(flow: FlowPlan) -> Iterator[tuple[object, int]]:
    for component in flow.shared:
        yield component, 1
    for component in flow.instances[0].components:
        yield component, len(flow.instances)


def _onramp_claims(onramp: OnrampPlan, copies: int) -> Iterator[_Claim]:
    member, name = onramp.connector.member, onramp.id.name
    path: KeyPath = ("onramps", name)
    who = f"the onramp `{name}` of flow `{onramp.id.flow}`"
    if member.name == "stdin":
        yield _Claim("reads", "the standard input", ("stdin",), "", (*path, "type"), who, copies)
    for key, value in _values(onramp.connector.options):
        if member.listens and isinstance(value, HostPort):
            protocol = "udp" if member.name == "udp" else "tcp"
            rivals = 1 if shares_its_port(onramp) else copies
            yield _address_claim(value, protocol, (*path, key), who, rivals)
        elif member.listens and member.name == "unix" and isinstance(value, Path):
            yield _Claim(
                "listens on", str(value), ("file", os.path.abspath(value)), "", (*path, key), who, copies
            )
        elif member.name == "file" and isinstance(value, Path) and copies > 1:
            yield _Claim(
                "reads", str(value), ("read", str(onramp.id)), "", (*path, key), who, copies, Severity.WARNING
            )


def _checkpoint_claims(onramp: OnrampPlan, copies: int) -> Iterator[_Claim]:
    path = onramp.connector.build().checkpoint_path
    if path is not None:
        who = f"the onramp `{onramp.id.name}` of flow `{onramp.id.flow}`"
        key = ("file", os.path.abspath(path))
        yield _Claim(_KEEPS_PLACE, str(path), key, "", ("onramps", onramp.id.name), who, copies)


def _offramp_claims(offramp: OfframpPlan, copies: int) -> Iterator[_Claim]:
    if offramp.connector.member.name != "file":
        return
    name = offramp.id.name
    who = f"the offramp `{name}` of flow `{offramp.id.flow}`"
    for key, value in _values(offramp.connector.options):
        if isinstance(value, Path):
            thing = ("file", os.path.abspath(value))
            yield _Claim("writes", str(value), thing, "", ("offramps", name, key), who, copies)


def _pipeline_claims(pipeline: PipelinePlan, copies: int) -> Iterator[_Claim]:
    name = pipeline.id.name
    who = f"the pipeline `{name}` of flow `{pipeline.id.flow}`"
    for index, part in enumerate(pipeline.operators):
        if part.member.name == "wal":
            for key, value in _values(part.options):
                if isinstance(value, Path):
                    thing = ("file", os.path.abspath(value))
                    path = ("pipelines", name, "operators", index, key)
                    yield _Claim("stores events in", str(value), thing, "", path, who, copies)


def _address_claim(address: HostPort, protocol: str, path: KeyPath, who: str, copies: int) -> _Claim:
    # Port 0 lets the system choose, so each copy gets its own.
    unique = () if address.port else (".".join(map(str, path)), who)
    key = (protocol, str(address.port), *unique)
    return _Claim("listens on", str(address), key, address.host, path, who, copies if address.port else 1)


def _values(options: BaseModel) -> Iterator[tuple[str, object]]:
    for key in type(options).model_fields:
        yield key, getattr(options, key)
