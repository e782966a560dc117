"""Deployments in several processes. Nothing of a test outlives it: no process, no socket, no directory of links."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from actors.testing import wait_until
from ramps.testing.leaks import nothing_outlives
from supervisor import Fleet

DEADLINE_SECONDS = 20.0

Tables = dict[str, Any]


def worker_processes(directory: Path) -> dict[str, int]:
    """The executors that were started from this directory, by name, and their process ids. No zombies."""
    found = {}
    for entry in Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes().split(b"\0")
            # A zombie has no command line and no directory.
            if b"supervisor.executors.worker" in command and (entry / "cwd").readlink() == directory:
                found[command[-2].decode()] = int(entry.name)
        except (OSError, ValueError):
            continue
    return found


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current directory, empty. After the test no executor runs that was started here."""
    links = tmp_path / "tmp"
    links.mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(links))
    monkeypatch.setattr(tempfile, "tempdir", None)
    with nothing_outlives():
        yield tmp_path
    wait_until(lambda: not worker_processes(tmp_path), DEADLINE_SECONDS, "all executors are gone")


@pytest.fixture
def executors(directory: Path) -> Callable[[], dict[str, int]]:
    """The processes of the executors that run now, by name (``"executor:1"``)."""
    return lambda: worker_processes(directory)


@pytest.fixture
def fleet() -> Iterator[Callable[[Tables], Fleet]]:
    """Starts a fleet from tables; it is stopped after the test, if it has not been."""
    with ExitStack() as stack:
        yield lambda tables: stack.enter_context(Fleet.load(tables))
    assert not os.listdir(tempfile.gettempdir()), "directories of links are left"


@pytest.fixture
def ticking() -> Callable[..., Tables]:
    """The tables of a deployment whose copies each count a thousand ticks a second, in two executors."""

    def tables(**settings: Any) -> Tables:
        return {
            "supervisor": {
                "executors": 2,
                "heartbeat_timeout": "1s",
                "restart": {"backoff": {"initial": "1ms"}},
                **settings,
            },
            "onramps": {"tick": {"type": "metronome", "interval": "1ms"}},
            "offramps": {"hole": {"type": "blackhole"}},
            "flows": {"main": {"links": ["tick -> hole"], "instances": "auto"}},
        }

    return tables
