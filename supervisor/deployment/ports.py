"""Several copies of one listening onramp: they share the port, and the system deals the connections among them."""

from __future__ import annotations

import socket as constants
from dataclasses import replace

from pipelines.options import HostPort
from ramps.errors import CannotOpen
from ramps.network import listening
from supervisor.deployment.outcome import StartRefused
from supervisor.deployment.plan import OnrampPlan, Plan

__all__ = ["refuse_taken_ports", "shares_its_port", "sharing_its_port"]


def sharing_its_port(onramp: OnrampPlan) -> OnrampPlan:
    """The plan of one of several copies: with ``reuse_port``, where it has that option and a port of its own choice.

    Port 0 is left alone: each copy then gets a port of its own.
    """
    options = onramp.connector.options
    address = getattr(options, "address", None)
    if not (isinstance(address, HostPort) and address.port) or getattr(options, "reuse_port", True):
        return onramp
    shared = options.model_copy(update={"reuse_port": True})
    return replace(onramp, connector=replace(onramp.connector, options=shared), copies_share_port=True)


def shares_its_port(onramp: OnrampPlan) -> bool:
    """Whether copies of it may listen on the same port (SO_REUSEPORT)."""
    return bool(getattr(onramp.connector.options, "reuse_port", False))


def refuse_taken_ports(plan: Plan) -> None:
    """Raise `StartRefused` if another program listens where copies are to share a port.

    The system would let both listen, and deal the connections among them: whoever starts a deployment twice by mistake
    would miss half of its events, and hear nothing of it.
    """
    seen: set[tuple[HostPort, bool]] = set()
    for component in plan.components():
        if not isinstance(component, OnrampPlan) or not component.copies_share_port:
            continue
        address: HostPort = component.connector.options.address  # type: ignore[attr-defined]
        udp = component.connector.member.name == "udp"
        if (address, udp) in seen:
            continue
        seen.add((address, udp))
        try:
            listening.bind(address, constants.SOCK_DGRAM if udp else constants.SOCK_STREAM).close()
        except CannotOpen as error:
            raise StartRefused(f"{component.actor_name}: {error}", component.actor_name) from None
