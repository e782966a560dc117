"""`ExecutorActor`: one executor as its parent sees it: an actor that crashes when the process does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from actors import Actor, Clock, ExitReason
from actors.log import get_logger
from actors.reply import Reply
from actors.scheduler import Scheduler
from supervisor.deployment.account import Account
from supervisor.deployment.outcome import StartRefused
from supervisor.executors.control import (
    Answer,
    Ask,
    Begin,
    GaveUp,
    Heartbeat,
    Load,
    Message,
    Records,
    Refused,
    Run,
    Started,
    Stop,
    StopAsked,
    Told,
)
from supervisor.executors.control import (
    Final as FinalAccount,
)
from supervisor.executors.errors import ExecutorEnded, ExecutorError, ExecutorGaveUp
from supervisor.executors.process import ExecutorProcess
from supervisor.executors.records import replay
from supervisor.observation.snapshot import Snapshot

__all__ = ["STOP_PATIENCE_SECONDS", "ExecutorActor", "ExecutorPart"]

_log = get_logger("supervisor")

STOP_PATIENCE_SECONDS: Final = 8.0
"""How much longer than it was told a stop may take: last flushes, kills of components, the end of the interpreter."""

# It beats several times in that; who does not even do that when its time is over will not use any more.
_SILENCE_SECONDS: Final = 1.5

_LOOK: Final = "look"


class ExecutorPart:
    """What stays of an executor over all incarnations of its process: what it reported, and what was lost with it.

    ``load`` is what each incarnation is told first; ``on_stop_asked(exit_code, why)`` and ``on_news()`` are called
    when an offramp in it asks for a stop, and when its inputs may have come to their end. ``blank`` is its account
    before anything was counted.
    """

    def __init__(
        self,
        load: Load,
        directory: str,
        heartbeat_timeout_seconds: float,
        on_stop_asked: Callable[[int, str], None],
        on_news: Callable[[], None],
        blank: Account,
    ) -> None:
        self.number = load.executor
        self.name = f"executor:{self.number}"
        self.heartbeat_seconds = load.heartbeat_seconds
        self.heartbeat_timeout_seconds = heartbeat_timeout_seconds
        self.process: ExecutorProcess | None = None
        self.incarnation = 0
        self.begun = False
        """Whether all executors have started once, so that events may come in."""
        self.closing = False
        """Whether the fleet stops: nothing is read any more."""
        self.deadline: float | None = None
        """When it must have stopped, if it was told to."""
        self.addresses: dict[str, str] = {}
        self.ended: set[str] = set()
        """The onramps whose input has come to its end, in whatever incarnation."""
        self.inputs: int | None = None
        """How many onramps it has; ``None`` while it is not known."""
        self.awaiting = 0
        """How many of them have read everything, and wait for it to be delivered."""
        self.running = False
        """Whether its deployment has started, and it has not ended since."""
        self.answer: Answer | None = None
        self.missed = 0
        self.heard_at: float | None = None
        self.last_error = ""
        self.snapshot: Snapshot | None = None
        """The latest that it gave."""
        self._asked: dict[int, Reply] = {}
        self._questions = 0
        self._load = load
        self.text = load.text
        """What its next incarnation makes its plan of."""
        self._directory = directory
        self._on_stop_asked = on_stop_asked
        self._on_news = on_news
        self.blank = blank
        """Its account before anything was counted."""
        self._leaving: list[ExecutorProcess] = []
        self._past: list[Account] = []
        self._account: Account | None = None
        self._final = False
        self._gave_up = ""

    # --- its process -------------------------------------------------------------------------------------------------

    def spawn(self) -> ExecutorProcess:
        """Its process, a new one if there is none: it makes the plan, and waits. Does not wait for that.

        Raises ``OSError`` when the system has no room for one more.
        """
        if self.process is None:
            self.process = ExecutorProcess(self.name, self._directory)
            self.process.channel.send(replace(self._load, text=self.text))
            self.incarnation += 1
        return self.process

    def send(self, message: Message) -> None:
        """Tell it something, if it is there. Does not block."""
        if self.process is not None:
            self.process.channel.send(message)

    def ask(self, scheduler: Scheduler, what: str, *arguments: Any) -> Reply:
        """Ask it one of `supervisor.executors.inquiries`. The reply is a `Told`, or the error that it is gone."""
        reply = Reply(scheduler)
        if self.process is None or not self.running:
            reply.set(error=ExecutorError(f"{self.name} does not run now"))
            return reply
        self._questions += 1
        self._asked[self._questions] = reply
        self.send(Ask(self._questions, what, list(arguments)))
        return reply

    def run_order(self) -> Run:
        """The order to run, with what must not be read again."""
        return Run(sorted(self.ended), self.closing)

    def bury(self, clock: Clock, how: str) -> None:
        """The process is gone, or will be now: ``how`` says in what way it ended. Keeps the account. Blocks shortly."""
        process, self.process = self.process, None
        if process is None:
            return
        if self._final and not process.ended:
            self._leaving.append(process)
        else:
            process.discard(clock)
        if self._final and self._account is not None:
            self._past.append(self._account)
        elif self.running:
            account = self._account or self.blank
            self._past.append(account.cut_off(f"executor {self.number} {how}"))
        self._account, self._final, self._gave_up = None, False, ""
        asked, self._asked = self._asked, {}
        for reply in asked.values():
            reply.set(error=ExecutorError(f"{self.name} {how}"))
        self.inputs = self.answer = self.heard_at = None
        self.running = False
        self.awaiting = 0

    def reap(self, clock: Clock) -> None:
        """See that the processes are gone that had stopped and were about to end. Blocks shortly."""
        while self._leaving:
            process = self._leaving.pop()
            process.wait(clock)
            process.discard(clock)

    # --- what it says ------------------------------------------------------------------------------------------------

    def hear(self, message: Message, now: float) -> None:
        """Take in what it reports. Does not block, but for what a log handler does."""
        self.missed = 0
        self.heard_at = now
        match message:
            case Heartbeat(inputs, ended, awaiting, account):
                self.inputs = inputs
                self.awaiting = awaiting
                self.ended.update(ended)
                if account is not None and not self._final:
                    self._account = Account.from_json(account)
                self._on_news()
            case FinalAccount(account):
                self._account, self._final = Account.from_json(account), True
            case Records():
                replay(message, self.number)
            case Answer():
                self.answer = message
            case Told(number):
                reply = self._asked.pop(number, None)
                if reply is not None:
                    reply.set(message)
            case StopAsked(why, exit_code):
                self._on_stop_asked(exit_code, why)
            case GaveUp(why):
                self._gave_up = why

    def failure(self) -> ExecutorError:
        """Why it is gone, or going, although nobody told it to."""
        assert self.process is not None
        if self._gave_up:
            return ExecutorGaveUp(self._gave_up)
        return ExecutorEnded(self.process.how_it_ended())

    def accounts(self) -> list[Account]:
        """Those of all its incarnations, as far as they were reported."""
        return self._past if self._account is None else [*self._past, self._account]


class ExecutorActor(Actor[Any]):
    """One incarnation of the process: ready when its deployment runs. A crash of it is a crash of this actor."""

    def __init__(self, part: ExecutorPart, drain_timeout: float) -> None:
        self._part = part
        self._drain_timeout = drain_timeout
        self._stopping = False
        self._seen_ended = False

    def on_start(self) -> None:
        """Spawn, and wait until everything in it has started. Raises `StartRefused` if something cannot."""
        self._ready = Reply(self.system.scheduler)
        self._gone = Reply(self.system.scheduler)
        try:
            process = self._part.spawn()
        except OSError as error:
            raise StartRefused(f"{self.name} cannot be started: {error.strerror or error}") from None
        self.start_worker(self._listen, process, name="listener")
        process.channel.send(self._part.run_order())
        self._ready.wait(self.clock)
        if self._ready.error is not None:
            raise self._ready.error
        self._part.missed = 0
        if self._part.begun:
            process.channel.send(Begin())
            _log.info(f"{self.name} runs again.", executor=self._part.number, pid=process.pid)
        self.send_every(self._part.heartbeat_seconds, _LOOK)

    def on_message(self, message: Any) -> None:
        """A look at the process. Beats are missed in ticks of this clock, not by the time: a parent that was stopped
        itself (Ctrl-Z) must not blame anybody for its own absence.
        """
        part = self._part
        assert part.process is not None
        if part.process.ended:
            # At the second look: what it said last may still be on its way, and says better what happened.
            if self._seen_ended:
                raise part.failure()
            self._seen_ended = True
            return
        part.missed += 1
        if part.missed * part.heartbeat_seconds > part.heartbeat_timeout_seconds:
            part.process.kill()
            raise ExecutorEnded(
                f"was killed, because it was not heard of for {part.heartbeat_timeout_seconds:g} s"
            )

    def on_stop(self, reason: ExitReason) -> None:
        """In order: have it stop, and wait for its account. After a crash: see that nothing of it is left."""
        self._stopping = True
        part = self._part
        if part.process is None:
            return
        how = "was killed by its parent"
        if reason.error is not None:
            part.last_error = str(reason.error)
        if isinstance(reason.error, ExecutorEnded):
            how = reason.error.how
        elif reason.expected:
            self._stop_in_order()
            how = part.process.how_it_ended() if part.process.ended else "did not stop in time and was killed"
        part.bury(self.clock, how)

    def _stop_in_order(self) -> None:
        """Until it has come to rest, or its time is over. Nobody waits for the moment more that its process takes."""
        part, now = self._part, self.clock.now()
        if part.deadline is None:
            part.deadline = now + self._drain_timeout
        part.send(Stop(max(0.0, part.deadline - now)))
        while not self._gone.wait(self.clock, _SILENCE_SECONDS):
            now = self.clock.now()
            silent = now - (part.heard_at or 0.0) > _SILENCE_SECONDS
            if now >= part.deadline + (0.0 if silent else STOP_PATIENCE_SECONDS):
                return

    def _listen(self, process: ExecutorProcess) -> None:
        try:
            for message in process.channel.receive():
                self._hear(message)
                self.system.scheduler.checkpoint()
            # The channel is closed a moment before the process can be asked how it ended.
            process.wait(self.clock)
            if self._stopping:
                self._gone.set()
            else:
                raise self._part.failure()
        except Exception as error:
            if self._ready.is_set:
                raise
            self._ready.set(error=error)

    def _hear(self, message: Message) -> None:
        part = self._part
        match message:
            case Started(addresses):
                part.addresses = addresses
                part.running = True
                self._ready.set()
            case Refused(why, component):
                self._ready.set(error=StartRefused(why, component))
            case _:
                part.hear(message, self.clock.now())
                if self._stopping and isinstance(message, FinalAccount):
                    self._gone.set()
