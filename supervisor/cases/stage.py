"""`Stage`: a deployment with stubs in place of its connectors and a clock that only the test moves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import gevent

from actors import ActorSystem, DeadLetter
from actors.testing import VirtualClock, wait_until_at_rest
from pipelines.batch import Batch
from pipelines.values import copy_value
from ramps.offramp_actor import OfframpPart
from ramps.onramp_actor import OnrampPart
from supervisor.cases.places import Place
from supervisor.cases.schema import FailureTable
from supervisor.cases.stubs import StubOfframp, StubOnramp
from supervisor.cases.suite import Feed
from supervisor.deployment.account import Account
from supervisor.deployment.deployment import Deployment
from supervisor.deployment.plan import Plan
from supervisor.supervision import Supervisor

__all__ = ["Stage"]

_END_SECONDS = 600.0
# The stop in order sleeps in real time between its looks; the clock must not run away from it.
_STOP_LOOK_SECONDS = 0.02


class _Watched(Deployment):
    """A deployment whose ports can be seen, from before the first event on."""

    def __init__(
        self, plan: Plan, clock: VirtualClock, watch: Callable[[_Watched, ActorSystem], None]
    ) -> None:
        super().__init__(plan, clock=clock)
        self._watch = watch

    def _prepare(self, system: ActorSystem) -> Callable[[], Supervisor]:
        make_root = super()._prepare(system)
        self._watch(self, system)
        return make_root

    @property
    def parts(self) -> dict[str, Any]:
        """The parts of all components, by their actors' names."""
        return self._parts()

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way, nor held back by an operator that the stop will not empty."""
        return self._drain().is_idle()


class Stage:
    """Give it input, move its clock, take what came out. All methods block until all is at rest again.

    Use as a context manager: nothing of it runs on after that.
    """

    def __init__(self, plan: Plan, now: datetime) -> None:
        self._clock = VirtualClock(round(now.timestamp() * 1_000_000) * 1000, react=self._rest)
        self._deployment = _Watched(plan, self._clock, self._watch_ports)
        self._seen: dict[tuple[str, str], list[Any]] = defaultdict(list)
        """What came out by each port of each component (an empty one: what was written), and nobody has taken yet."""
        self._written: dict[str, int] = defaultdict(int)
        """How many bytes of what each offramp has written were looked at."""
        self._patience_seconds = 1.0
        self._senders: list[gevent.Greenlet] = []
        self.dead_letters: dict[str, int] = {}
        """Events that nobody could process, by where and why."""
        self.account: Account | None = None
        """Where every event went, once it has ended."""

    def __enter__(self) -> Stage:
        self._deployment.start()
        self._rest()
        return self

    def __exit__(self, *_exception: object) -> None:
        gevent.killall(self._senders)
        if self.account is None:
            # Whoever is still at work has had its time.
            self._patience_seconds = 0.0
            self._while_time_passes(self._deployment.system.shutdown, step_seconds=1.0)

    @property
    def failed(self) -> str:
        """Why the deployment gave up; empty while it has not."""
        outcome = self._deployment.outcome
        return outcome.why if outcome is not None and outcome.failed else ""

    # --- what a case does --------------------------------------------------------------------------------------------

    def fail(self, place: Place, tables: list[FailureTable]) -> None:
        """Have a connector fail from now on."""
        for component in place.components:
            self._part(component.actor_name).connector.fail(tables)

    def feed(self, feed: Feed) -> None:
        """Bring something in."""
        ((name, port),) = feed.place.keys
        connector = getattr(self._part(name), "connector", None)
        if isinstance(connector, StubOnramp):
            for item in feed.items:
                connector.put(copy_value(item), feed.meta)
        else:
            # In a greenlet of its own: the mailbox may be full, until the clock is moved.
            self._senders.append(gevent.spawn(self._send, name, port, feed))
        self._rest()

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._clock.advance(seconds)

    def end(self) -> None:
        """End all input, let all of it arrive, however often that must be tried, and stop in order."""
        for part, stub in self._onramps():
            # One that is always restarted would come to its end again and again; the stop closes it.
            if part.restart != "permanent":
                stub.end()
        self._rest()
        deadline = self._clock.now() + _END_SECONDS
        while not self.failed and not self._is_done() and self._clock.now() < deadline:
            seconds = self._clock.next_call()
            if seconds is None:
                break
            self._clock.advance(seconds)
        self._stop()

    def take(self, place: Place) -> list[Any]:
        """The events that came out there since the last time."""
        events: list[Any] = []
        for key in place.keys:
            events += self._seen.pop(key, [])
        return events

    def take_bytes(self, place: Place) -> bytes:
        """The bytes that an offramp has written since the last time."""
        found = b""
        for name, _port in place.keys:
            written = self._part(name).connector.written
            found += bytes(written[self._written[name] :])
            self._written[name] = len(written)
        return found

    def elsewhere(self) -> dict[str, list[Any]]:
        """What offramps have written and nobody has taken, by their names."""
        return {
            name.partition(":")[2]: events
            for (name, port), events in self._seen.items()
            if not port and events
        }

    # --- within ------------------------------------------------------------------------------------------------------

    def _part(self, name: str) -> Any:
        return self._deployment.parts[name]

    def _send(self, name: str, port: str, feed: Feed) -> None:
        for values in feed.items:
            ref = self._deployment.system.find(name)
            if ref is None or not isinstance(values, list):
                continue
            metas = None if feed.meta is None else [copy_value(feed.meta) for _value in values]
            batch = Batch(copy_value(values), ingest_ns=self._clock.time_ns(), metas=metas, origin="test")
            ref.tell((port, batch), events=len(values))

    def _rest(self) -> None:
        wait_until_at_rest(self._deployment.system, self._progress, self._patience_seconds)

    def _progress(self) -> object:
        return [len(stub.items) for _part, stub in self._onramps()]

    def _onramps(self) -> Iterator[tuple[OnrampPart, StubOnramp]]:
        for part in self._deployment.parts.values():
            if isinstance(part, OnrampPart):
                assert isinstance(part.connector, StubOnramp)
                yield part, part.connector

    def _is_done(self) -> bool:
        return self._deployment.is_idle and all(sender.dead for sender in self._senders)

    def _stop(self) -> None:
        seconds = None if self._is_done() else 0.0
        self.account = self._while_time_passes(partial(self._deployment.stop, seconds))

    def _while_time_passes(self, function: Callable[[], Any], step_seconds: float = 0.0) -> Any:
        """Call it, and move the clock, by ``step_seconds`` at least, whenever nothing goes on without that."""
        greenlet = gevent.spawn(function)
        try:
            while not greenlet.dead:
                self._rest()
                greenlet.join(_STOP_LOOK_SECONDS)
                seconds = None if greenlet.dead else self._clock.next_call()
                if seconds is not None:
                    self._clock.advance(max(seconds, step_seconds))
            return greenlet.get()
        finally:
            greenlet.kill()

    def _watch_ports(self, deployment: _Watched, system: ActorSystem) -> None:
        system.dead_letters.subscribe(self._dead_letters)
        for name, part in deployment.parts.items():
            part.outlets.watch = partial(self._left, name)
            if isinstance(part, OfframpPart):
                assert isinstance(part.connector, StubOfframp)
                part.connector.record = partial(self._record, (name, ""))

    def _left(self, name: str, port: str, batch: Batch) -> None:
        self._record((name, port), batch.values)

    def _record(self, key: tuple[str, str], values: list[Any]) -> None:
        self._seen[key] += copy_value(values)

    def _dead_letters(self, letters: Sequence[DeadLetter]) -> None:
        for letter in letters:
            if letter.events:
                key = f"{letter.recipient}: {letter.reason}"
                self.dead_letters[key] = self.dead_letters.get(key, 0) + letter.events
