"""What runs in the process of an executor: makes its part of the plan, runs it, and does what the parent says."""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import sys
import traceback
from contextlib import redirect_stdout
from pathlib import Path
from time import monotonic
from typing import Any, NoReturn

import gevent
from gevent import socket
from gevent.event import Event
from gevent.queue import Queue

from actors.clock import HubClock
from actors.hub_monitor import HubMonitor
from actors.log import get_logger
from actors.preemption import Preemption
from supervisor.collector import settle_collector
from supervisor.deployment.check import examine
from supervisor.deployment.load import parse
from supervisor.deployment.outcome import StartRefused
from supervisor.deployment.plan import Plan
from supervisor.deployment.problem import InvalidDeployment, Severity
from supervisor.executors.channel import Channel
from supervisor.executors.control import (
    Answer,
    Ask,
    Begin,
    Final,
    GaveUp,
    Heartbeat,
    Load,
    Look,
    Message,
    Refused,
    Run,
    Started,
    Stop,
    StopAsked,
    StopReading,
    Told,
)
from supervisor.executors.executor_deployment import ExecutorDeployment
from supervisor.executors.inquiries import answer_to
from supervisor.executors.placement import place
from supervisor.executors.process import HELD_SIGNALS
from supervisor.executors.records import RecordPump
from supervisor.executors.subplan import part_of

__all__ = ["serve"]

_FLUSH_SECONDS = 5.0
# The parent gets SIGTERM too where a service manager sends it to all processes of a service; then it says what to do.
_TERM_GRACE_SECONDS = 0.5
# The account of a large deployment takes a while to make, and the parent as long again to read: for all executors
# together, no more of its time than this share.
_ACCOUNT_SHARE = 0.1
_ROOM_FOR_RECORDS = 4
_ORPHANED = 1
_PR_SET_PDEATHSIG = 1


def serve(descriptor: int, parent: int) -> None:
    """Run until the parent says stop. Blocks; may end the process itself."""
    _die_with(parent)
    worker = _Worker(Channel(socket.socket(fileno=descriptor)))
    # Ctrl-C, and a hangup, go to all processes in front of the terminal; the parent decides what they mean.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, worker.on_sigterm)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD_SIGNALS)
    worker.run()
    try:
        sys.stdout.flush()
    except OSError:
        # Whoever read it is gone, which the offramp has told; the interpreter would flush once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


class _Worker:
    """One process. A greenlet listens, so that the end of the parent is noticed whatever else goes on."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._orders: Queue[Load | Run | Stop | signal.Signals | None] = Queue()
        self._deployment: ExecutorDeployment | None = None
        self._closing = False
        self._terminated = False
        self._news = Event()
        self._stop_told = False
        self._accounted_at = 0.0
        self._account_pause_seconds = 0.0
        self._executors = self._executor = 1
        self._heartbeat_seconds = 1.0

    def run(self) -> None:
        """Load, start, serve, stop, one after the other."""
        listener = gevent.spawn(self._listen)
        try:
            plan = self._load(self._next(Load))
            with Preemption(), HubMonitor():
                deployment = self._start(plan, self._next(Run))
                settle_collector()
                self._heart = gevent.spawn(self._beat)
                self._serve(deployment)
        except (InvalidDeployment, StartRefused) as error:
            self._last_word(Refused(_in_a_line(error), getattr(error, "component", "")))
        listener.kill()
        self._channel.close()

    # --- in order ----------------------------------------------------------------------------------------------------

    def _load(self, load: Load) -> Plan:
        if load.python_path is None:
            os.environ.pop("PYTHONPATH", None)
        else:
            os.environ["PYTHONPATH"] = load.python_path
        self._records = RecordPump(self._channel.send, lambda: self._channel.backlog < _ROOM_FOR_RECORDS)
        logging.basicConfig(level=load.log_level, handlers=[self._records], force=True)
        logging.captureWarnings(True)
        if load.core is not None:
            _pin(load.core)
        self._heartbeat_seconds = load.heartbeat_seconds
        self._executors, self._executor = load.executors, load.executor
        self._origin = load
        # As in the parent: what modules print while they are imported is no event.
        with redirect_stdout(sys.stderr):
            return self._plan_of(load.text)

    def _plan_of(self, text: str) -> Plan:
        """This executor's part of the plan of a text. Raises `InvalidDeployment`."""
        load = self._origin
        examination = examine(parse(text, load.file), load.executors)
        if examination.plan is None:
            raise InvalidDeployment(list(examination.problems))
        placement = place(examination.plan, load.executors)
        return part_of(examination.plan, placement, load.executor, Path(load.link_directory))

    def _start(self, plan: Plan, run: Run) -> ExecutorDeployment:
        closing = self._closing or run.closing
        deployment = ExecutorDeployment(
            plan, ended=run.ended, closing=closing, on_news=self._news.set, plan_of=self._plan_of
        )
        deployment.executor = self._executor
        deployment.start()
        self._deployment = deployment
        if self._closing:
            deployment.stop_reading()
        self._channel.send(Started(deployment.addresses()))
        return deployment

    def _serve(self, deployment: ExecutorDeployment) -> None:
        order = self._orders.get()
        # From here on it is no news that it stops.
        self._stop_told = True
        match order:
            case Stop(seconds):
                self._last_word(Final(deployment.stop(seconds).to_json()))
            case signal.SIGTERM:
                self._last_word(Final(deployment.stop().to_json()))
                _end_by(signal.SIGTERM)
            case _:
                assert deployment.outcome is not None
                self._channel.send(GaveUp(deployment.outcome.why))
                self._last_word(Final(deployment.stop(0.0).to_json()))

    def _last_word(self, message: Message) -> None:
        """Behind all that was logged: after it, nobody listens any more."""
        self._records.flush()
        self._channel.send(message)
        self._channel.flush(HubClock(), _FLUSH_SECONDS)

    def _next(self, kind: type[Any]) -> Any:
        order = self._orders.get()
        assert isinstance(order, kind), order
        return order

    # --- beside that -------------------------------------------------------------------------------------------------

    def _listen(self) -> None:
        try:
            for message in self._channel.receive():
                self._hear(message)
        except gevent.GreenletExit:
            return
        except BaseException:
            traceback.print_exc()
        # The parent is gone, and with it everybody who could want anything of this process.
        os._exit(_ORPHANED)

    def _hear(self, message: Message) -> None:
        match message:
            case Load() | Run() | Stop():
                self._orders.put(message)
            case Begin():
                if self._deployment is not None:
                    self._deployment.begin()
            case StopReading():
                self._closing = True
                if self._deployment is not None:
                    self._deployment.stop_reading()
            case Ask():
                gevent.spawn(self._answer, message)
            case Look(number):
                idle, moved = (False, 0) if self._deployment is None else self._deployment.activity()
                self._channel.send(Answer(number, idle, moved))
            case _:
                raise TypeError(message)

    def _answer(self, ask: Ask) -> None:
        if self._deployment is None:
            self._channel.send(Told(ask.number, None, ["ExecutorError", "it has not started yet"]))
        else:
            self._channel.send(answer_to(ask, self._deployment))

    def _beat(self) -> None:
        deployment = self._deployment
        assert deployment is not None
        while True:
            self._tell_outcome(deployment)
            # A parent that does not read has not died; it must not find a heap of old news when it reads on.
            if not self._channel.backlog:
                inputs = deployment.inputs()
                ended = [name for name, at_end in inputs.items() if at_end]
                account = self._account(deployment)
                self._channel.send(Heartbeat(len(inputs), ended, deployment.awaiting(), account))
            self._news.wait(self._heartbeat_seconds)
            self._news.clear()

    def _tell_outcome(self, deployment: ExecutorDeployment) -> None:
        outcome = deployment.outcome
        if outcome is None or self._stop_told:
            return
        self._stop_told = True
        if outcome.failed:
            self._orders.put(None)
        elif not self._closing:
            self._channel.send(StopAsked(outcome.why, outcome.exit_code))

    def _account(self, deployment: ExecutorDeployment) -> dict[str, Any] | None:
        now = monotonic()
        if now - self._accounted_at < self._account_pause_seconds:
            return None
        account = deployment.account().to_json()
        self._accounted_at = monotonic()
        self._account_pause_seconds = (self._accounted_at - now) * self._executors / _ACCOUNT_SHARE
        return account

    def on_sigterm(self, _number: int, _frame: object) -> None:
        """The handler: between any two bytecodes, so it only leaves a note for the hub."""
        if not self._terminated:
            self._terminated = True
            gevent.get_hub().loop.run_callback_threadsafe(gevent.spawn, self._after_sigterm)

    def _after_sigterm(self) -> None:
        """Stop alone, unless the parent says in time what to do. What starts is let start first."""
        gevent.sleep(_TERM_GRACE_SECONDS)
        while self._deployment is None:
            gevent.sleep(_TERM_GRACE_SECONDS)
        if not self._closing:
            self._orders.put(signal.SIGTERM)


def _in_a_line(error: InvalidDeployment | StartRefused) -> str:
    """The parent has checked the same text: what is wrong here has changed since, and comes first."""
    if isinstance(error, StartRefused):
        return str(error)
    return next(str(problem) for problem in error.problems if problem.severity is Severity.ERROR)


def _pin(core: int) -> None:
    try:
        os.sched_setaffinity(0, {core})
    except OSError as error:
        # The parent might use it when it counted; it may have been taken away since.
        get_logger("supervisor").warning("Cannot be pinned to its core.", core=core, error=error.strerror)


def _die_with(parent: int) -> None:
    """Have the system kill this process when its parent dies, even while it is stopped or deep in a call into C."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(_ORPHANED)


def _end_by(number: signal.Signals) -> NoReturn:
    """End as if the signal had not been caught, so that the parent sees what it was."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    raise AssertionError("still alive")
