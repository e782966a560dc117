"""Several copies of one listening onramp: they share the port, and the system deals the connections among them."""

from __future__ import annotations

from dataclasses import replace

from pipelines.options import HostPort
from supervisor.deployment.plan import OnrampPlan

__all__ = ["shares_its_port", "sharing_its_port"]


def sharing_its_port(onramp: OnrampPlan) -> OnrampPlan:
    """The plan of one of several copies: with ``reuse_port``, where it has that option and a port of its own choice.

    Port 0 is left alone: each copy then gets a port of its own.
    """
    options = onramp.connector.options
    address = getattr(options, "address", None)
    if not (hasattr(options, "reuse_port") and isinstance(address, HostPort) and address.port):
        return onramp
    shared = options.model_copy(update={"reuse_port": True})
    return replace(onramp, connector=replace(onramp.connector, options=shared))


def shares_its_port(onramp: OnrampPlan) -> bool:
    """Whether copies of it may listen on the same port (SO_REUSEPORT)."""
    return bool(getattr(onramp.connector.options, "reuse_port", False))
