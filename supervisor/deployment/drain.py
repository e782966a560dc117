"""`Drain`: stops a running deployment in order, so that what is under way arrives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gevent

from actors import ActorRef, ActorSystem, State
from actors.log import get_logger
from pipelines.actor import PipelinePart
from ramps.onramp_actor import OnrampPart
from supervisor.deployment.build import Part

__all__ = ["Drain"]

_log = get_logger("supervisor")

_LOOK_SECONDS = 0.01
# After the drain timeout: what healthy components have for their last flush, and what the kill of the others may take.
_FLUSH_SECONDS = 1.0
_KILL_SECONDS = 5.0


class Drain:
    """Onramps first; what is under way runs down to the offramps; then the tree is stopped.

    ``parts`` are the components by their actors' names, ``root`` is the name of the supervisor of them all.
    """

    def __init__(self, system: ActorSystem, parts: Mapping[str, Part], root: str) -> None:
        self._system = system
        self._parts = parts
        self._root = root

    def run(self, seconds: float) -> None:
        """Stop everything. Blocks; what is not done after so many seconds is killed."""
        system = self._system
        deadline = system.clock.now() + seconds
        # All onramps at once: stopped one flow after the other, the last would be fed for as long as the others take.
        for name, part in self._parts.items():
            if isinstance(part, OnrampPart):
                part.stop_reading(system.find(name))
        # Before anything is stopped: up to here, whatever fails is restarted, and no shutdown timeout of a single
        # component cuts the way short.
        self._wait_for_rest(deadline)
        root = system.find(self._root)
        if root is not None:
            self._stop_tree(root, deadline)

    def _wait_for_rest(self, deadline: float) -> None:
        """Block until nothing is under way any more, or the deadline (by the system's clock) is over."""
        system = self._system
        while system.find(self._root) is not None and self._busy() and system.clock.now() < deadline:
            gevent.sleep(_LOOK_SECONDS)

    def _stop_tree(self, root: ActorRef[Any], deadline: float) -> None:
        clock = self._system.clock
        if clock.now() < deadline:
            root.stop()
        else:
            stuck = self._busy()
            if stuck:
                _log.warning("What is under way does not arrive in time and is given up.", actors=len(stuck))
            root.stop()
            # Only these: the others may still have something to flush.
            _kill(stuck)
            deadline = clock.now() + _FLUSH_SECONDS
        if not root.join(max(0.0, deadline - clock.now())):
            _kill([ref for name in self._parts if (ref := self._system.find(name)) is not None])
            root.join(_KILL_SECONDS)

    def _busy(self) -> list[ActorRef[Any]]:
        """The actors that have something to do, or still take something in."""
        find = self._system.find
        return [
            ref
            for name, part in self._parts.items()
            if (ref := find(name)) is not None and _is_busy(part, ref)
        ]


def _is_busy(part: Part, ref: ActorRef[Any]) -> bool:
    if isinstance(part, OnrampPart):
        return not part.at_rest
    if ref.state is not State.RUNNING or (isinstance(part, PipelinePart) and part.outbox):
        # One that waits for its restart must be back before those upstream flush.
        return True
    return bool(ref.depth or ref.statistics().events_in_hand)


def _kill(actors: list[ActorRef[Any]]) -> None:
    for ref in actors:
        ref.stop()
        ref.kill()
