"""`Deployment`: a plan that runs. What the command drives, and what a program embeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from actors import (
    Actor,
    ActorError,
    ActorRef,
    ActorSystem,
    Clock,
    Crashed,
    ExitReason,
    StartFailed,
    Terminated,
)
from actors.reply import Reply
from ramps.errors import RampError
from ramps.offramp import Offramp
from ramps.offramp_actor import OfframpPart
from ramps.onramp import Onramp
from ramps.onramp_actor import OnrampPart
from supervisor.deployment.account import Account
from supervisor.deployment.build import Builder, Part
from supervisor.deployment.check import examine
from supervisor.deployment.drain import Drain
from supervisor.deployment.load import load, parse
from supervisor.deployment.plan import Plan
from supervisor.deployment.problem import InvalidDeployment
from supervisor.deployment.tally import tally
from supervisor.deployment.toml_text import toml_document
from supervisor.supervision import ChildStartFailed, RestartIntensityExceeded, SupervisionError

__all__ = ["Deployment", "Outcome", "StartRefused"]

ROOT = "root"


class StartRefused(Exception):
    """A component could not start, and what had been started was stopped again. The message says which and why.

    ``component`` is its actor's name, empty where none is to blame.
    """

    def __init__(self, message: str, component: str = "") -> None:
        super().__init__(message)
        self.component = component


@dataclass(frozen=True, slots=True)
class Outcome:
    """Why a deployment stopped.

    ``failed``: a supervisor gave up, and ``why`` tells on what. ``exit_code`` is what an offramp asked for, if one did.
    """

    why: str
    failed: bool = False
    exit_code: int = 0


class Deployment:
    """Runs one plan in this thread's hub. Use it as a context manager, or `start`, `wait`, `stop`.

    ::

        with Deployment.load("config.toml") as deployment:
            deployment.onramp("in").put({"n": 1})
            deployment.wait()

    Nothing outside is touched: no signals, no monkey-patching, no logging configuration. Several can run at a time.
    """

    def __init__(self, plan: Plan, *, clock: Clock | None = None) -> None:
        self.plan = plan
        self.outcome: Outcome | None = None
        self._clock = clock
        self._system: ActorSystem | None = None
        self._finished: Reply | None = None
        self._builder: Builder | None = None
        self._final_account: Account | None = None

    @classmethod
    def load(cls, source: str | Path | Mapping[str, Any], *, clock: Clock | None = None) -> Deployment:
        """From a TOML file's path, or from the same tables as a dict. Checks everything; starts nothing.

        Raises `InvalidDeployment` with every problem that was found. May import the Python modules that it names.
        """
        if isinstance(source, Mapping):
            document = parse(toml_document(dict(source)), "deployment.toml")
        else:
            document = load(Path(source))
        examination = examine(document)
        if examination.plan is None:
            raise InvalidDeployment(list(examination.problems))
        return cls(examination.plan, clock=clock)

    # --- life --------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start everything, downstream first; returns when all components are ready. Blocks.

        Raises `StartRefused` when one cannot start; nothing runs then.
        """
        if self._system is not None:
            raise RuntimeError("this deployment has been started already; load it again for another run")
        system = self._system = ActorSystem(clock=self._clock)
        self._finished = finished = Reply(system.scheduler)
        if self.outcome is not None:
            finished.set()
        builder = self._builder = Builder(self.plan, system, self._stop_asked, self._onramp_ended)
        overseer = system.spawn(lambda: _Overseer(builder, self._root_ended), name="deployment")
        overseer.wait_ready()
        root = self._root()
        try:
            if root is None:
                raise StartRefused(f"the supervisor of all flows did not come up: {self.outcome}")
            root.wait_ready()
        except StartFailed as error:
            system.shutdown()
            component, cause = _innermost(error)
            raise StartRefused(_line(component, cause), component) from error
        except BaseException:
            system.shutdown()
            raise
        self._onramp_ended()

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
            self._drain().wait_until_idle(lambda: self.outcome is not None or clock.now() >= deadline)
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
        self._drain().run(seconds)
        self._final_account = self.account()
        system.shutdown()
        return self._final_account

    def run(self) -> Account:
        """`start`, `wait`, `stop`."""
        with self:
            self.wait()
            return self.stop()

    def __enter__(self) -> Deployment:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop(None if kind is None else 0.0)

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

    @property
    def system(self) -> ActorSystem:
        """The actor system that it runs in."""
        return self._running()

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

    def account(self) -> Account:
        """Where every event went so far. After `stop` it is final."""
        if self._final_account is not None:
            return self._final_account
        assert self._builder is not None
        return tally(self._builder, self._running())

    # --- within ------------------------------------------------------------------------------------------------------

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

    def _running(self) -> ActorSystem:
        if self._system is None:
            raise RuntimeError("this deployment has not been started")
        return self._system

    def _parts(self) -> dict[str, Part]:
        assert self._builder is not None
        return self._builder.parts

    def _refs(self) -> Iterator[tuple[str, ActorRef[Any]]]:
        system = self._running()
        for name in self._parts():
            ref = system.find(name)
            if ref is not None:
                yield name, ref

    def _root(self) -> ActorRef[Any] | None:
        return self._running().find(ROOT)

    def _finish(self, outcome: Outcome) -> None:
        if self.outcome is None:
            self.outcome = outcome
        if self._finished is not None:
            self._finished.set()

    def _stop_asked(self, exit_code: int, why: str) -> None:
        self._finish(Outcome(why, exit_code=exit_code))

    def _drain(self) -> Drain:
        return Drain(self._running(), self._parts(), ROOT)

    def _onramp_ended(self) -> None:
        onramps = [
            part
            for part in self._parts().values()
            if isinstance(part, OnrampPart) and not part.connector.passive
        ]
        if onramps and all(part.ended for part in onramps):
            assert self._finished is not None
            self._finished.set()

    def _root_ended(self, reason: ExitReason) -> None:
        if self.outcome is None or not reason.expected:
            why = "" if reason.error is None else _line(*_innermost(reason.error))
            self._finish(Outcome(why, failed=not reason.expected))


class _Overseer(Actor[Any]):
    """Keeps the root supervisor, and reports its end instead of restarting it."""

    def __init__(self, builder: Builder, root_ended: Any) -> None:
        self._builder = builder
        self._root_ended = root_ended

    def on_start(self) -> None:
        self.spawn(self._builder.root, name=ROOT, supervised=True)

    def on_message(self, message: Any) -> None:
        match message:
            case Crashed(ref, reason):
                self._root_ended(reason)
                ref.stop()
            case Terminated(_, reason):
                self._root_ended(reason)


def _innermost(error: BaseException) -> tuple[str, BaseException]:
    """What went wrong first, and the name of the component that it went wrong in."""
    component = ""
    while True:
        if isinstance(error, ChildStartFailed | RestartIntensityExceeded):
            component = error.child
        if error.__cause__ is None:
            return component, error
        error = error.__cause__


def _line(component: str, error: BaseException) -> str:
    # Only messages that we wrote are sentences; `KeyError: 'x'` says more than `'x'`.
    ours = isinstance(error, RampError | ActorError | SupervisionError)
    text = str(error) if ours else f"{type(error).__name__}: {error}"
    return f"{component}: {text}" if component and not text.startswith(component) else text
