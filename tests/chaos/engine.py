"""`Engine`: the command in a process of its own, killed and started again, with its logs in files."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from supervisor.cli.exit_codes import ExitCode

__all__ = ["Engine", "EngineRefuses", "send", "until"]

_ROOT = Path(__file__).parents[2]
_CONNECTORS = Path(__file__).parent / "distribution"
_LOOK_SECONDS = 0.01
_END_SECONDS = 20.0
_STARTED = b"Started, "
_NEVER_STARTS = (ExitCode.USAGE, ExitCode.INVALID_DEPLOYMENT, ExitCode.CANNOT_START)


def until(condition: Callable[[], object], seconds: float) -> bool:
    """Wait until something is so; False if it is not after so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_SECONDS)
    return True


class EngineRefuses(Exception):
    """It would never start: this is what it said."""


class Engine:
    """Runs ``deployment.toml`` in ``directory``. Each incarnation has a log of its own, ``engine-N.log``."""

    def __init__(self, directory: Path, environment: Mapping[str, str] = {}) -> None:
        self.directory = directory
        self._environment = environment
        self.incarnations = 0
        self.points = ""
        """The fail points of this incarnation; those that were not come to yet are still armed."""
        self._process: subprocess.Popen[bytes] | None = None
        self._workers: set[int] = set()

    def start(self, points: str = "") -> None:
        """A new incarnation, with these fail points; does not wait until it is ready."""
        assert not self.is_alive
        if self._process is not None and self._process.poll() in _NEVER_STARTS:
            raise EngineRefuses(self.log.read_text(errors="replace"))
        until(lambda: not self.left_behind(), _END_SECONDS)
        self.incarnations += 1
        self.points = points
        environment = {
            **os.environ,
            **self._environment,
            "NO_COLOR": "1",
            "PYTHONPATH": os.pathsep.join(map(str, (_ROOT, _CONNECTORS))),
            "CHAOS_POINTS": points,
        }
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "supervisor", "run", "deployment.toml"],
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
            )

    @property
    def log(self) -> Path:
        """What the latest incarnation said."""
        return self.directory / f"engine-{self.incarnations}.log"

    @property
    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def has_started(self) -> bool:
        """Whether this incarnation runs its deployment, and so has taken charge of its signals."""
        return self.is_alive and _STARTED in self.log.read_bytes()

    @property
    def is_stopped(self) -> bool:
        """Whether one of its processes stopped itself at a fail point."""
        return any(_state(pid) == "T" for pid in self.processes())

    def processes(self) -> list[int]:
        """The process, and those of its executors."""
        if self._process is None or not self.is_alive:
            return []
        return [self._process.pid, *self.executors()]

    def executors(self) -> list[int]:
        """The processes of its executors, oldest first."""
        assert self._process is not None
        with contextlib.suppress(OSError):
            tasks = Path(f"/proc/{self._process.pid}/task")
            found = {int(pid) for task in tasks.iterdir() for pid in (task / "children").read_text().split()}
            self._workers |= found
            return sorted(found)
        return []

    def left_behind(self) -> list[int]:
        """Executors that still run although their parent is gone."""
        self._workers = {pid for pid in self._workers if _state(pid) not in ("", "Z")}
        return [] if self.is_alive else sorted(self._workers)

    def kill(self, *, with_executors: bool = True) -> None:
        """SIGKILL, as the kernel does when memory is short; its executors with it, as a service manager does."""
        executors = self.executors() if self.is_alive else []
        if self._process is not None:
            self._process.kill()
            self._process.wait(_END_SECONDS)
        for pid in executors if with_executors else ():
            send(pid, signal.SIGKILL)

    def pause(self) -> None:
        for pid in self.processes():
            send(pid, signal.SIGSTOP)

    def go_on(self) -> None:
        for pid in self.processes():
            send(pid, signal.SIGCONT)

    def limit_files(self, most_bytes: int | None) -> None:
        """No file may grow beyond this size, as on a full disk; ``None`` gives room again."""
        for pid in self.processes():
            with contextlib.suppress(OSError):
                _soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
                soft = resource.RLIM_INFINITY if most_bytes is None else most_bytes
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))

    def stop(self) -> int | None:
        """An orderly stop; the exit code, or ``None`` if it had to be killed."""
        if self._process is None:
            return None
        self._process.send_signal(signal.SIGTERM)

        def has_ended() -> bool:
            # A fail point on the way to the end may have stopped it.
            if self.is_stopped:
                self.go_on()
            return not self.is_alive

        try:
            return self._process.poll() if until(has_ended, _END_SECONDS) else None
        finally:
            self.kill()


def send(pid: int, number: signal.Signals) -> None:
    """A signal to a process that may be gone."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _state(pid: int) -> str:
    """One letter, as ``ps`` shows it; empty if there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""
