"""`Supervisor`: an actor that starts its children in order, restarts what fails, and stops them in reverse.

The path of a failure is four small steps: is this child restarted at all (`restart_decision`), may we still
(`restart_intensity`), who else is affected (`strategies`), and then not a try but a message to itself after the backoff
(`pipelines.retry`), so that a stop request gets in between.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from actors import (
    Actor,
    ActorError,
    ActorRef,
    ActorStopped,
    Crashed,
    ExitKind,
    ExitReason,
    StartFailed,
    State,
    Terminated,
)
from actors.log import get_logger
from pipelines.retry import Backoff, BackoffOptions
from supervisor.supervision.child import Child, LookForProgress, waits_in_vain
from supervisor.supervision.child_spec import ChildKind, ChildSpec, Restart, check_child_ids
from supervisor.supervision.decision_log import describe_end, log_not_restarted, log_restart
from supervisor.supervision.errors import (
    ChildAlreadyPresent,
    ChildRunning,
    ChildStartFailed,
    RestartIntensityExceeded,
    StartTimeout,
    UnknownChild,
)
from supervisor.supervision.requests import (
    BounceChild,
    ChildCounts,
    ChildInfo,
    ChildState,
    CountChildren,
    DeleteChild,
    ReplaceChild,
    RestartChild,
    Revise,
    StartChild,
    TerminateChild,
    WhichChildren,
)
from supervisor.supervision.restart_decision import is_restarted
from supervisor.supervision.restart_intensity import RestartHistory, RestartIntensity
from supervisor.supervision.strategies import Strategy, restart_plan

__all__ = ["Supervisor", "supervisor_spec"]


@dataclass(eq=False, slots=True)
class _RestartDue:
    """To itself: the backoff is over, start these children in this order."""

    children: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _StartOverdue:
    """To itself: the incarnation that this ref then had should be ready by now."""

    ref: ActorRef[Any]
    incarnation: int


class Supervisor(Actor[Any]):
    """Supervises its children; ``docs/supervision.md`` says how to choose the numbers.

    ``children``   specs of those that are started with it, in the order of their start. More by `start_child`.
    ``strategy``   who shares the fate of a child that failed.
    ``intensity``  how many restarts are too many. Then it stops its children and crashes itself with
                   `RestartIntensityExceeded`: whoever supervises it decides.
    ``backoff``    the delay before a restart, which grows while crashes repeat. It starts afresh for a child that ran
                   for as long as the period of the intensity.

    It is ready when all children are. If one does not start, those before it are stopped and its own start fails with
    `ChildStartFailed`. While a child starts or stops, it hears nobody. Raises `InvalidSupervision` for two children
    with one id.
    """

    def __init__(
        self,
        children: Sequence[ChildSpec] = (),
        *,
        strategy: Strategy = Strategy.ONE_FOR_ONE,
        intensity: RestartIntensity | None = None,
        backoff: BackoffOptions | None = None,
    ) -> None:
        check_child_ids(children)
        self._specs = tuple(children)
        self._strategy = strategy
        self._history = RestartHistory(intensity or RestartIntensity())
        self._backoff = backoff or BackoffOptions()
        self._children: dict[str, Child] = {}
        self._due: set[_RestartDue] = set()

    # --- hooks -------------------------------------------------------------------------------------------------------

    def on_start(self) -> None:
        """Start the children, one after the other."""
        self._log = get_logger("supervisor", supervisor=self.name)
        for spec in self._specs:
            child = self._children[spec.id] = Child(spec, Backoff(self._backoff))
            self._start(child)

    def on_stop(self, reason: ExitReason) -> None:
        """Stop the children, last started first, whatever the reason: also after a start that failed half-way."""
        self._due.clear()
        children = list(self._children.values())
        if reason.kind is ExitKind.KILLED:
            # There is one second. The kernel waits for what is killed here.
            for child in reversed(children):
                ref = child.take_down()
                if ref is not None:
                    ref.kill()
            return
        # Those that are down can only make the others wait for room in mailboxes that nobody empties.
        for child in children:
            if child.ref is not None and child.ref.state in (State.CRASHED, State.HALTED):
                child.stop()
        for child in reversed(children):
            child.stop()

    def on_message(self, message: Any) -> Any:
        """Failures and ends of children, messages to itself, and the requests of `requests`."""
        match message:
            case Crashed(ref, reason):
                self._on_crashed(ref, reason)
            case Terminated(ref, reason):
                self._on_terminated(ref, reason)
            case _RestartDue():
                self._restart_due(message)
            case LookForProgress(child):
                child.look_for_progress(self.clock.now(), self.system.find)
            case _StartOverdue(ref, incarnation):
                if ref.state is State.STARTING and ref.statistics().restarts == incarnation:
                    ref.kill(StartTimeout(f"{ref.name} was not ready in time"))
            case StartChild(spec):
                return self._start_child(spec)
            case TerminateChild(child_id):
                self._terminate_child(self._find(child_id))
            case RestartChild(child_id):
                return self._restart_child(self._find(child_id))
            case BounceChild(child_id):
                self._bounce_child(self._find(child_id))
            case ReplaceChild(spec, between):
                self._replace_child(spec, between)
            case Revise():
                self._revise(message)
            case DeleteChild(child_id):
                self._delete_child(self._find(child_id))
            case WhichChildren():
                return self._which_children()
            case CountChildren():
                return self._count_children()
            case _:
                self._log.warning(
                    "A message that no supervisor knows was dropped.", type=type(message).__name__
                )
        return None

    # --- a child has failed or ended ---------------------------------------------------------------------------------

    def _on_crashed(self, ref: ActorRef[Any], reason: ExitReason) -> None:
        child = self._children.get(ref.name)
        # Anything but CRASHED means that this news is old: the child was halted or restarted since it was sent.
        if child is not None and child.ref is ref and ref.state is State.CRASHED:
            self._after_failure(child, reason)

    def _on_terminated(self, ref: ActorRef[Any], reason: ExitReason) -> None:
        child = self._children.get(ref.name)
        if child is None or child.ref is not ref:
            return
        if child.state is ChildState.RESTARTING and is_restarted(child.spec.restart, reason.kind):
            return
        self._after_failure(child, reason)

    def _after_failure(self, child: Child, reason: ExitReason) -> None:
        child.standstill = None
        if not reason.expected:
            child.last_error = str(reason)
        if not is_restarted(child.spec.restart, reason.kind):
            log_not_restarted(self._log, child.spec, reason)
            self._put_down(child)
            return
        now = self.clock.now()
        number = self._history.record(now)
        if self._history.exceeded:
            self._give_up(child, reason)
        if now - child.started_at_seconds >= self._history.intensity.within_seconds:
            child.backoff.reset()
        delay = child.backoff.next_delay()
        log_restart(self._log, child.spec, reason, number, self._history.intensity, delay)
        self._restart_later(child, delay)

    def _put_down(self, child: Child) -> None:
        child.stop()
        if child.spec.restart is Restart.TEMPORARY:
            del self._children[child.spec.id]

    def _give_up(self, child: Child, reason: ExitReason) -> None:
        error = RestartIntensityExceeded(
            f"{self.name} gives up: {describe_end(child.spec.id, reason)}; "
            f"more than {self._history.intensity} is too often",
            child.spec.id,
        )
        self._log.error(str(error), child=child.spec.id, traceback=reason.traceback)
        raise error from reason.error

    def _restart_later(self, failed: Child, delay: float) -> None:
        in_play = {
            id: child.spec.restart
            for id, child in self._children.items()
            if child.state is not ChildState.DOWN
        }
        plan = restart_plan(self._strategy, failed.spec.id, in_play)
        failed.state = ChildState.RESTARTING
        for id in plan.stop:
            child = self._children[id]
            if id in plan.start:
                child.halt(at_once=waits_in_vain(child, self._children))
            else:
                self._put_down(child)
        # A failure further up the list covers what was to be started further down.
        self._due = {due for due in self._due if set(due.children).isdisjoint(plan.start)}
        due = _RestartDue(plan.start)
        self._due.add(due)
        self.send_after(delay, due)

    def _restart_due(self, due: _RestartDue) -> None:
        if due not in self._due:
            return
        self._due.remove(due)
        # Who was terminated meanwhile is not in play any more.
        children = [child for id in due.children if (child := self._children.get(id)) is not None]
        children = [child for child in children if child.state is ChildState.RESTARTING]
        for position, child in enumerate(children):
            self._start_again(child)
            # Nobody waits for the last one, so its start, however slow, does not make the supervisor deaf.
            if position < len(children) - 1 and not self._is_ready(child):
                return

    # --- starting ----------------------------------------------------------------------------------------------------

    def _start(self, child: Child) -> ActorRef[Any]:
        """Start it and wait until it is ready. On failure nothing of it is left and `ChildStartFailed` is raised."""
        spec = child.spec
        timeout = spec.start_timeout_seconds
        try:
            ref = child.spawn(self)
            if not ref.wait_ready(timeout):
                ref.kill()
                raise StartTimeout(f"it was not ready within {timeout:g} s")
        except Exception as error:
            child.stop()
            cause = error.__cause__ if isinstance(error, StartFailed) and error.__cause__ else error
            raise ChildStartFailed(
                f"{spec.id} did not start: {type(cause).__name__}: {cause}", spec.id
            ) from cause
        return ref

    def _start_again(self, child: Child) -> None:
        """The next incarnation, not waited for; a failed start will be heard of as `Crashed`."""
        child.restarts += 1
        ref = child.ref
        try:
            if ref is None or not ref.is_alive:
                # A permanent child that ended by itself: its mailbox was closed then, so this is a new actor.
                ref = child.spawn(self)
            else:
                child.started_at_seconds = self.clock.now()
                ref.restart()
                child.state = ChildState.UP
        except ActorError as error:
            # The name is taken, or it swallowed the kill of a halt, and a second incarnation beside the first would
            # give its mailbox two takers. Waiting may help; if it does not, the intensity ends it.
            self._after_failure(child, ExitReason(ExitKind.CRASH, error, during_start=True))
            return
        child.end_overdue()
        if child.spec.start_timeout_seconds is not None:
            overdue = _StartOverdue(ref, ref.statistics().restarts)
            child.overdue_timer = self.send_after(child.spec.start_timeout_seconds, overdue)

    def _is_ready(self, child: Child) -> bool:
        """Wait for the start that siblings wait for. If it fails, the kernel reports the crash, and that goes on."""
        if child.ref is None or child.state is not ChildState.UP:
            return False
        try:
            ready = child.ref.wait_ready(child.spec.start_timeout_seconds)
        except StartFailed:
            return False
        except ActorStopped:
            # Somebody stopped it meanwhile. That is no failure, so nothing else would start its siblings.
            return True
        child.end_overdue()
        if not ready:
            child.ref.kill(StartTimeout(f"{child.spec.id} was not ready in time"))
        return ready

    # --- requests ----------------------------------------------------------------------------------------------------

    def _find(self, child_id: str) -> Child:
        child = self._children.get(child_id)
        if child is None:
            known = ", ".join(self._children) or "none"
            raise UnknownChild(f"{self.name} has no child {child_id!r}; its children: {known}", child_id)
        return child

    def _start_child(self, spec: ChildSpec) -> ActorRef[Any]:
        present = self._children.get(spec.id)
        if present is not None:
            state = present.state.value
            raise ChildAlreadyPresent(
                f"{self.name} has a child {spec.id!r} already, which is {state}", spec.id
            )
        child = Child(spec, Backoff(self._backoff))
        ref = self._start(child)
        self._children[spec.id] = child
        self._log.info("A child was added.", child=spec.id)
        return ref

    def _restart_child(self, child: Child) -> ActorRef[Any]:
        self._refuse_unless_down(child)
        return self._start(child)

    def _bounce_child(self, child: Child) -> None:
        self._log.info("A child is restarted on request.", child=child.spec.id)
        if child.state is ChildState.DOWN:
            self._start(child)
            return
        child.halt(at_once=False)
        self._start_again(child)
        if not self._is_ready(child):
            raise ChildStartFailed(f"{child.spec.id} did not start again; it is tried again", child.spec.id)

    def _replace_child(self, spec: ChildSpec, between: Callable[[], None]) -> None:
        child = self._children.get(spec.id)
        self._log.info("A child is replaced.", child=spec.id)
        if child is None or child.ref is None or not child.ref.is_alive:
            between()
            child = self._children[spec.id] = child or Child(spec, Backoff(self._backoff))
            child.respecify(self, spec)
            self._start(child)
            return
        child.halt(at_once=waits_in_vain(child, self._children))
        between()
        child.respecify(self, spec)
        self._start_again(child)
        if not self._is_ready(child):
            # Before it is heard of as a crash, which would start it again.
            child.halt(at_once=True)
            raise ChildStartFailed(f"{spec.id} did not start: {child.ref.statistics().last_error}", spec.id)

    def _revise(self, order: Revise) -> None:
        self._strategy = order.strategy
        self._history.revise(order.intensity)
        self._backoff = order.backoff
        for child in self._children.values():
            child.backoff = Backoff(order.backoff)
        names = dict.fromkeys((*order.order, *self._children))
        self._children = {name: self._children[name] for name in names if name in self._children}

    def _terminate_child(self, child: Child) -> None:
        self._put_down(child)
        self._log.info("A child was terminated on request.", child=child.spec.id)

    def _delete_child(self, child: Child) -> None:
        self._refuse_unless_down(child)
        del self._children[child.spec.id]

    def _refuse_unless_down(self, child: Child) -> None:
        if child.state is not ChildState.DOWN:
            id = child.spec.id
            raise ChildRunning(f"{id} is {child.state.value}; terminate_child it first", id)

    def _which_children(self) -> tuple[ChildInfo, ...]:
        return tuple(child.info() for child in self._children.values())

    def _count_children(self) -> ChildCounts:
        children = self._children.values()
        supervisors = sum(child.spec.kind is ChildKind.SUPERVISOR for child in children)
        return ChildCounts(
            specs=len(children),
            active=sum(child.state is ChildState.UP for child in children),
            supervisors=supervisors,
            workers=len(children) - supervisors,
        )


def supervisor_spec(
    id: str,
    children: Sequence[ChildSpec] = (),
    *,
    strategy: Strategy = Strategy.ONE_FOR_ONE,
    intensity: RestartIntensity | None = None,
    backoff: BackoffOptions | None = None,
    restart: Restart = Restart.PERMANENT,
) -> ChildSpec:
    """The spec of a supervisor below a supervisor: without timeouts of its own, as its children have theirs.

    Arguments as for `Supervisor`. Raises `InvalidSupervision`.
    """
    check_child_ids(children)
    factory = partial(Supervisor, tuple(children), strategy=strategy, intensity=intensity, backoff=backoff)
    return ChildSpec(
        id,
        factory,
        restart=restart,
        kind=ChildKind.SUPERVISOR,
        shutdown_timeout_seconds=None,
        start_timeout_seconds=None,
    )
