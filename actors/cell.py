"""`Cell`: what stays of an actor over all its incarnations: name, mailbox, state, and who wants to know."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import gevent
from gevent import GreenletExit, getcurrent

from actors.actor import Actor
from actors.errors import ActorStopped, Misuse, StartFailed
from actors.log import get_logger
from actors.loop import SYSTEM, ActorGreenlet, Stop
from actors.mailbox import Envelope, Mailbox, MailboxLimits
from actors.messages import (
    ActorStatistics,
    Crashed,
    DeadLetter,
    ExitKind,
    ExitReason,
    Failure,
    State,
    Terminated,
    with_failure,
)
from actors.ref import ActorRef
from actors.reply import Reply
from actors.timers import Timers
from actors.workers import Worker, Workers

if TYPE_CHECKING:
    from actors.system import ActorSystem

__all__ = ["Cell"]

_log = get_logger("actors")

# After a kill, on_stop has this long, and so have children that are left. Longer would make "kill" a wish.
_KILL_GRACE_SECONDS = 1.0
_CHILD_STOP_SECONDS = 5.0


class Cell:
    """The identity of one actor. Everything here runs in the thread of the actor's system."""

    __slots__ = (
        "_children", "_gone", "_ready", "_timers", "_watchers", "actor", "blocked_on", "cpu_seconds",
        "crashes_in_hand", "draining", "entered", "factory", "failures", "gone", "greenlet", "halting", "in_hand",
        "kill_error", "kill_requested", "last_reason", "mailbox", "max_message_time", "name", "parent", "poison_after",
        "ref", "restarts", "retry", "state", "stop_requested", "supervised", "system", "workers",
    )  # fmt: skip

    def __init__(
        self,
        system: ActorSystem,
        factory: Callable[[], Actor[Any]],
        name: str,
        parent: Cell | None,
        limits: MailboxLimits | None,
        supervised: bool,
        poison_after: int,
        max_message_time: float | None,
    ) -> None:
        self.system = system
        self.factory = factory
        self.name = name
        self.parent = parent
        self.supervised = supervised
        self.poison_after = poison_after
        self.max_message_time = max_message_time
        self.mailbox = Mailbox(system.scheduler, system.clock, limits, name)
        self.ref: ActorRef[Any] = ActorRef(self)
        self.state = State.STARTING
        self.actor: Actor[Any] | None = None
        self.entered = False
        self.in_hand: Envelope | None = None
        self.retry: Envelope | None = None
        self.crashes_in_hand = 0
        self.restarts = 0
        self.blocked_on: str | None = None
        self.cpu_seconds = 0.0
        self.last_reason: ExitReason | None = None
        self.failures: tuple[Failure, ...] = ()
        self.draining = self.stop_requested = self.halting = self.kill_requested = self.gone = False
        self.kill_error: BaseException | None = None
        self._children: dict[str, Cell] | None = None
        self._watchers: list[Cell] | None = None
        self.workers: Workers | None = None
        self._timers: Timers | None = None
        self._ready: list[Reply] | None = None
        self._gone: list[Reply] | None = None
        self.greenlet: ActorGreenlet = ActorGreenlet(self)
        self.mailbox.owner = self.greenlet
        self.greenlet.start()

    # --- the life of one incarnation, called by the loop -------------------------------------------------------------

    def make_actor(self) -> Actor[Any]:
        """A new object for this incarnation, before its `on_start`."""
        actor = self.factory()
        if not isinstance(actor, Actor):
            raise Misuse(f"the factory of {self.name} made {type(actor).__name__}, which is no Actor")
        actor._cell = self
        self.actor = actor
        return actor

    def started(self) -> None:
        """`on_start` is done."""
        self.state = State.RUNNING
        self._tell_all("_ready")

    def finish(self, reason: ExitReason) -> None:
        """The incarnation is over: release everything, then end for good or wait for the supervisor's decision."""
        failed_start = reason if self.state is State.STARTING and not reason.expected else None
        self.state = State.STOPPING
        self.last_reason = reason
        if not reason.expected:
            self.failures = with_failure(self.failures, self.system.clock.time_ns(), reason)
        message = self._settle_message_in_hand(reason)
        if self._timers is not None:
            self._timers.cancel_all()
            self._timers = None
        actor = self.actor
        if actor is not None:
            if reason.kind is ExitKind.CRASH and reason.error is not None:
                self._hook("on_crash", actor.on_crash, reason.error, message)
            self._hook("on_stop", actor.on_stop, reason, grace=reason.kind is ExitKind.KILLED)
        # After on_stop, which may want to end them in order.
        if self.workers is not None:
            self.workers.kill(_KILL_GRACE_SECONDS)
            self.workers = None
        self._end_children()
        self.actor = None
        self.entered = False
        self.blocked_on = None
        if failed_start is not None:
            error = StartFailed(f"{self.name} did not start: {reason}")
            error.__cause__ = reason.error
            self._tell_all("_ready", error)
        self._decide(reason)

    def _settle_message_in_hand(self, reason: ExitReason) -> Any:
        """What becomes of the message that was in hand; returns it."""
        envelope, self.in_hand = self.in_hand, None
        if envelope is None:
            return None
        message, reply = envelope[0], envelope[1]
        if reply is not None:
            return message
        crashes_before = self.crashes_in_hand if envelope is self.retry else 0
        self.retry = envelope
        if self.halting and reason.kind is ExitKind.KILLED:
            # It did not halt in time, when a sibling had failed: its message is not to blame.
            self.crashes_in_hand = crashes_before
            return message
        self.crashes_in_hand = crashes_before + 1
        if not self.supervised or self.crashes_in_hand >= self.poison_after:
            self.retry = None
            times = self.crashes_in_hand
            why = "it crashed the actor" + (f" {times} times" if times > 1 else "")
            if reason.kind is ExitKind.KILLED:
                why = "the actor was killed while it worked on it"
            self.to_dead_letters(message, why, events=envelope[2], reason=reason, attempts=times)
        return message

    def _hook(self, name: str, hook: Callable[..., None], *args: Any, grace: bool = False) -> None:
        timeout = gevent.Timeout.start_new(_KILL_GRACE_SECONDS) if grace else None
        try:
            hook(*args)
        except GreenletExit:
            _log.warning("Killed in a hook.", actor=self.name, hook=name)
        except (KeyboardInterrupt, SystemExit) as error:
            # Not the hook's failure. The main greenlet gets it now; this one must still release everything.
            self.system.scheduler.hub.handle_system_error(type(error), error)
        except BaseException as error:
            if error is timeout:
                _log.warning("A hook took too long after a kill.", actor=self.name, hook=name)
            else:
                _log.error("A hook failed.", actor=self.name, hook=name, error=repr(error), exc_info=True)
        finally:
            if timeout is not None:
                timeout.close()

    def _decide(self, reason: ExitReason) -> None:
        alive = self.parent is not None and self.parent.state not in (State.STOPPED, State.STOPPING)
        halting, self.halting = self.halting, False
        if halting and not self.stop_requested and reason.kind is not ExitKind.NORMAL:
            self.state = State.HALTED
            self.mailbox.drop_private()
            self._tell_all("_gone")
        elif self.supervised and not reason.expected and not self.stop_requested and alive:
            self.state = State.CRASHED
            self.mailbox.drop_private()
            assert self.parent is not None
            self.parent.mailbox.put_control(Crashed(self.ref, reason))
        else:
            if not reason.expected and not self.supervised:
                _log.error(
                    f"{self.name} crashed: {reason}",
                    actor=self.name,
                    reason=str(reason),
                    traceback=reason.traceback,
                )
            self.end(reason)

    def end(self, reason: ExitReason) -> None:
        """End for good: answer everybody who waits, tell everybody who wants to know."""
        self.state, self.last_reason = State.STOPPED, reason
        try:
            self._give_away(self.mailbox.close())
            self.system.forget(self)
            watchers, self._watchers = self._watchers or [], None
            parent = [self.parent] if self.supervised and self.parent not in watchers else []
            for watcher in (*watchers, *filter(None, parent)):
                watcher.notify(Terminated(self.ref, reason))
            self._tell_all("_ready", ActorStopped(f"{self.name} ended before it was ready"))
        finally:
            # Not before: who joins it counts what became of its messages, and who hears of them may switch.
            self.gone = True
            self._tell_all("_gone")

    def _give_away(self, left: list[Envelope]) -> None:
        why, letters = "the actor stopped before it was done with it", []
        if self.retry is not None:
            letters.append(DeadLetter(self.retry[0], self.name, why, events=self.retry[2]))
            self.retry = None
        why = "the actor stopped before it took it"
        for message, reply, events, _size in left:
            if type(reply) is Reply:
                reply.set(error=ActorStopped(f"{self.name} has stopped and will not answer"))
            elif reply is None:
                letters.append(DeadLetter(message, self.name, why, events=events))
        self.system.dead_letters.add(letters)

    # --- orders from outside -----------------------------------------------------------------------------------------

    def stop_self(self) -> None:
        """The actor wants to end normally."""
        if not self.mailbox.closed:
            self.mailbox.put_control(Stop(ExitKind.NORMAL), SYSTEM)

    def stop(self, *, drain: bool) -> None:
        """End for good, in order."""
        if self.state is State.STOPPED:
            return
        self.stop_requested = True
        if self.state in (State.CRASHED, State.HALTED):
            self.end(ExitReason(ExitKind.SHUTDOWN))
        elif drain:
            self.draining = True
            self.mailbox.nudge()
        else:
            self.mailbox.put_control(Stop(ExitKind.SHUTDOWN), SYSTEM)

    def kill(self, error: BaseException | None) -> None:
        """Interrupt the incarnation, wherever it waits."""
        if self.state in (State.STOPPED, State.CRASHED, State.HALTED):
            return
        self.kill_error = error
        self.kill_requested = True
        # A greenlet that has not run yet sees the flag; gevent's kill would drop it without ever running it.
        if self.entered:
            self.greenlet.kill(block=False)

    def halt(self, timeout: float | None) -> bool:
        """Stop the incarnation, keep the mailbox, wait until it is down."""
        if not self.supervised:
            raise Misuse(
                f"{self.name} is not supervised and cannot be halted: its mailbox would have no keeper"
            )
        self._refuse_itself("halt")
        if self.state in (State.CRASHED, State.HALTED):
            self.state = State.HALTED
            return True
        if self.state is State.STOPPED:
            return self.join(timeout)
        self.halting = True
        down = self._reply("_gone")
        if timeout != 0:
            self.mailbox.put_control(Stop(ExitKind.SHUTDOWN), SYSTEM)
            if down.wait(self.system.clock, timeout):
                return True
        self.kill(None)
        down.wait(self.system.clock, 2 * _KILL_GRACE_SECONDS)
        return False

    def restart(self) -> None:
        """A new incarnation with the same mailbox."""
        if self.state not in (State.CRASHED, State.HALTED):
            raise Misuse(
                f"{self.name} is {self.state.value}; only a crashed or halted actor can be restarted"
            )
        self.restarts += 1
        self.state = State.STARTING
        self.kill_requested = self.draining = False
        self.kill_error = None
        self.greenlet = ActorGreenlet(self)
        self.mailbox.owner = self.greenlet
        self.greenlet.start()

    def wait_ready(self, timeout: float | None) -> bool:
        """Block until it is running."""
        if self.state is State.RUNNING:
            return True
        reason = self.last_reason
        if self.state in (State.STOPPED, State.CRASHED) and reason and reason.during_start:
            raise StartFailed(f"{self.name} did not start: {reason}") from reason.error
        if self.state is State.STOPPED:
            raise ActorStopped(f"{self.name} ended before it was ready")
        reply = self._reply("_ready")
        if not reply.wait(self.system.clock, timeout):
            return False
        if reply.error is not None:
            raise reply.error
        return True

    def join(self, timeout: float | None) -> bool:
        """Block until it has ended for good."""
        self._refuse_itself("join")
        clock = self.system.clock
        deadline = None if timeout is None else clock.now() + timeout
        while not self.gone:
            # A halt answers the same list; hence the loop.
            if not self._reply("_gone").wait(clock, None if deadline is None else deadline - clock.now()):
                return False
        return True

    def _refuse_itself(self, what: str) -> None:
        if getcurrent() is self.greenlet:
            raise Misuse(f"{self.name} would wait for its own end ({what}); use self.stop()")

    # --- relations ---------------------------------------------------------------------------------------------------

    def add_child(self, child: Cell) -> None:
        """Remember a child."""
        if self._children is None:
            self._children = {}
        self._children[child.name] = child

    def remove_child(self, child: Cell) -> None:
        """Forget a child that has ended."""
        if self._children is not None:
            self._children.pop(child.name, None)

    def child_refs(self) -> tuple[ActorRef[Any], ...]:
        """The living children, oldest first."""
        return tuple(child.ref for child in (self._children or {}).values())

    def add_watcher(self, watcher: Cell) -> None:
        """Tell this one about the end."""
        if self.state is State.STOPPED:
            assert self.last_reason is not None
            watcher.notify(Terminated(self.ref, self.last_reason))
            return
        if self._watchers is None:
            self._watchers = []
        if watcher not in self._watchers:
            self._watchers.append(watcher)

    def remove_watcher(self, watcher: Cell) -> None:
        """Do not tell this one."""
        if self._watchers is not None and watcher in self._watchers:
            self._watchers.remove(watcher)

    def notify(self, message: Any) -> None:
        """Control message from the kernel; nobody minds when it comes too late."""
        if not self.mailbox.closed:
            self.mailbox.put_control(message)

    def timers(self) -> Timers:
        """The timers of this incarnation."""
        if self._timers is None:
            self._timers = Timers(self.system.clock, self.mailbox)
        return self._timers

    def start_worker(self, function: Callable[..., Any], args: tuple[Any, ...], name: str) -> Worker:
        """A helper greenlet that belongs to this incarnation."""
        if self.workers is None:
            self.workers = Workers(self)
        return self.workers.start(function, args, name)

    def _end_children(self) -> None:
        """Stop what children are left, youngest first; kill what takes too long."""
        children = list((self._children or {}).values())
        for child in reversed(children):
            try:
                child.stop(drain=False)
                if not child.join(_CHILD_STOP_SECONDS):
                    child.kill(None)
                    child.join(2 * _KILL_GRACE_SECONDS)
            except GreenletExit:
                child.kill(None)

    def statistics(self) -> ActorStatistics:
        """A snapshot for people."""
        reason = self.last_reason
        return ActorStatistics(
            name=self.name,
            state=self.state,
            processed=self.mailbox.taken,
            restarts=self.restarts,
            in_hand=self.in_hand is not None,
            events_in_hand=(self.in_hand or self.retry or (None, None, 0, 0))[2],
            blocked_on=self.blocked_on,
            cpu_seconds=self.cpu_seconds,
            mailbox=self.mailbox.statistics(),
            last_error="" if reason is None or reason.expected else str(reason),
            recent_failures=self.failures,
            children=tuple(child.name for child in (self._children or {}).values()),
        )

    def to_dead_letters(
        self,
        message: Any,
        why: str,
        *,
        events: int,
        sender: str = "",
        reason: ExitReason | None = None,
        attempts: int = 1,
    ) -> None:
        """Nobody will process this message of ours."""
        letter = DeadLetter(
            message=message,
            recipient=self.name,
            reason=why,
            error=None if reason is None else reason.error,
            traceback="" if reason is None else reason.traceback,
            events=events,
            sender=sender,
            attempts=attempts,
        )
        self.system.dead_letters.add([letter])

    def _reply(self, which: str) -> Reply:
        reply = Reply(self.system.scheduler)
        waiting = getattr(self, which)
        if waiting is None:
            setattr(self, which, [reply])
        else:
            waiting.append(reply)
        return reply

    def _tell_all(self, which: str, error: BaseException | None = None) -> None:
        replies = getattr(self, which)
        setattr(self, which, None)
        for reply in replies or ():
            reply.set(error=error)
