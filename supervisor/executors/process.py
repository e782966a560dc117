"""Spawning the process of an executor, and saying how it ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Any

import gevent
from gevent import socket

from actors import Clock
from supervisor.executors.channel import Channel

__all__ = ["HELD_SIGNALS", "ExecutorProcess"]

HELD_SIGNALS = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
"""Blocked in a new process until it says how it takes them."""

# Without -P the first place to look for modules would be the directory that the user happens to be in.
_PROGRAM = (sys.executable, "-P", "-m", "supervisor.executors.worker")
_LOOK_SECONDS = 0.01
_END_SECONDS = 5.0


class ExecutorProcess:
    """A process that runs ``supervisor.executors.worker``, and the control channel to it. Spawned when it is made.

    ``name`` is for people who list processes; relative paths start in ``directory``. Raises ``OSError`` when the
    system has no room for one more.
    """

    def __init__(self, name: str, directory: str) -> None:
        ours, theirs = socket.socketpair()
        # Inherited: what comes before it has handlers waits until it has them.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, HELD_SIGNALS)
        try:
            self._popen = subprocess.Popen(
                [*_PROGRAM, str(theirs.fileno()), str(os.getpid()), name],
                cwd=directory or None,
                env={**os.environ, "PYTHONPATH": _python_path(directory)},
                pass_fds=(theirs.fileno(),),
            )
        except BaseException:
            ours.close()
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            theirs.close()
        self.channel = Channel(ours)

    @property
    def pid(self) -> int:
        """Its number."""
        return self._popen.pid

    @property
    def ended(self) -> bool:
        """Whether it is gone. Does not block."""
        return self._popen.poll() is not None

    def wait(self, clock: Clock, seconds: float = _END_SECONDS) -> bool:
        """Block until it is gone, for so many seconds at most. Whether it is."""
        deadline = clock.now() + seconds
        while not self.ended and clock.now() < deadline:
            gevent.sleep(_LOOK_SECONDS)
        return self.ended

    def kill(self) -> None:
        """Send SIGKILL. Does not block."""
        if not self.ended:
            self._popen.kill()

    def how_it_ended(self) -> str:
        """``"was killed by SIGKILL"``, ``"ended with exit code 3"``."""
        code: Any = self._popen.poll()
        if code is None:
            return "closed its control channel"
        if code >= 0:
            return f"ended with exit code {code}"
        try:
            return f"was killed by {signal.Signals(-code).name}"
        except ValueError:
            return f"was killed by signal {-code}"

    def discard(self, clock: Clock) -> None:
        """Kill it if it runs, and release everything. Blocks until it is gone."""
        self.kill()
        self.channel.close()
        self.wait(clock)


def _python_path(directory: str) -> str:
    """Where this process looks for modules, so that the other finds the same ones."""
    return os.pathsep.join(path or directory for path in sys.path)
