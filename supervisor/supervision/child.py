"""`Child`: what a supervisor remembers about one child while it runs, and how it starts and ends it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from actors import Actor, ActorRef, Cancellable, Stalled, State
from actors.log import get_logger
from pipelines.retry import Backoff
from supervisor.supervision.child_spec import ChildKind, ChildSpec
from supervisor.supervision.requests import ChildInfo, ChildState
from supervisor.supervision.stall_detection import (
    ProgressSample,
    describe_stall,
    describe_wait,
    standstill_start,
    wait_start,
)

__all__ = ["Child", "LookForProgress", "waits_in_vain"]

_log = get_logger("supervisor")

# After a kill a worker's on_stop has one second, a supervisor's children some more. Whoever is still there then
# swallows kills, and nothing in the process can end it: it is reported and left behind.
_KILL_PATIENCE_SECONDS: Final = 10.0

# A stall is noticed at most this share of stall_after_seconds late.
_LOOKS_PER_STALL: Final = 4


@dataclass(slots=True, eq=False)
class Child:
    """The record of one child. ``ref`` is ``None`` while it is `ChildState.DOWN`."""

    spec: ChildSpec
    backoff: Backoff
    ref: ActorRef[Any] | None = None
    state: ChildState = ChildState.DOWN
    restarts: int = 0
    started_at_seconds: float = 0.0
    last_error: str = ""
    standstill: ProgressSample | None = None
    wait: ProgressSample | None = None
    wait_is_told: bool = False
    progress_timer: Cancellable | None = None
    overdue_timer: Cancellable | None = None
    """For a start that nobody waits for."""

    def info(self) -> ChildInfo:
        """The record for people."""
        spec = self.spec
        return ChildInfo(
            spec.id, self.state, spec.kind, spec.restart, self.ref, self.restarts, self.last_error
        )

    def spawn(self, supervisor: Actor[Any]) -> ActorRef[Any]:
        """Make a new actor for it. Does not wait. Raises `actors.NameTaken`."""
        spec = self.spec
        self.started_at_seconds = supervisor.clock.now()
        ref = self.ref = supervisor.spawn(
            spec.factory,
            name=spec.id,
            supervised=True,
            limits=spec.limits,
            poison_after=spec.poison_after,
            max_message_time=spec.max_message_time_seconds,
        )
        self.state = ChildState.UP
        self.end_overdue()
        self._watch_progress(supervisor)
        return ref

    def end_overdue(self) -> None:
        """Its start is over: a timer that lasts on would keep the actor in memory, however often it is replaced."""
        timer, self.overdue_timer = self.overdue_timer, None
        if timer is not None:
            timer.cancel()

    def look_for_progress(self, now: float, find: Callable[[str], ActorRef[Any] | None]) -> None:
        """Kill it, with `actors.Stalled` as the reason, when it stood still for too long. Report, once, who blocks it
        when it waited for too long, and when that is over; ``find`` knows actors by name.
        """
        ref, stall_after = self.ref, self.spec.stall_after_seconds
        if ref is None or stall_after is None or ref.state is not State.RUNNING:
            self.standstill = self.wait = None
            self.wait_is_told = False
            return
        statistics = ref.statistics()
        sample = ProgressSample.of(statistics, now, counts_in_hand=self.spec.counts_in_hand)
        self._look_at_wait(sample, stall_after, find)
        self.standstill = standstill_start(self.standstill, sample)
        seconds = now - self.standstill.at_seconds
        if seconds >= stall_after:
            self.standstill = None
            ref.kill(Stalled(describe_stall(statistics, seconds)))

    def _look_at_wait(
        self, sample: ProgressSample, stall_after: float, find: Callable[[str], ActorRef[Any] | None]
    ) -> None:
        before, self.wait = self.wait, wait_start(self.wait, sample)
        if self.wait is before:
            seconds = sample.at_seconds - before.at_seconds
            if seconds >= stall_after and not self.wait_is_told:
                self.wait_is_told = True
                _log.warning(describe_wait(_chain(self.spec.id, find), seconds), child=self.spec.id)
        elif self.wait_is_told and before is not None:
            self.wait_is_told = False
            seconds = sample.at_seconds - before.at_seconds
            _log.info(f"{self.spec.id} goes on, after {seconds:.3g} s.", child=self.spec.id)

    def stop(self) -> None:
        """End it for good: in order, then with a kill. Blocks for its shutdown timeout at most, and until it is gone.

        A worker drains its mailbox first. What is left of the mailbox becomes dead letters.
        """
        ref = self.take_down()
        if ref is None or not ref.is_alive:
            return
        timeout = self.spec.shutdown_timeout_seconds
        ref.stop(drain=self.spec.kind is ChildKind.WORKER)
        if timeout == 0 or not ref.join(timeout):
            self._report_kill(timeout)
            ref.kill()
            if not ref.join(_KILL_PATIENCE_SECONDS):
                _log.error("A child survived a kill and was left behind.", child=self.spec.id)

    def halt(self, *, at_once: bool) -> None:
        """End its incarnation but keep its mailbox, to be restarted with a sibling. Blocks like `stop`.

        ``at_once``: do not wait for an orderly end. A message in its hand comes again.
        """
        self.state = ChildState.RESTARTING
        self.standstill = None
        ref = self.ref
        if ref is None or not ref.is_alive:
            return
        timeout = 0.0 if at_once else self.spec.shutdown_timeout_seconds
        if not ref.halt(timeout):
            self._report_kill(timeout)

    def respecify(self, supervisor: Actor[Any], spec: ChildSpec) -> None:
        """Go by another spec from now on; an actor that it has keeps its mailbox."""
        self.spec = spec
        if self.progress_timer is not None:
            self.progress_timer.cancel()
            self.progress_timer = None
        self.standstill = self.wait = None
        if self.ref is not None and self.ref.is_alive:
            self.ref.reconfigure(spec.limits, spec.poison_after, spec.max_message_time_seconds)
            self._watch_progress(supervisor)

    def _watch_progress(self, supervisor: Actor[Any]) -> None:
        if self.spec.stall_after_seconds is not None and self.progress_timer is None:
            period = self.spec.stall_after_seconds / _LOOKS_PER_STALL
            self.progress_timer = supervisor.send_every(period, LookForProgress(self))

    def take_down(self) -> ActorRef[Any] | None:
        """Note that it is down and stays down; returns the ref that it had."""
        ref, self.ref = self.ref, None
        self.state = ChildState.DOWN
        self.standstill = None
        timer, self.progress_timer = self.progress_timer, None
        if timer is not None:
            timer.cancel()
        self.end_overdue()
        return ref

    def _report_kill(self, timeout: float | None) -> None:
        if timeout:
            _log.warning(
                f"{self.spec.id} did not stop within {timeout:g} s and was killed", child=self.spec.id
            )


@dataclass(frozen=True, slots=True)
class LookForProgress:
    """From a timer to the supervisor: is this child standing still?"""

    child: Child


def _chain(name: str, find: Callable[[str], ActorRef[Any] | None]) -> list[str]:
    """The name, for whom it waits, for whom that one waits, and so on."""
    chain = [name]
    while (ref := find(chain[-1])) is not None:
        following = ref.statistics().blocked_on
        if following is None or following in chain:
            break
        chain.append(following)
    return chain


def waits_in_vain(child: Child, siblings: Mapping[str, Child]) -> bool:
    """Whether it waits for room in the mailbox of a sibling that is not up, or of one that waits in vain itself.

    To wait until such a child comes to an orderly end is to wait for its whole shutdown timeout, at every restart
    under load.
    """
    seen: set[str] = set()
    waiting: Child | None = child
    while waiting is not None and waiting.ref is not None and waiting.spec.id not in seen:
        seen.add(waiting.spec.id)
        blocked_on = waiting.ref.statistics().blocked_on
        waiting = None if blocked_on is None else siblings.get(blocked_on)
        if waiting is not None and waiting.state is not ChildState.UP:
            return True
    return False
