"""Runs processes, with all that they start, and samples how much memory and CPU time they take."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["RunFailed", "Running", "Sample", "Usage", "run_together"]

_SAMPLE_SECONDS = 0.2
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_SHOWN_CHARACTERS = 1500


class RunFailed(Exception):
    """A process ended with an error, took too long or too much. The message says which."""


@dataclass(frozen=True)
class Sample:
    """All processes of a run at one moment."""

    at_ns: int
    rss_bytes: int
    cpu_seconds: float


@dataclass
class Usage:
    """What a run took. ``outputs`` are the standard outputs of the processes, in the order of the commands."""

    samples: list[Sample] = field(default_factory=list)
    peak_bytes: int = 0
    """The most that each process ever had in memory, added up."""
    outputs: list[str] = field(default_factory=list)
    seen_at_ns: int | None = None
    """When the text that was waited for had come to a standard error, to within a fifth of a second."""

    def cpu_between(self, began_ns: int, ended_ns: int) -> float:
        """CPU seconds a second in that time: 1.0 is one core."""
        took = self._cpu_at(ended_ns) - self._cpu_at(began_ns)
        return took / ((ended_ns - began_ns) / 1e9) if ended_ns > began_ns else 0.0

    def _cpu_at(self, at_ns: int) -> float:
        before = Sample(at_ns, 0, 0.0)
        for sample in self.samples:
            if sample.at_ns >= at_ns:
                span = sample.at_ns - before.at_ns
                part = (at_ns - before.at_ns) / span if span else 1.0
                return before.cpu_seconds + part * (sample.cpu_seconds - before.cpu_seconds)
            before = sample
        return before.cpu_seconds

    def growth_between(self, began_ns: int, ended_ns: int) -> float | None:
        """Mean memory in the last quarter of that time over that in the second; None for too few samples.

        Not the first quarter, in which caches and mailboxes still fill.
        """
        quarter = (ended_ns - began_ns) / 4
        early, late = (
            [
                sample.rss_bytes
                for sample in self.samples
                if began_ns + first * quarter <= sample.at_ns <= began_ns + (first + 1) * quarter
            ]
            for first in (1, 3)
        )
        if not early or not late:
            return None
        return (sum(late) / len(late)) / (sum(early) / len(early))


def run_together(
    commands: Sequence[Sequence[str]],
    directory: Path,
    *,
    deadline_seconds: float,
    most_bytes: int,
    python_path: Path | None = None,
    wait_for: str = "",
    tick: Callable[[], None] = lambda: None,
) -> Usage:
    """Run all commands at the same time until all have ended; their files go into ``directory``.

    ``python_path`` is where they find modules. ``wait_for`` is a text of their standard errors whose coming is noted.
    ``tick`` is called with each sample. Raises `RunFailed`. Whatever happens, no process is left.
    """
    usage = Usage()
    running: list[Running] = []
    try:
        for number, command in enumerate(commands):
            running.append(Running(command, directory, number, python_path))
        meter = _Meter({each.process.pid for each in running}, usage)
        deadline = time.monotonic() + deadline_seconds
        while True:
            # Before the look at who has ended, so that the last sample is one of living processes.
            rss_bytes = meter.sample()
            tick()
            if wait_for and usage.seen_at_ns is None and any(wait_for in each.errors() for each in running):
                usage.seen_at_ns = time.time_ns()
            # Each is asked, so that one that failed ends the others at once.
            ended = [each.has_ended() for each in running]
            if all(ended):
                break
            if rss_bytes > most_bytes:
                raise RunFailed(f"took more than {most_bytes / 2**20:,.0f} MiB of memory")
            if time.monotonic() > deadline:
                raise RunFailed(f"was not done after {deadline_seconds:.0f} seconds")
            time.sleep(_SAMPLE_SECONDS)
        usage.peak_bytes = meter.peak_bytes
        usage.outputs = [each.output_file.read_text(encoding="utf-8") for each in running]
    finally:
        for each in running:
            each.end()
    return usage


class Running:
    """One process, leader of a session of its own, so that all that it starts can be found and ended with it.

    Its standard output and error go into files in ``directory``, called by its ``number``. ``python_path`` is where it
    finds modules.
    """

    def __init__(
        self, command: Sequence[str], directory: Path, number: int = 0, python_path: Path | None = None
    ) -> None:
        environment = dict(os.environ)
        if python_path is not None:
            environment["PYTHONPATH"] = str(python_path)
        self.output_file = directory / f"stdout-{number}"
        self._error_file = directory / f"stderr-{number}"
        with self.output_file.open("wb") as output, self._error_file.open("wb") as errors:
            self.process = subprocess.Popen(
                command,
                cwd=directory,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                start_new_session=True,
            )

    def errors(self) -> str:
        """What it has written to its standard error."""
        return self._error_file.read_text(encoding="utf-8", errors="replace")

    def has_ended(self) -> bool:
        """Whether it has. Raises `RunFailed` if it did not end well."""
        if self.process.poll() is None:
            return False
        if self.process.returncode:
            told = self.errors().strip()[-_SHOWN_CHARACTERS:]
            raise RunFailed(f"ended with code {self.process.returncode}: {told or 'it said nothing'}")
        return True

    def pause(self) -> None:
        """Stop it where it is, with all that it has started."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Undo `pause`."""
        self._signal(signal.SIGCONT)

    def pin(self, core: int) -> None:
        """Have it run on this core from now on, with all its threads; not what it has started."""
        try:
            threads = [int(entry.name) for entry in os.scandir(f"/proc/{self.process.pid}/task")]
        except FileNotFoundError:
            return  # It has just ended, and so may a thread below.
        for thread in threads:
            with suppress(ProcessLookupError):
                os.sched_setaffinity(thread, {core})

    def end(self) -> None:
        """Kill what is left of its group, the processes that outlived it too."""
        self._signal(signal.SIGKILL)
        self.process.wait()

    def _signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)


class _Meter:
    """Adds up what ``/proc`` says of all processes of some sessions.

    Peaks are ``VmHWM``, and not what wait4(2) tells: that counts what the process was before it became another program.
    """

    def __init__(self, sessions: set[int], usage: Usage) -> None:
        self._sessions = sessions
        self._usage = usage
        self._cpu: dict[str, float] = {}
        self._peaks: dict[str, int] = {}

    @property
    def peak_bytes(self) -> int:
        return sum(self._peaks.values())

    def sample(self) -> int:
        """Take a sample, and return the memory in bytes."""
        rss_bytes = 0
        now_ns = time.time_ns()
        for entry in os.scandir("/proc"):
            if not entry.name.isdigit():
                continue
            try:
                # The name of the program may hold spaces, and is in parentheses.
                stat = Path(entry.path, "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
                if int(stat[3]) not in self._sessions:
                    continue
                rss = int(stat[21]) * _PAGE_BYTES
                # Where the system does not keep VmHWM, the samples have to do.
                highest = max(rss, _peak_bytes(Path(entry.path, "status")))
                self._peaks[entry.name] = max(highest, self._peaks.get(entry.name, 0))
            except OSError:
                continue  # It has just ended.
            self._cpu[entry.name] = (int(stat[11]) + int(stat[12])) / _TICKS
            rss_bytes += rss
        if rss_bytes:
            self._usage.samples.append(Sample(now_ns, rss_bytes, sum(self._cpu.values())))
        return rss_bytes


def _peak_bytes(status: Path) -> int:
    for line in status.read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0
