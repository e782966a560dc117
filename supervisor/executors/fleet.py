"""`Fleet`: a deployment that runs in several executors."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import astuple, replace
from functools import partial
from pathlib import Path
from typing import Any

import gevent

from actors import ActorSystem, Clock, State
from actors.log import get_logger
from supervisor.deployment.account import Account
from supervisor.deployment.cores import core_of, usable_cores
from supervisor.deployment.deployment import Deployment
from supervisor.deployment.difference import Difference, difference
from supervisor.deployment.drain import UnderWay
from supervisor.deployment.outcome import Outcome
from supervisor.deployment.plan import Plan
from supervisor.deployment.reload import WayBackFailed
from supervisor.deployment.replay import Replayed
from supervisor.deployment.running import Running, plan_source
from supervisor.deployment.steering import UnknownTarget
from supervisor.executors.control import Begin, Load, Look, Stop, StopReading, Told
from supervisor.executors.executor_actor import STOP_PATIENCE_SECONDS, ExecutorActor, ExecutorPart
from supervisor.executors.fleet_reload import reload_fleet
from supervisor.executors.inquiries import raise_told
from supervisor.executors.placement import Placement, place
from supervisor.executors.records import wanted_level
from supervisor.executors.remote_taps import AskingTaps
from supervisor.executors.status import ExecutorStatus, usage_of
from supervisor.observation.hub_lag import HubLag
from supervisor.observation.observe import observe_process
from supervisor.observation.snapshot import Snapshot
from supervisor.supervision import ActorStatus, ChildSpec, RestartIntensity, Supervisor, status
from supervisor.taps.feed import TapFeed
from supervisor.taps.taps import TapSpec

__all__ = ["Fleet", "open_deployment", "open_plan"]

_log = get_logger("supervisor")

_LOOK_SECONDS = 0.01
_ASK_SECONDS = 2.0
_STEER_SECONDS = 60.0
_RELOAD_SECONDS = 300.0
_TREE_SECONDS = 1.0
_MAX_LOOK_SECONDS = 0.25
_TELL_SECONDS = 2.0
# Of 107 characters, what the name of the directory and those of sockets leave.
_MAX_DIRECTORY_CHARACTERS = 80
_MAX_HEARTBEAT_SECONDS = 0.5
_BEATS_PER_TIMEOUT = 5

# An executor gives up after three lives of a flow that gives up within the period of the policy: six lives of it fit
# into eighteen periods, so the root sees all of them (``docs/supervision.md`` has the arithmetic).
_RESTARTS = 5
_PERIODS = 24

_STATES = {State.CRASHED: "restarting", State.HALTED: "restarting"}


class Fleet(Running):
    """Runs one plan in as many worker processes as it says. Used like `Deployment`::

        with Fleet.load("config.toml") as fleet:
            fleet.wait()
            print(fleet.executors())

    This process only supervises the others, and adds up what they report. Nothing of it is touched: no signals, no
    logging configuration. What the executors log is logged here, with their number as the field ``executor``.
    """

    def __init__(self, plan: Plan, *, clock: Clock | None = None) -> None:
        super().__init__(plan, clock=clock)
        self.placement: Placement = place(plan, plan.executors)
        # Relative paths were checked from here.
        self._directory = _current_directory()
        self._link_directory = ""
        self._executors: list[ExecutorPart] = []
        self._looks = 0
        self._hub_lag: HubLag | None = None
        self._taps: AskingTaps | None = None

    @classmethod
    def load(cls, source: str | Path | Mapping[str, Any], *, clock: Clock | None = None) -> Fleet:
        """From a TOML file's path, or from the same tables as a dict. Checks everything; starts nothing.

        Raises `InvalidDeployment` with every problem that was found. May import the Python modules that it names.
        """
        return cls(plan_source(source), clock=clock)

    # --- a look inside -----------------------------------------------------------------------------------------------

    def addresses(self) -> dict[str, str]:
        """Where each listening onramp listens, by its actor's name; what several executors share, once."""
        addresses: dict[str, str] = {}
        for part in self._executors:
            for name, address in part.addresses.items():
                if addresses.setdefault(name, address) != address:
                    addresses[f"{name} in executor {part.number}"] = address
        return addresses

    def executors(self) -> list[ExecutorStatus]:
        """How each executor is now. Does not block."""
        return [self._status(part) for part in self._executors]

    def snapshot(self) -> Snapshot:
        """How everything is now. Blocks until all executors have answered, two seconds at most; of those that did not,
        or are not there, it tells what was known last.
        """
        parts = [self._snapshot_of(part, told) for part, told in self._ask_all("snapshot")]
        plan, clock = self.plan, self._running().clock
        assert self._hub_lag is not None
        if self.state != "stopped":
            self._hub_lag.start()
        process = observe_process(
            0,
            state=self.state,
            restarts=0,
            uptime_seconds=self.uptime_seconds,
            hub_lag_seconds=self._hub_lag.seconds,
        )
        promises = {
            flow.name: "at-least-once" if flow.at_least_once else "best-effort" for flow in plan.flows
        }
        whole = Snapshot(clock.time_ns(), plan.file, self.state, promises, (), (process,))
        return Snapshot.together(whole, [part for part in parts if part is not None])

    def tree(self) -> ActorStatus:
        """The supervision tree: below each executor's actor, the tree that it has in its process."""
        root = self._root()
        if root is None:
            raise RuntimeError("nothing runs")
        tree = status(root, _TREE_SECONDS)
        below = {
            part.name: [told.answer]
            for part, told in self._ask_all("tree")
            if told is not None and not told.error
        }
        for child in tree["children"]:
            child["children"] = below.get(child["name"], [])
        return tree

    def steer(self, action: str, target: str) -> list[str]:
        """See `Running.steer`. What several executors run is steered in each."""
        names = self._ask_those_who_have_it("steer", action, target, seconds=_STEER_SECONDS)
        return list(dict.fromkeys(names))

    def hold(self, components: list[str]) -> None:
        """See `Running.hold`."""
        self._ask_all("hold", components)

    def under_way(self, components: list[str]) -> UnderWay:
        """See `Running.under_way`."""
        busy: list[str] = []
        total = 0
        for part, told in self._ask_all("under_way", components):
            if told is None or told.error:
                busy.append(part.name)
            else:
                busy += told.answer[0]
                total += told.answer[1]
        return UnderWay(busy, total)

    def stack(self, component: str) -> list[dict[str, Any]]:
        """See `Running.stack`."""
        return self._ask_those_who_have_it("stack", component)

    def replay(self, letters: Sequence[Replayed], seconds: float) -> dict[str, str]:
        """See `Running.replay`."""
        plain = [astuple(letter) for letter in letters]
        told_by_all: dict[str, str] = {}
        for _part, told in self._ask_all("replay", plain, seconds, seconds=seconds + _ASK_SECONDS):
            if told is not None:
                raise_told(told)
                told_by_all |= told.answer
        return told_by_all

    def reload(self, plan: Plan) -> Difference:
        """See `Running.reload`."""
        with self.reloading:
            self._refuse_unless_running()
            found = difference(self.plan, plan)
            self._reloads = True
            try:
                reload_fleet(found, self.placement, self._executors, self._ask_all, _RELOAD_SECONDS)
            except WayBackFailed as error:
                self._finish(Outcome(f"a reload left it in pieces: {error}", failed=True))
                raise
            finally:
                self._reloads = False
            self.plan, self.placement = plan, place(plan, plan.executors)
            for part in self._executors:
                part.blank = self._blank_account(part.number)
        self._input_ended()
        return found

    def tap(self, spec: TapSpec) -> TapFeed:
        """See `Running.tap`: in all executors."""
        if self._taps is None:
            raise RuntimeError("this deployment has not been started")
        return self._taps.open(spec)

    # --- within ------------------------------------------------------------------------------------------------------

    def _prepare(self, system: ActorSystem) -> Callable[[], Supervisor]:
        self._hub_lag = HubLag(system.clock)
        self._link_directory = _private_directory()
        timeout = self.plan.supervisor.heartbeat_timeout
        cores = usable_cores()
        python_path = os.environ.get("PYTHONPATH")
        self._executors = [
            ExecutorPart(
                Load(
                    file=self.plan.file,
                    text=self.plan.text,
                    executors=self.plan.executors,
                    executor=number,
                    link_directory=self._link_directory,
                    core=core_of(number, cores) if self.plan.supervisor.pin else None,
                    heartbeat_seconds=min(_MAX_HEARTBEAT_SECONDS, timeout / _BEATS_PER_TIMEOUT),
                    log_level=wanted_level(),
                    python_path=python_path,
                ),
                self._directory,
                timeout,
                self._stop_asked,
                self._input_ended,
                self._blank_account(number),
            )
            for number in range(1, self.plan.executors + 1)
        ]
        self._taps = AskingTaps(system, self._executors, self._shown())
        for part in self._executors:
            # All at once: they import while those before them start. What cannot be spawned is tried again by its
            # actor, which knows whom to tell.
            with suppress(OSError):
                part.spawn()
        return self._root_supervisor

    def _blank_account(self, number: int) -> Account:
        own = self.placement.of_executor(number)
        return Account.blank(
            [component for component in self.plan.components() if component.id in own],
            self.plan.at_least_once,
        )

    def _root_supervisor(self) -> Supervisor:
        settings = self.plan.supervisor
        children = [
            ChildSpec(
                part.name,
                partial(ExecutorActor, part, settings.drain_timeout),
                # Its start and its stop have limits of their own, which its components set.
                shutdown_timeout_seconds=None,
                start_timeout_seconds=None,
            )
            for part in self._executors
        ]
        intensity = RestartIntensity(_RESTARTS, _PERIODS * settings.restart.within)
        return Supervisor(children, intensity=intensity, backoff=settings.restart.backoff)

    def _begin(self) -> None:
        for part in self._executors:
            part.begun = True
            part.send(Begin())

    def _hurry(self) -> None:
        self._ask_all("hurry", seconds=0.0)

    def _inputs_ended(self) -> bool:
        at_end = all(part.inputs == len(part.ended) + part.awaiting for part in self._executors)
        return not self._reloads and at_end and any(part.inputs for part in self._executors)

    def _wait_until_idle(self, give_up: Callable[[], bool]) -> None:
        """Twice in a row the same, because something may be on its way between two executors that both look idle."""
        clock = self._running().clock
        told = clock.now() + _TELL_SECONDS
        before = None
        while not self._over(give_up):
            looked_at = clock.now()
            now = self._look(give_up)
            if now is not None and now == before:
                return
            before = now
            if clock.now() >= told:
                told = float("inf")
                busy = [part.name for part in self._executors if part.answer is None or not part.answer.idle]
                _log.info(f"Waiting for what is under way: {', '.join(busy[:5])}.")
            # A look at a hundred thousand components takes a while; the executors have other work, too.
            with self.reloading:
                pass
            gevent.sleep(min(_MAX_LOOK_SECONDS, max(_LOOK_SECONDS, 4 * (clock.now() - looked_at))))

    def _over(self, give_up: Callable[[], bool]) -> bool:
        return self._root() is None or give_up()

    def _look(self, give_up: Callable[[], bool]) -> list[tuple[int, int]] | None:
        """What all executors have done so far, if none of them has anything to do; else ``None``. Blocks."""
        self._looks += 1
        number = self._looks
        for part in self._executors:
            part.send(Look(number))
        while not self._over(give_up):
            answers = [(part.incarnation, part.answer) for part in self._executors]
            if all(answer is not None and answer.number == number for _, answer in answers):
                if not all(answer.idle for _, answer in answers if answer is not None):
                    return None
                return [(incarnation, answer.moved) for incarnation, answer in answers if answer is not None]
            if not all(part.running for part in self._executors):
                return None
            gevent.sleep(_LOOK_SECONDS)
        return None

    def _stop_in_order(self, seconds: float) -> None:
        clock = self._running().clock
        deadline = clock.now() + seconds
        for part in self._executors:
            part.closing, part.deadline = True, deadline
            part.send(StopReading())
        self._wait_until_idle(lambda: clock.now() >= deadline)
        if clock.now() >= deadline:
            # One after the other would take as many times the patience.
            for part in self._executors:
                part.send(Stop(0.0))
        if (root := self._root()) is not None:
            # Last started, first stopped: the owners of what there is only once have the lowest numbers.
            root.stop()
            root.join(max(0.0, deadline - clock.now()) + 2 * STOP_PATIENCE_SECONDS)

    def _release(self) -> None:
        clock = self._running().clock
        if self._hub_lag is not None:
            self._hub_lag.stop()
        if self._taps is not None:
            self._taps.close()
        for part in self._executors:
            part.bury(clock, "was killed by its parent")
        for part in self._executors:
            part.reap(clock)
        if self._link_directory:
            shutil.rmtree(self._link_directory, ignore_errors=True)

    def _tally(self) -> Account:
        return Account.together(account for part in self._executors for account in part.accounts())

    def _ask_all(
        self, what: str, *arguments: Any, seconds: float = _ASK_SECONDS
    ) -> list[tuple[ExecutorPart, Told | None]]:
        """What each executor says to that; ``None`` for one that is not there, or does not say in time. Blocks."""
        system = self._running()
        replies = [part.ask(system.scheduler, what, *arguments) for part in self._executors]
        deadline = system.clock.now() + seconds
        for reply in replies:
            reply.wait(system.clock, max(0.0, deadline - system.clock.now()))
        return [
            (part, reply.value if reply.is_set and reply.error is None else None)
            for part, reply in zip(self._executors, replies, strict=True)
        ]

    def _ask_those_who_have_it(self, what: str, *arguments: Any, seconds: float = _ASK_SECONDS) -> list[Any]:
        """The lists that they answer, as one. Raises `UnknownTarget` if nobody has it. Blocks."""
        found: list[Any] = []
        unknown: list[UnknownTarget] = []
        has_it = False
        for _part, told in self._ask_all(what, *arguments, seconds=seconds):
            if told is None:
                continue
            try:
                raise_told(told)
            except UnknownTarget as error:
                unknown.append(error)
            else:
                has_it = True
                found += told.answer
        if unknown and not has_it:
            raise unknown[0]
        return found

    def _snapshot_of(self, part: ExecutorPart, told: Told | None) -> Snapshot | None:
        state = self._status(part)
        if told is not None and not told.error:
            part.snapshot = Snapshot.from_json(told.answer)
        if part.snapshot is None:
            return None
        processes = tuple(
            replace(process, restarts=state.restarts, state=state.state, last_error=state.last_error)
            for process in part.snapshot.processes
        )
        components = part.snapshot.components
        if not part.running:
            components = tuple(
                replace(component, state=state.state, reason=state.last_error) for component in components
            )
        return replace(part.snapshot, processes=processes, components=components)

    def _status(self, part: ExecutorPart) -> ExecutorStatus:
        system = self._running()
        ref = system.find(part.name)
        state = State.STOPPED if ref is None else ref.state
        pid = None if part.process is None else part.process.pid
        cores, cpu_seconds, rss_bytes = ((), None, None) if pid is None else usage_of(pid)
        return ExecutorStatus(
            number=part.number,
            state=_STATES.get(state, state.value),
            pid=pid,
            cores=cores,
            restarts=max(0, part.incarnation - 1),
            last_error=part.last_error,
            heartbeat_age_seconds=None if part.heard_at is None else system.clock.now() - part.heard_at,
            cpu_seconds=cpu_seconds,
            rss_bytes=rss_bytes,
            components=len(self.placement.of_executor(part.number)),
        )


def _current_directory() -> str:
    """Empty where it has been removed: then nothing can be found from there anyway."""
    try:
        return os.getcwd()
    except OSError:
        return ""


def _private_directory() -> str:
    """A new directory that nobody else may enter (mode 0700), with a path short enough for sockets in it (unix(7))."""
    usual = tempfile.gettempdir()
    return tempfile.mkdtemp(
        prefix="aftershock-", dir=usual if len(usual) <= _MAX_DIRECTORY_CHARACTERS else "/tmp"
    )


def open_plan(plan: Plan, *, clock: Clock | None = None) -> Running:
    """What runs a plan: a `Fleet` if it wants several executors, otherwise a `Deployment`."""
    return Fleet(plan, clock=clock) if plan.executors > 1 else Deployment(plan, clock=clock)


def open_deployment(source: str | Path | Mapping[str, Any], *, clock: Clock | None = None) -> Running:
    """A TOML file, or the same tables as a dict, as what runs it: a `Fleet` or a `Deployment`. Starts nothing.

    Raises `InvalidDeployment` with every problem that was found.
    """
    return open_plan(plan_source(source), clock=clock)
