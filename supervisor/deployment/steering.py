"""`Steering`: pause, resume and restart components and flows of a deployment in this process."""

from __future__ import annotations

from actors import ActorSystem
from actors.log import get_logger
from supervisor.deployment.build import Builder
from supervisor.deployment.targets import UnknownTarget, find_targets
from supervisor.supervision import bounce_child

__all__ = ["ACTIONS", "NotDrained", "Steering", "UnknownTarget"]

_log = get_logger("supervisor")

ACTIONS = ("pause", "resume", "restart")
"""What can be done to a component or flow."""


class NotDrained(Exception):
    """Something is still under way to or below what should come to rest: ``components`` names what, or which executor
    does not answer.
    """

    def __init__(self, components: list[str], seconds: float) -> None:
        super().__init__(
            f"not everything has arrived within {seconds:g} s, and more may still: what leads there stays paused; ask "
            f"again to wait for longer, or resume it; still under way: {', '.join(components[:10])}"
        )
        self.components = components


class Steering:
    """Acts on what a `Builder` has made. Targets are ``"pipeline:main/parse"``, ``"main/parse"`` (any kind) or, for all
    components of a flow, ``"flow:main"`` or ``"main"``.
    """

    def __init__(self, builder: Builder, system: ActorSystem) -> None:
        self._builder = builder
        self._system = system

    def find(self, target: str) -> list[str]:
        """The actors' names of the components that are meant, downstream first. Raises `UnknownTarget`."""
        return find_targets(self._builder.plans, target)

    def pause(self, target: str) -> list[str]:
        """Have them work on nothing more: an onramp reads no more than it has at hand, whatever sends to them waits for
        room in their mailboxes. Does not block. Returns their names; raises `UnknownTarget`.
        """
        names = self.find(target)
        for name in names:
            self._builder.parts[name].valve.close()
        _log.info("Paused on request.", target=target, components=len(names))
        return names

    def resume(self, target: str) -> list[str]:
        """Have them go on. Does not block. Returns their names; raises `UnknownTarget`."""
        names = self.find(target)
        for name in names:
            self._builder.parts[name].valve.open()
        _log.info("Resumed on request.", target=target, components=len(names))
        return names

    def restart(self, target: str) -> list[str]:
        """Stop their actors in order and start them anew, with the mailboxes that they have; that counts as no failure,
        and ends a pause. Blocks until they are ready. Returns their names; raises `UnknownTarget`, `ChildStartFailed`.
        """
        names = self.find(target)
        for name in names:
            if name not in self._builder.parts:
                # A reload has taken it out while others were restarted.
                continue
            # One that waits there with a batch in its hand could not stop in order.
            self._builder.parts[name].valve.open()
            supervisor = self._builder.supervisor_of(name)
            if supervisor is not None:
                bounce_child(supervisor, name)
        return names
