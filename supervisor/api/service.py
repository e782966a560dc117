"""`Service`: what the handlers of the API work on: the deployment that runs, the latest look at it, its logs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gevent.lock import RLock

from supervisor.log_ring import LogRing
from supervisor.observation.snapshot import ComponentSnapshot, Snapshot

if TYPE_CHECKING:
    from supervisor.deployment.difference import Difference
    from supervisor.deployment.plan import Plan
    from supervisor.deployment.running import Running

__all__ = ["Service"]

_FRESH_SECONDS = 0.1


class Service:
    """Looks at the deployment once for all who ask within a tenth of a second, however many they are."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.logs = LogRing()
        self._latest: Snapshot | None = None
        self._looked_at = float("-inf")
        self._looking = RLock()

    def snapshot(self) -> Snapshot:
        """How everything is now, or was a moment ago. Blocks while other processes are asked."""
        clock = self.running.system.clock
        with self._looking:
            if self._latest is None or clock.now() - self._looked_at > _FRESH_SECONDS:
                self._latest = self.running.snapshot()
                self._looked_at = clock.now()
            return self._latest

    def steer(self, action: str, target: str) -> list[str]:
        """`Running.steer`; whoever looks next sees what it did."""
        try:
            return self.running.steer(action, target)
        finally:
            self._looked_at = float("-inf")

    def reload(self, plan: Plan) -> Difference:
        """`Running.reload`; whoever looks next sees what it did."""
        try:
            return self.running.reload(plan)
        finally:
            self._looked_at = float("-inf")

    def drain(self, target: str, seconds: float) -> list[str]:
        """`Running.drain`; whoever looks next sees what it did."""
        try:
            return self.running.drain(target, seconds)
        finally:
            self._looked_at = float("-inf")

    def flows(self) -> dict[str, list[ComponentSnapshot]]:
        """The components of each flow."""
        flows: dict[str, list[ComponentSnapshot]] = {}
        for component in self.snapshot().components:
            flows.setdefault(component.flow, []).append(component)
        return flows
