"""`Drain`: stops a running deployment in order, so that what is under way arrives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import gevent

from actors import ActorRef, ActorSystem, State
from actors.log import get_logger
from pipelines.actor import PipelinePart
from ramps.offramp_actor import OfframpPart
from ramps.onramp_actor import OnrampPart
from supervisor.deployment.build import Part

__all__ = ["Drain", "UnderWay", "is_busy", "is_inner", "moved"]

_log = get_logger("supervisor")

_LOOK_SECONDS = 0.01
_TELL_SECONDS = 2.0
# Not for ever: operators in other executors may hold events back until they stop.
_NEWS_SECONDS = 1.0
# After the drain timeout: what healthy components have for their last flush, and what the kill of the others may take.
_FLUSH_SECONDS = 1.0
_KILL_SECONDS = 5.0


class UnderWay(NamedTuple):
    """Which of some components have something to do, and a number that grows with each event that moves."""

    busy: list[str]
    moved: int


class Drain:
    """Onramps first; what is under way runs down to the offramps; then the tree is stopped.

    ``parts()`` are the components that there are now, by their actors' names, ``root`` is the name of the supervisor
    of them all.
    """

    def __init__(self, system: ActorSystem, parts: Callable[[], Mapping[str, Part]], root: str) -> None:
        self._system = system
        self._parts = parts
        self._root = root

    def run(self, seconds: float) -> None:
        """Stop everything. Blocks; what is not done after so many seconds is killed."""
        system = self._system
        started = system.clock.now()
        deadline = started + seconds
        inner = [part for part in self._parts().values() if isinstance(part, OnrampPart) and is_inner(part)]
        self.stop_reading()
        if any(part.connector.takes_over for part in inner):
            # What one of these has read may go by a link to another one here. A link to an executor that is dead must
            # not take all the time there is.
            self._wait_for_links(started + seconds / 2)
        self._stop_reading(inner=True)
        # Before anything is stopped: up to here, whatever fails is restarted, and no shutdown timeout of a single
        # component cuts the way short.
        self.wait_until_idle(lambda: system.clock.now() >= deadline)
        self._wait_for_news(min(deadline, system.clock.now() + _NEWS_SECONDS))
        root = system.find(self._root)
        if root is not None:
            self._stop_tree(root, deadline)

    def stop_reading(self) -> None:
        """Have the onramps that read from outside take nothing more in, and deliver what they have. Does not block."""
        self._stop_reading(inner=False)

    def is_idle(self) -> bool:
        """Whether nothing is under way now."""
        return not self._busy()

    def look_at(self, components: list[str]) -> UnderWay:
        """What is under way in these components, and on its way to and from other executors. Does not block."""
        wanted = set(components)
        chosen = {name: part for name, part in self._parts().items() if name in wanted or _is_link(part)}
        busy = [
            name
            for name, part in chosen.items()
            if (ref := self._system.find(name)) is not None and is_busy(part, ref)
        ]
        return UnderWay(busy, sum(map(moved, chosen.values())))

    def _stop_reading(self, *, inner: bool) -> None:
        # All at once: stopped one flow after the other, the last would be fed for as long as the others take.
        for name, part in self._parts().items():
            if isinstance(part, OnrampPart) and is_inner(part) is inner and not part.closing:
                part.stop_reading(self._system.find(name))

    def _wait_for_links(self, deadline: float) -> None:
        """Block until what was read here has been dealt out, to this executor or others."""
        system = self._system
        dealing = {
            name: part
            for name, part in self._parts().items()
            if (isinstance(part, OnrampPart) and not is_inner(part))
            or (isinstance(part, OfframpPart) and part.connector.wants_end)
        }
        while system.clock.now() < deadline and any(
            (ref := system.find(name)) is not None and is_busy(part, ref) for name, part in dealing.items()
        ):
            gevent.sleep(_LOOK_SECONDS)

    def _wait_for_news(self, deadline: float) -> None:
        """Block until links have heard what became of what they handed over, so that sources need not send it again."""
        links = [part for part in self._parts().values() if isinstance(part, OfframpPart)]
        while self._system.clock.now() < deadline and any(part.connector.unconfirmed for part in links):
            gevent.sleep(_LOOK_SECONDS)

    def wait_until_idle(self, give_up: Callable[[], bool], *, with_stored: bool = False) -> None:
        """Block until nothing is under way any more, the tree is gone, or ``give_up()``, looked at often, is true.
        ``with_stored``: what operators have stored counts as under way, also while it waits to be sent again.
        """
        told = self._system.clock.now() + _TELL_SECONDS
        while self._system.find(self._root) is not None and self._busy(with_stored) and not give_up():
            gevent.sleep(_LOOK_SECONDS)
            if self._system.clock.now() >= told:
                told = float("inf")
                names = ", ".join(ref.name for ref in self._busy(with_stored)[:5])
                _log.info(f"Waiting for what is under way: {names}.")

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
            _kill([ref for name in self._parts() if (ref := self._system.find(name)) is not None])
            root.join(_KILL_SECONDS)

    def _busy(self, with_stored: bool = False) -> list[ActorRef[Any]]:
        """The actors that have something to do, or still take something in."""
        find = self._system.find
        return [
            ref
            for name, part in self._parts().items()
            if (ref := find(name)) is not None
            and (is_busy(part, ref) or (with_stored and isinstance(part, PipelinePart) and part.stored))
        ]


def is_inner(part: OnrampPart) -> bool:
    """Whether its events come from other executors of the same deployment."""
    return part.connector.passive or part.connector.takes_over


def moved(part: Part) -> int:
    """A number that grows with each event that it takes or gives."""
    sent = sum(part.outlets.sent.values()) + sum(part.outlets.dropped.values())
    match part:
        case OnrampPart():
            return sent + part.intake.events + part.intake.errors
        case PipelinePart():
            return sent + part.received
        case OfframpPart():
            return sent + part.written + part.failed


def _is_link(part: Part) -> bool:
    return is_inner(part) if isinstance(part, OnrampPart) else _forwards(part)


def _forwards(part: Part) -> bool:
    return isinstance(part, OfframpPart) and part.connector.forwards


def is_busy(part: Part, ref: ActorRef[Any]) -> bool:
    """Whether it has something to do, or still takes something in."""
    if isinstance(part, OnrampPart):
        if part.at_rest or part.connector.awaits_delivery:
            return False
        # Until we stop them: whoever sends to these has what is to come in its hands.
        return part.closing or not is_inner(part)
    if ref.state is not State.RUNNING or (isinstance(part, PipelinePart) and part.outbox):
        # One that waits for its restart must be back before those upstream flush.
        return True
    if isinstance(part, OfframpPart) and part.connected and part.unconfirmed:
        # Its next flush, very soon, confirms it to the source.
        return True
    return bool(ref.depth or ref.statistics().events_in_hand)


def _kill(actors: list[ActorRef[Any]]) -> None:
    for ref in actors:
        ref.stop()
        ref.kill()
