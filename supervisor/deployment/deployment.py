"""`Deployment`: a plan that runs in this process. What the command drives, and what a program embeds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from gevent.lock import RLock

from actors import ActorRef, ActorSystem, Clock
from ramps.offramp import Offramp
from ramps.offramp_actor import OfframpPart
from ramps.onramp import Onramp
from ramps.onramp_actor import OnrampPart
from supervisor.dead_letters import BadStore
from supervisor.deployment.account import Account
from supervisor.deployment.build import Builder, Part
from supervisor.deployment.difference import Difference, difference
from supervisor.deployment.drain import Drain, UnderWay
from supervisor.deployment.load import parse
from supervisor.deployment.outcome import Outcome, StartRefused
from supervisor.deployment.plan import Plan
from supervisor.deployment.problem import InvalidDeployment
from supervisor.deployment.reload import WayBackFailed, reload
from supervisor.deployment.replay import Replayed, replay
from supervisor.deployment.running import ROOT, Running, plan_source
from supervisor.deployment.steering import Steering, UnknownTarget
from supervisor.deployment.tally import tally
from supervisor.observation.hub_lag import HubLag
from supervisor.observation.observe import observe, observe_process
from supervisor.observation.snapshot import Snapshot
from supervisor.supervision import ActorStatus, Supervisor, failures_of, status
from supervisor.taps.feed import TapFeed
from supervisor.taps.taps import Taps, TapSpec

__all__ = ["Deployment", "Outcome", "StartRefused"]

_TREE_SECONDS = 1.0


class Deployment(Running):
    """Runs one plan in this thread's hub. Use it as a context manager, or `start`, `wait`, `stop`.

    ::

        with Deployment.load("config.toml") as deployment:
            deployment.onramp("in").put({"n": 1})
            deployment.wait()

    Nothing outside is touched: no signals, no monkey-patching, no logging configuration. Several can run at a time.
    """

    def __init__(self, plan: Plan, *, clock: Clock | None = None) -> None:
        super().__init__(plan, clock=clock)
        self._builder: Builder | None = None
        self._hub_lag: HubLag | None = None
        self._replaying = RLock()
        self._taps: Taps | None = None
        self.executor = 0
        """The number of the executor that this is the deployment of; 0 where there is none."""

    @classmethod
    def load(cls, source: str | Path | Mapping[str, Any], *, clock: Clock | None = None) -> Deployment:
        """From a TOML file's path, or from the same tables as a dict. Checks everything; starts nothing.

        Raises `InvalidDeployment` with every problem that was found, and for a deployment that wants several
        executors: those are for `Fleet`. May import the Python modules that it names.
        """
        plan = plan_source(source)
        if plan.executors > 1:
            raise InvalidDeployment([_wants_a_fleet(plan)])
        return cls(plan, clock=clock)

    # --- a look inside -----------------------------------------------------------------------------------------------

    def onramp(self, name: str, instance: int = 0) -> Any:
        """The connector of an onramp by its name in the file (a `MemoryOnramp` has ``put``).

        ``instance`` counts from 1 where a flow has several copies. Raises `KeyError` with the names that there are.
        """
        connector = self._connector(name, instance)
        if not isinstance(connector, Onramp):
            raise KeyError(f"{name!r} is an offramp; use Deployment.offramp")
        return connector

    def offramp(self, name: str, instance: int = 0) -> Any:
        """The connector of an offramp by its name in the file (a `MemoryOfframp` has ``events``)."""
        connector = self._connector(name, instance)
        if not isinstance(connector, Offramp):
            raise KeyError(f"{name!r} is an onramp; use Deployment.onramp")
        return connector

    def actors(self) -> dict[str, ActorRef[Any]]:
        """The actors of all components that live now, by name (``"pipeline:main/parse"``)."""
        return dict(self._refs())

    def addresses(self) -> dict[str, str]:
        """Where each listening onramp listens, by its actor's name: with port 0 in the file, the one that it got."""
        return {
            name: str(part.connector.address)  # type: ignore[attr-defined]
            for name, part in self._parts().items()
            if isinstance(part, OnrampPart) and getattr(part.connector, "address", None) is not None
        }

    def snapshot(self) -> Snapshot:
        """How everything is now. Does not block."""
        builder, system = self._made(), self._running()
        assert self._hub_lag is not None
        if self.state != "stopped":
            self._hub_lag.start()
        process = observe_process(
            self.executor,
            state=self.state,
            restarts=0,
            uptime_seconds=self.uptime_seconds,
            hub_lag_seconds=self._hub_lag.seconds,
        )
        return observe(builder, system, state=self.state, process=process, addresses=self.addresses())

    def tree(self) -> ActorStatus:
        """The supervision tree. Blocks for a second at most for each supervisor that is busy."""
        root = self._root()
        if root is None:
            raise RuntimeError("nothing runs")
        return status(root, _TREE_SECONDS)

    def steer(self, action: str, target: str) -> list[str]:
        """See `Running.steer`."""
        steering = Steering(self._made(), self._running())
        actions = {"pause": steering.pause, "resume": steering.resume, "restart": steering.restart}
        return actions[action](target)

    def reload(self, plan: Plan) -> Difference:
        """See `Running.reload`."""
        with self.reloading:
            self._refuse_unless_running()
            found = difference(self.plan, plan)
            self._reloads = True
            try:
                reload(
                    self._made(),
                    self._running(),
                    found,
                    patience_seconds=plan.supervisor.drain_timeout,
                    is_over=self._is_over,
                )
            except WayBackFailed as error:
                self._finish(Outcome(f"a reload left it in pieces: {error}", failed=True))
                raise
            finally:
                self._reloads = False
            self.plan = plan
        if self._taps is not None:
            # What stays may have other ports now.
            self._taps.refresh()
        # Who ended meanwhile was not listened to.
        self._input_ended()
        return found

    def hold(self, components: list[str]) -> None:
        """See `Running.hold`. Does not block."""
        for name in components:
            if name in self._parts():
                self._parts()[name].valve.close()

    def under_way(self, components: list[str]) -> UnderWay:
        """See `Running.under_way`. Does not block."""
        return self._drain().look_at(components)

    def stack(self, component: str) -> list[dict[str, Any]]:
        """See `Running.stack`. Does not block."""
        if component not in self._parts():
            raise UnknownTarget(f"there is no component called {component!r}")
        ref = self._running().find(component)
        stacks = {} if ref is None else ref.stacks()
        return [
            {
                "component": component,
                "executor": self.executor,
                "greenlets": [{"name": name, "calls": calls} for name, calls in stacks.items()],
                "recent_failures": [] if ref is None else failures_of(ref),
            }
        ]

    def replay(self, letters: Sequence[Replayed], seconds: float) -> dict[str, str]:
        """See `Running.replay`."""
        with self._replaying:
            return replay(self._made(), self._running(), letters, seconds)

    def tap(self, spec: TapSpec) -> TapFeed:
        """See `Running.tap`."""
        if self._taps is None:
            raise RuntimeError("this deployment has not been started")
        return self._taps.open(spec)

    # --- within ------------------------------------------------------------------------------------------------------

    def _made(self) -> Builder:
        if self._builder is None:
            raise RuntimeError("this deployment has not been started")
        return self._builder

    def _prepare(self, system: ActorSystem) -> Callable[[], Supervisor]:
        self._hub_lag = HubLag(system.clock)
        try:
            self._builder = Builder(self.plan, system, self._stop_asked, self._input_ended)
        except BadStore as error:
            raise StartRefused(f"the dead letters have no place: {error}") from None
        self._taps = Taps(lambda: self._made().plans, self._parts, system.clock, self._shown(), self.executor)
        self._builder.on_change = self._taps.refresh
        return self._builder.root

    def _begin(self) -> None:
        assert self._builder is not None
        self._builder.open_gates()

    def _release(self) -> None:
        if self._hub_lag is not None:
            self._hub_lag.stop()
        if self._taps is not None:
            self._taps.close()
        if self._builder is not None:
            self._builder.dead_letters.close()

    def _inputs_ended(self) -> bool:
        if self._reloads:
            # What it stops has not come to its end, and what it starts may not be there yet.
            return False
        onramps = [
            part
            for part in self._parts().values()
            if isinstance(part, OnrampPart) and not part.connector.passive
        ]
        return bool(onramps) and all(part.ended or part.connector.awaits_delivery for part in onramps)

    def _is_over(self) -> bool:
        return self.outcome is not None

    def _wait_until_idle(self, give_up: Callable[[], bool]) -> None:
        while True:
            self._drain().wait_until_idle(lambda: give_up() or self._reloads, with_stored=True)
            if not self._reloads:
                return
            with self.reloading:
                pass

    def _stop_in_order(self, seconds: float) -> None:
        for part in self._parts().values():
            part.valve.open()
        self._drain().run(seconds)
        for part in self._parts().values():
            if isinstance(part, OnrampPart) and part.connector.at_least_once:
                # Offramps have flushed since it was closed: it keeps what was confirmed only then.
                part.connector.close()

    def _tally(self) -> Account:
        return tally(self._made(), self._running())

    def _drain(self) -> Drain:
        return Drain(self._running(), self._parts, ROOT)

    def _connector(self, name: str, instance: int) -> Onramp | Offramp:
        known: list[str] = []
        for actor_name, part in self._parts().items():
            plan = self._builder.plans[actor_name].id  # type: ignore[union-attr]
            if isinstance(part, OnrampPart | OfframpPart):
                if plan.name == name and instance in (0, plan.instance):
                    return part.connector
                known.append(plan.name)
        raise KeyError(
            f"there is no ramp called {name!r} in instance {instance}; there are {sorted(set(known))}"
        )

    def _parts(self) -> dict[str, Part]:
        return self._made().parts

    def _refs(self) -> Iterator[tuple[str, ActorRef[Any]]]:
        system = self._running()
        for name in self._parts():
            ref = system.find(name)
            if ref is not None:
                yield name, ref


def _wants_a_fleet(plan: Plan) -> Any:
    return parse(plan.text, plan.file).problem(
        ("supervisor", "executors"),
        "several-executors",
        f"`Deployment` runs in one process, and this deployment wants {plan.executors} executors",
        "load it with `supervisor.open_deployment`, or with `supervisor.Fleet`; or write `executors = 1`",
    )
