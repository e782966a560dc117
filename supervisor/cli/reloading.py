"""Reloads the file of a deployment that the command runs: on SIGHUP, or when it changes."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gevent
from gevent.event import Event

from actors import ActorSystem
from actors.log import get_logger
from supervisor.deployment.check import plan_file
from supervisor.deployment.plan import PipelinePlan, Plan
from supervisor.deployment.problem import InvalidDeployment, Problem, Severity
from supervisor.deployment.reload import ReloadFailed, ReloadRefused, WayBackFailed
from supervisor.deployment.running import Running

__all__ = ["Reloader"]

_log = get_logger("supervisor")

_LOOK_SECONDS = 1.0

Stamp = tuple[int, int, int] | None


class Reloader:
    """One reload at a time; who asks while one is under way gets one more after it.

    ``watch``: look every second whether the file, or one that it names, is another one. One that is being written is
    waited for: it must look the same twice.
    """

    def __init__(self, deployment: Running, file: Path, *, watch: bool) -> None:
        self._deployment = deployment
        self._file = file
        self._watch = watch
        self._asked = Event()
        self._greenlets: list[gevent.Greenlet[..., Any]] = []
        self._system: ActorSystem | None = None
        self._asked_early = False
        self._reloads = 0
        signal.signal(signal.SIGHUP, self._handle)
        # As they are when it is made: what changes while the deployment starts is seen, too.
        self._known = self._stamps() if watch else {}

    def start(self) -> None:
        """Reload when asked, and watch. After the deployment has started; SIGHUP is listened to from the beginning."""
        self._system = self._deployment.system
        self._greenlets = [gevent.spawn(self._serve)]
        if self._watch:
            self._greenlets.append(gevent.spawn(self._look))
        if self._asked_early:
            self._asked.set()

    def _handle(self, _number: int, _frame: object) -> None:
        # Between any two bytecodes, so it only leaves a note for the hub.
        if self._system is None:
            self._asked_early = True
        else:
            self._system.call_threadsafe(self._asked.set)

    def stop(self) -> None:
        """Listen no more. A second SIGHUP is ignored from here on."""
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        gevent.killall(self._greenlets)

    def _serve(self) -> None:
        while True:
            self._asked.wait()
            self._asked.clear()
            self.reload()

    def reload(self) -> None:
        """Read the file, and run what it says. Logs what came of it; raises nothing. Blocks."""
        self._reloads += 1
        # With a number, because the log shows an error that repeats only once in a while, and each is to be answered.
        reload = f"Reload {self._reloads}"
        _log.info(f"{reload}: reading the file.", file=str(self._file))
        try:
            plan, warnings = plan_file(self._file)
            for problem in warnings:
                _tell(problem)
            found = self._deployment.reload(plan)
        except InvalidDeployment as invalid:
            for problem in invalid.problems:
                _tell(problem)
            _log.error(f"{reload}: the file has errors, so nothing was changed.", file=str(self._file))
        except (ReloadRefused, ReloadFailed, WayBackFailed) as error:
            _log.error(f"{reload}: not done: {error}.")
        except Exception as error:
            _log.error(
                f"{reload}: not done, because of a bug. Please report it.", error=repr(error), exc_info=True
            )
        else:
            for line in found.lines():
                _log.info(line)
            _log.info(f"{reload}: nothing differs." if found.is_empty else f"{reload}: done.")

    def _look(self) -> None:
        known = before = self._known
        while True:
            gevent.sleep(_LOOK_SECONDS)
            now = self._stamps()
            if now == before and now != known:
                known = now
                self._asked.set()
            before = now

    def _stamps(self) -> dict[str, Stamp]:
        return {file: _stamp(file) for file in (str(self._file), *named_files(self._deployment.plan))}


def named_files(plan: Plan) -> Iterator[str]:
    """The files that a plan was made of, besides its own: scripts, queries, their modules, and Python modules."""
    directory = Path(plan.file).parent
    for component in plan.components():
        if isinstance(component, PipelinePlan):
            for named in (component.table.script_file, component.table.query_file):
                if named is not None:
                    yield str(directory / named)
            modules = component.text.modules if component.text is not None else component.modules
            for file, _digest in modules:
                yield file


def _stamp(file: str) -> Stamp:
    try:
        status = os.stat(file)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _tell(problem: Problem) -> None:
    position = problem.position
    place = {} if position is None else {"line": position.line, "column": position.column}
    tell = _log.error if problem.severity is Severity.ERROR else _log.warning
    tell(str(problem), file=problem.file, code=problem.code, **place)
