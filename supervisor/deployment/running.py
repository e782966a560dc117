"""`Running`: the life of a plan that runs, whether in this process (`Deployment`) or in several (`Fleet`)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import gevent
from gevent.lock import RLock

from actors import Actor, ActorRef, ActorSystem, Clock, Crashed, ExitReason, StartFailed, Terminated
from actors.reply import Reply
from supervisor.deployment.account import Account
from supervisor.deployment.check import examine
from supervisor.deployment.difference import Difference
from supervisor.deployment.drain import UnderWay
from supervisor.deployment.load import load, parse
from supervisor.deployment.outcome import Outcome, StartRefused, describe_failure, refusal_of
from supervisor.deployment.plan import Plan
from supervisor.deployment.ports import refuse_taken_ports
from supervisor.deployment.problem import InvalidDeployment
from supervisor.deployment.reload import ReloadRefused
from supervisor.deployment.replay import Replayed
from supervisor.deployment.steering import NotDrained
from supervisor.deployment.targets import reach_of
from supervisor.deployment.toml_text import toml_document
from supervisor.deployment.tree import ROOT
from supervisor.observation.snapshot import Snapshot
from supervisor.supervision import ActorStatus, Supervisor
from supervisor.taps.feed import TapFeed
from supervisor.taps.shown import SECRET_KEYS, Shown
from supervisor.taps.taps import TapSpec

__all__ = ["ROOT", "Running", "plan_source"]

_LOOK_SECONDS = 0.02


class Running(ABC):
    """Start, wait, stop, and account for a plan. What the command drives, and what a program embeds.

    A subclass says what stands below the root supervisor, and how all of it comes to rest.
    """

    def __init__(self, plan: Plan, *, clock: Clock | None = None) -> None:
        self.plan = plan
        self.outcome: Outcome | None = None
        self._clock = clock
        self._system: ActorSystem | None = None
        self._finished: Reply | None = None
        self._final_account: Account | None = None
        self._has_started = self._stopping = False
        self._started_at = 0.0
        self.reloading = RLock()
        """Held by a reload. Who makes one plan out of the other takes it before he looks at `plan`, and reloads with it
        in hand: what somebody else changed in between would be undone."""
        self._reloads = False

    # --- what a subclass says ----------------------------------------------------------------------------------------

    @abstractmethod
    def addresses(self) -> dict[str, str]:
        """Where each listening onramp listens, by its actor's name: with port 0 in the file, the one that it got."""

    @abstractmethod
    def snapshot(self) -> Snapshot:
        """How everything is now. Blocks, for as long as other processes need to answer: a second or two at most, then
        it does without them.
        """

    @abstractmethod
    def tree(self) -> ActorStatus:
        """The supervision tree. Blocks like `snapshot`."""

    @abstractmethod
    def steer(self, action: str, target: str) -> list[str]:
        """Do one of `supervisor.deployment.steering.ACTIONS` to a component or flow; the names of the components that
        it was done to. Raises `UnknownTarget`, and `SupervisionError` when they do not start again. Blocks.
        """

    def drain(self, target: str, seconds: float) -> list[str]:
        """Pause the onramps that lead to a component or flow, wait until all that they have sent has arrived, and pause
        it as well; the names of the components that are paused now. What an onramp has read and not sent stays with it.

        Raises `UnknownTarget`, and `NotDrained` when that takes longer than so many seconds: the onramps stay paused
        then. Blocks.
        """
        reach = reach_of(self.plan, target)
        self.hold(reach.onramps)
        clock = self._running().clock
        deadline = clock.now() + seconds
        before = None
        while True:
            # Twice the same: something may be on its way between two that both look idle.
            look = self.under_way(reach.below)
            if not look.busy and look == before:
                return list(dict.fromkeys([*self.steer("pause", target), *reach.onramps]))
            if clock.now() >= deadline:
                raise NotDrained(look.busy or reach.below, seconds)
            before = look
            gevent.sleep(_LOOK_SECONDS)

    @abstractmethod
    def hold(self, components: list[str]) -> None:
        """Pause these, those of them that are here. Blocks like `snapshot`."""

    @abstractmethod
    def under_way(self, components: list[str]) -> UnderWay:
        """What is under way in these, and between processes. Blocks like `snapshot`."""

    @abstractmethod
    def stack(self, component: str) -> list[dict[str, Any]]:
        """Where a component is in its code right now, and its latest failures, in each process that runs it: as
        `supervisor.api.models.ComponentStack`. Raises `UnknownTarget`. Blocks like `snapshot`.
        """

    @abstractmethod
    def replay(self, letters: Sequence[Replayed], seconds: float) -> dict[str, str]:
        """Put dead letters back into the components that gave them up. By id, why each was not delivered, empty where
        it was; those whose component does not run are left out. Blocks for so many seconds at most, and little more.
        """

    @abstractmethod
    def reload(self, plan: Plan) -> Difference:
        """Run this plan from now on: start what came, stop what left, and let what did not change run on.

        Blocks until what is under way to what leaves has arrived, which has the plan's ``drain_timeout``. Raises
        `ReloadRefused` for what cannot be changed while it runs: nothing was touched; `ReloadFailed` when something
        does not start: everything is as it was; and `WayBackFailed` when even that did not succeed: it stops then.
        """

    @abstractmethod
    def tap(self, spec: TapSpec) -> TapFeed:
        """Look at events that pass at an edge, until the feed is closed. Does not block. Raises ``ValueError`` with
        what is wrong with what is asked for, and `TooManyTaps`.
        """

    @abstractmethod
    def _prepare(self, system: ActorSystem) -> Callable[[], Supervisor]:
        """Make what outlives restarts; answer what makes the root supervisor."""

    @abstractmethod
    def _inputs_ended(self) -> bool:
        """Whether there are inputs, and all have come to their end for good."""

    @abstractmethod
    def _wait_until_idle(self, give_up: Callable[[], bool]) -> None:
        """Block until nothing is under way any more, the tree is gone, or ``give_up()`` is true."""

    @abstractmethod
    def _stop_in_order(self, seconds: float) -> None:
        """Stop everything, within so many seconds and little more. Blocks."""

    @abstractmethod
    def _tally(self) -> Account:
        """Where every event went so far."""

    def _begin(self) -> None:  # noqa: B027 there may be nothing
        """Everything has started: let events come in."""

    def _hurry(self) -> None:  # noqa: B027 there may be nobody to tell
        """Have a reload that is under way wait for nothing any more: the deployment stops. Does not block."""

    def _look_first(self) -> None:
        """Raise `StartRefused` for what only shows while nothing of ours runs yet."""
        refuse_taken_ports(self.plan)

    def _release(self) -> None:  # noqa: B027 there may be nothing
        """Give back what was acquired outside the actor system. Called once for each `start`."""

    # --- life --------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start everything, downstream first; returns when all components are ready. Blocks.

        Raises `StartRefused` when one cannot start; nothing runs then.
        """
        if self._system is not None:
            raise RuntimeError("this deployment has been started already; load it again for another run")
        system = self._system = ActorSystem(clock=self._clock)
        self._started_at = system.clock.now()
        self._finished = Reply(system.scheduler)
        if self.outcome is not None:
            self._finished.set()
        try:
            self._look_first()
            make_root = self._prepare(system)
            overseer = system.spawn(lambda: _Overseer(make_root, self._root_ended), name="deployment")
            overseer.wait_ready()
            root = self._root()
            if root is None:
                raise StartRefused(f"the supervisor of all flows did not come up: {self.outcome}")
            root.wait_ready()
        except BaseException as error:
            system.shutdown()
            self._release()
            if isinstance(error, StartFailed):
                raise refusal_of(error) from error
            raise
        self._has_started = True
        self._begin()
        self._input_ended()

    def wait(self, timeout: float | None = None) -> Outcome | None:
        """Block until all onramps have come to their end and everything has arrived, however long an offramp has to
        try again; or until an offramp asked to stop, `request_stop` was called, or the tree failed. ``None`` when that
        took longer than ``timeout`` seconds.
        """
        system = self._running()
        assert self._finished is not None
        clock = system.clock
        deadline = float("inf") if timeout is None else clock.now() + timeout
        if not self._finished.wait(clock, timeout):
            return None
        if self.outcome is None:
            self._wait_until_idle(lambda: self.outcome is not None or clock.now() >= deadline)
            if self.outcome is None and clock.now() < deadline:
                self._finish(Outcome("every onramp has come to its end"))
        return self.outcome

    def request_stop(self, why: str = "asked to stop", exit_code: int = 0) -> None:
        """Make `wait` return, at once if it is called before `start`. Does not block; may be called from the hub."""
        self._finish(Outcome(why, exit_code=exit_code))

    def stop(self, drain_timeout: float | None = None) -> Account:
        """Stop in order: onramps first; what is under way runs down to the offramps, which flush; then all the rest.

        Whatever is not done after ``drain_timeout`` seconds (from the file when not given) is killed, and what it had
        is counted as lost. Returns the final account. Blocks. A second call returns the same account.
        """
        if self._final_account is not None:
            return self._final_account
        system = self._running()
        seconds = self.plan.supervisor.drain_timeout if drain_timeout is None else drain_timeout
        self._finish(Outcome("stopped"))
        self._stopping = True
        self._hurry()
        with self.reloading:
            # One that is under way hurries now.
            pass
        try:
            self._stop_in_order(seconds)
            self._final_account = self._tally()
        finally:
            system.shutdown()
            self._release()
        return self._final_account

    def run(self) -> Account:
        """`start`, `wait`, `stop`."""
        with self:
            self.wait()
            return self.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop(None if kind is None else 0.0)

    # --- a look inside -----------------------------------------------------------------------------------------------

    @property
    def state(self) -> str:
        """``starting``, ``running``, ``stopping`` or ``stopped``."""
        if self._final_account is not None:
            return "stopped"
        if self._stopping:
            return "stopping"
        return "running" if self._has_started else "starting"

    @property
    def uptime_seconds(self) -> float:
        """Since `start` was called."""
        return self._running().clock.now() - self._started_at

    @property
    def system(self) -> ActorSystem:
        """The actor system that it runs in."""
        return self._running()

    def account(self) -> Account:
        """Where every event went so far. After `stop` it is final."""
        return self._tally() if self._final_account is None else self._final_account

    # --- within ------------------------------------------------------------------------------------------------------

    def _shown(self) -> Shown:
        """How values are shown to people."""
        api = self.plan.supervisor.api
        return Shown(SECRET_KEYS if api is None else api.hidden_keys)

    def _running(self) -> ActorSystem:
        if self._system is None:
            raise RuntimeError("this deployment has not been started")
        return self._system

    def _refuse_unless_running(self) -> None:
        if self.state != "running" or self.outcome is not None:
            raise ReloadRefused(f"the deployment does not run: it is {self.state}")

    def _root(self) -> ActorRef[Any] | None:
        return self._running().find(ROOT)

    def _finish(self, outcome: Outcome) -> None:
        if self.outcome is None:
            self.outcome = outcome
        if self._finished is not None:
            self._finished.set()

    def _stop_asked(self, exit_code: int, why: str) -> None:
        self._finish(Outcome(why, exit_code=exit_code))

    def _input_ended(self) -> None:
        if self._inputs_ended():
            assert self._finished is not None
            self._finished.set()

    def _root_ended(self, reason: ExitReason) -> None:
        if self.outcome is None or not reason.expected:
            self._finish(Outcome(describe_failure(reason.error), failed=not reason.expected))


class _Overseer(Actor[Any]):
    """Keeps the root supervisor, and reports its end instead of restarting it."""

    def __init__(self, make_root: Callable[[], Supervisor], root_ended: Callable[[ExitReason], None]) -> None:
        self._make_root = make_root
        self._root_ended = root_ended

    def on_start(self) -> None:
        self.spawn(self._make_root, name=ROOT, supervised=True)

    def on_message(self, message: Any) -> None:
        match message:
            case Crashed(ref, reason):
                self._root_ended(reason)
                ref.stop()
            case Terminated(_, reason):
                self._root_ended(reason)


def plan_source(source: str | Path | Mapping[str, Any]) -> Plan:
    """The plan of a TOML file, or of the same tables as a dict. Checks everything; starts nothing.

    Raises `InvalidDeployment` with every problem that was found. May import the Python modules that it names.
    """
    if isinstance(source, Mapping):
        document = parse(toml_document(dict(source)), "deployment.toml")
    else:
        document = load(Path(source))
    examination = examine(document)
    if examination.plan is None:
        raise InvalidDeployment(list(examination.problems))
    return examination.plan
