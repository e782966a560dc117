"""`DeliveryRun`: a source, one or more sinks, and the deployments between them, one after the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from time import monotonic
from typing import Any

import gevent

from actors import ActorRef, State
from ramps.testing.accounting import assert_balanced
from supervisor.deployment.deployment import Deployment
from supervisor.testing.delivery_drivers import SinkDriver, SourceDriver

__all__ = ["DeliveryRun"]

_LOOK_SECONDS = 0.002
_WAIT_SECONDS = 10.0
_QUIET_SECONDS = 0.1
_RETRY = {"initial": "1ms", "maximum": "20ms"}


class DeliveryRun:
    """Sends numbered events through a flow that promises at-least-once. Whenever it waits, it sees to it that nothing
    is acknowledged that no sink has, unless a sink has something in front that takes over.

    Event ``n`` goes to sink ``n % len(sinks)``.
    """

    def __init__(self, source: SourceDriver, sinks: list[SinkDriver], *, poison_after: int) -> None:
        self.source, self.sinks = source, sinks
        self.deployment: Deployment | None = None
        self.sent: dict[int, dict[str, Any]] = {}
        self.most_under_way = 0
        """The most events that were between source and sink, as seen whenever it waited."""
        self._arrived: list[list[int]] = [[] for _sink in sinks]
        self._everywhere: set[int] = set()
        self._poison_after = poison_after
        self._was_disturbed = False

    # --- deployments -------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """A new deployment, on the same state. Blocks until it runs."""
        assert self.deployment is None
        deployment = Deployment.load(self._tables())
        deployment.start()
        self.deployment = deployment
        self._was_disturbed = False
        self.source.attach(deployment)

    def stop(self, seconds: float | None = None) -> None:
        """An orderly stop; the account must be right, and know of nothing that is lost."""
        deployment, self.deployment = self.deployment, None
        if deployment is None:
            return
        account = deployment.stop(seconds)
        self.source.detach()
        # Who has no time to stop is killed, and may be handing something over just then.
        assert_balanced(deployment, repeated=self._was_disturbed or seconds is not None)
        assert account.lost == 0, f"the source still has it, and the account says lost: {account.losses()}"

    def crash(self) -> None:
        """Kill all actors at the same time, and give none the time to come back."""
        for ref in self.actors().values():
            ref.kill()
        self._was_disturbed = True
        self.stop(0.0)

    def kill(self, name: str) -> None:
        """Kill an actor, and wait until it is down, or already back."""
        ref = self.actors().get(name)
        if ref is None or ref.state is not State.RUNNING:
            return
        self._was_disturbed = True
        before = self.restarts(name)
        ref.kill()
        self.wait_until(
            lambda: ref.state is not State.RUNNING or self.restarts(name) > before, f"{name} is killed"
        )

    def actors(self) -> dict[str, ActorRef[Any]]:
        """Those of the components that live now."""
        assert self.deployment is not None
        return self.deployment.actors()

    def restarts(self, name: str) -> int:
        """How often a component was started again."""
        assert self.deployment is not None
        (count,) = [each.restarts for each in self.deployment.account().components if each.name == name]
        return count

    @property
    def under_way(self) -> int:
        """How many events are in the deployment now: came in or were made, and have not come to an end."""
        if self.deployment is None:
            return 0
        account = self.deployment.account()
        # Not what is left: what is just being handed over lies with both.
        return account.left + account.difference

    @property
    def came_in(self) -> int:
        """How many events the onramp of this deployment has brought in, repetitions included."""
        return 0 if self.deployment is None else self.deployment.account().came_in

    def in_hand(self, sink: int = 0) -> int:
        """How many events the offramp of a sink is working on."""
        ref = self.actors().get(f"offramp:main/out-{sink}")
        return 0 if ref is None else ref.statistics().events_in_hand

    # --- events ------------------------------------------------------------------------------------------------------

    def send(self, numbers: Iterable[int], *, size: int = 10) -> None:
        """Send these events at once; ``size`` is about how many bytes each has. Does not block."""
        events: list[dict[str, Any]] = [
            {"n": number, "sink": number % len(self.sinks), "text": f"{number} " + "x" * size}
            for number in numbers
        ]
        self.sent |= {event["n"]: event for event in events}
        self.source.send(events)

    def arrived(self, sink: int = 0) -> list[int]:
        """The numbers of what a sink has, in order. Fails for one that nobody sent to it, or not so."""
        events = self.sinks[sink].news()
        strange = [event for event in events if dict(event) != self.sent.get(event["n"])]
        assert not strange, f"nobody sent {strange[0]!r:.200}"
        numbers = [event["n"] for event in events]
        self._arrived[sink] += numbers
        self._everywhere.update(numbers)
        return self._arrived[sink]

    def everywhere(self) -> set[int]:
        """The numbers of what has arrived at all."""
        for sink in range(len(self.sinks)):
            self.arrived(sink)
        return self._everywhere

    def wait_for_all(self) -> None:
        """Block until all that was sent has arrived, and is acknowledged."""
        expected = set(self.sent)
        self.wait_until(lambda: self.everywhere() >= expected, "everything has arrived")
        self.wait_until(lambda: self.source.acknowledged() >= expected, "everything is acknowledged")

    def wait_until_at_rest(self) -> None:
        """Block until nothing more comes in for a moment: the source is held back, or has nothing."""
        last, since = -1, monotonic()
        deadline = monotonic() + _WAIT_SECONDS
        while monotonic() < min(deadline, since + _QUIET_SECONDS):
            if self.came_in != last:
                last, since = self.came_in, monotonic()
            self._look()
            gevent.sleep(_LOOK_SECONDS)

    def wait_until(self, condition: Callable[[], object], what: str) -> None:
        """Block until something is so. ``AssertionError`` after 10 s."""
        deadline = monotonic() + _WAIT_SECONDS
        while not condition():
            self._look()
            assert monotonic() < deadline, f"not within {_WAIT_SECONDS:g} s: {what}; {self._summary()}"
            gevent.sleep(_LOOK_SECONDS)
        self._look()

    def _look(self) -> None:
        self.most_under_way = max(self.most_under_way, self.under_way)
        if not any(sink.takes_over for sink in self.sinks):
            # In this order: what is acknowledged in between has arrived in between.
            acknowledged = self.source.acknowledged()
            early = acknowledged - self.everywhere()
            assert not early, f"{sorted(early)[:10]} are acknowledged, and have not arrived"

    def _summary(self) -> str:
        missing = sorted(set(self.sent) - self.everywhere())
        unacknowledged = sorted(set(self.sent) - self.source.acknowledged())
        account = "nothing runs" if self.deployment is None else self.deployment.account().equation()
        return (
            f"{len(missing)} have not arrived: {missing[:10]}; {len(unacknowledged)} are not acknowledged: "
            f"{unacknowledged[:10]}; {account}"
        )

    # --- the deployment's tables -------------------------------------------------------------------------------------

    def _tables(self) -> dict[str, Any]:
        pipelines: dict[str, dict[str, Any]] = {}
        offramps: dict[str, dict[str, Any]] = {"errors": {"type": "memory"}}
        links = ["in/err -> errors"]
        for number, sink in enumerate(self.sinks):
            own = {
                f"to-{number}": {"operators": [{"type": "filter", "expression": f"event.sink == {number}"}]}
            }
            own |= {f"{name}-{number}": table for name, table in sink.pipelines().items()}
            pipelines |= own
            offramps[f"out-{number}"] = {
                "retry": _RETRY,
                "poison_after": self._poison_after,
                **sink.options(),
            }
            links.append(" -> ".join(["in", *own, f"out-{number}"]))
            links += [f"{name}/err -> errors" for name in (*own, f"out-{number}")]
        return {
            "supervisor": {"restart": {"max_restarts": 1000, "backoff": _RETRY}},
            "onramps": {"in": {"retry": _RETRY, **self.source.options()}},
            "pipelines": pipelines,
            "offramps": offramps,
            "flows": {"main": {"guarantee": "at-least-once", "links": links}},
        }


def repeated(numbers: Iterable[int]) -> list[int]:
    """Those that are there more than once."""
    return [number for number, count in Counter(numbers).items() if count > 1]
