"""The command in a process of its own, for whichever folder of tests needs it."""

from __future__ import annotations

import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import settings

from ramps.testing.accounting import assert_report_balanced

# How long one example takes is the machine's affair; each test has a deadline.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

COMMAND = Path(sys.executable).with_name("supervisor")
DEADLINE_SECONDS = 45.0


class Run:
    """A running command, and what it has said so far."""

    def __init__(self, arguments: tuple[str, ...], directory: Path, options: dict[str, Any]) -> None:
        environment = {**os.environ, "NO_COLOR": "1", **options.pop("env", {})}
        options.setdefault("stdin", subprocess.DEVNULL)
        self.process = subprocess.Popen(
            [str(COMMAND), *arguments],
            cwd=directory,
            stdout=options.pop("stdout", subprocess.PIPE),
            stderr=subprocess.PIPE,
            env=environment,
            **options,
        )
        self.out: list[str] = []
        self.err: list[str] = []
        self._news: queue.Queue[None] = queue.Queue()
        self._readers = [
            threading.Thread(target=self._collect, args=(stream, lines), daemon=True)
            for stream, lines in ((self.process.stdout, self.out), (self.process.stderr, self.err))
            if stream is not None
        ]
        for reader in self._readers:
            reader.start()

    def _collect(self, stream: Any, lines: list[str]) -> None:
        for line in stream:
            lines.append(line.decode(errors="replace").rstrip("\n"))
            self._news.put(None)
        stream.close()

    def wait_for_error(self, pattern: str) -> re.Match[str]:
        """The first line on the standard error that the pattern is found in."""
        return self._wait_for(pattern, self.err)

    def wait_for_output(self, pattern: str) -> re.Match[str]:
        """The first line on the standard output that the pattern is found in."""
        return self._wait_for(pattern, self.out)

    def _wait_for(self, pattern: str, lines: list[str]) -> re.Match[str]:
        seen = 0
        while True:
            for line in lines[seen:]:
                seen += 1
                found = re.search(pattern, line)
                if found:
                    return found
            try:
                self._news.get(timeout=DEADLINE_SECONDS)
            except queue.Empty:
                raise AssertionError(f"no line {pattern!r} in {self.err + self.out}") from None

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def wait(self) -> int:
        """The exit code, when everything that was said has been read."""
        code = self.process.wait(DEADLINE_SECONDS)
        for reader in self._readers:
            reader.join(DEADLINE_SECONDS)
        return code

    def close(self) -> None:
        self.process.kill()
        self.wait()

    @property
    def errors(self) -> str:
        return "\n".join(self.err)

    @property
    def events(self) -> list[Any]:
        """The standard output as JSON lines."""
        return [json.loads(line) for line in self.out]

    @property
    def account(self) -> str:
        """The line that says what came in and what became of it."""
        (line,) = [line for line in self.err if line.startswith("account:")]
        return line


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Callable[..., Run]]:
    """Runs the command in the directory: ``supervisor("run", "x.toml")``. Whatever still runs is killed at the end, and
    each account that was printed must be right.
    """
    runs: list[Run] = []

    def start(*arguments: str, **options: Any) -> Run:
        runs.append(Run(arguments, tmp_path, options))
        return runs[-1]

    yield start
    for run in runs:
        run.close()
    for run in runs:
        assert_report_balanced(run.errors)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """Writes a file into the directory."""

    def write_file(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(dedent(text))
        return path

    return write_file
