"""Deployments in several processes, and links over real Unix sockets without actors. Nothing of a test outlives it: no
process, no socket, no directory of links.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import gevent
import pytest

from actors.testing import settle, wait_until
from pipelines.batch import Batch
from ramps.links.link_intake import LinkIntake
from ramps.links.link_offramp import LinkOfframp
from ramps.links.link_onramp import LinkOnramp
from ramps.links.link_server import LinkServer
from ramps.links.linked_batch import LinkedBatch
from ramps.testing.leaks import nothing_outlives
from ramps.testing.onramp_runner import OnrampRunner
from ramps.testing.recording_intake import RecordingIntake
from supervisor import Fleet

from .parts import Parts, Scripted, Tables

DEADLINE_SECONDS = 20.0


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
    monkeypatch.setattr("ramps.network.connections._CLOSE_GRACE_SECONDS", 0.01)
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


class WritingIntake(RecordingIntake):
    """Writes what is passed on to a list, as the offramp behind a `LinkIntake` would, unless it is told not to."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.handed_on = 0
        self.answers = True
        self.stuck: list[LinkedBatch] = []

    def pass_on(self, batch: Batch) -> None:
        self.wait_for_room(None)
        assert isinstance(batch, LinkedBatch)
        self.handed_on += 1
        self.stuck.append(batch)
        if self.answers:
            self.write()
        self.changed()

    def write(self) -> None:
        """Write what is stuck, and answer."""
        stuck, self.stuck = self.stuck, []
        for batch in stuck:
            assert batch.outgoing is not None
            self.written += [packet for event in batch.outgoing.packets for packet in event]
            batch.settle()
        self.changed()


class Serving:
    """A link's server on its socket: started, killed and started again, with one connector or a new one."""

    def __init__(self, make: Callable[[Any], LinkServer], path: Path, intake: RecordingIntake) -> None:
        self.path = path
        self.options = LinkOfframp.Options(path=path)
        self.connector = make(self.options)
        self.intake = intake
        self._runner: OnrampRunner | None = None
        self._make = make

    def start(self) -> None:
        self._runner = OnrampRunner(self.connector, self.intake)
        self._runner.open()
        settle()

    def stop(self) -> None:
        runner, self._runner = self._runner, None
        if runner is not None:
            runner.close()

    def forget(self) -> None:
        """As after the death of its process."""
        self.connector = self._make(self.options)


@pytest.fixture
def writing(tmp_path: Path) -> Iterator[Serving]:
    """A `LinkIntake` in front of a list."""
    serving = Serving(LinkIntake, tmp_path / "1", WritingIntake())
    serving.start()
    yield serving
    serving.stop()


@pytest.fixture
def reading(tmp_path: Path) -> Iterator[Serving]:
    """A `LinkOnramp` in front of an intake that records."""
    serving = Serving(LinkOnramp, tmp_path / "1", RecordingIntake())
    serving.start()
    yield serving
    serving.stop()


@pytest.fixture
def client(tmp_path: Path) -> Iterator[LinkOfframp]:
    """A sender to that path, not yet opened."""
    offramp = LinkOfframp(LinkOfframp.Options(path=tmp_path / "1"))
    yield offramp
    offramp.close()


@pytest.fixture
def in_background() -> Iterator[Callable[..., Any]]:
    """Runs a function in a greenlet, which is killed at the end of the test."""
    greenlets: list[Any] = []

    def start(function: Callable[..., Any], *arguments: Any) -> Any:
        greenlets.append(gevent.spawn(function, *arguments))
        return greenlets[-1]

    yield start
    gevent.killall(greenlets)


@pytest.fixture
def blocked() -> Callable[[Any], None]:
    """Sees that a greenlet goes on waiting while all others have had many turns."""

    def check(greenlet: Any) -> None:
        settle(50)
        assert not greenlet.dead, greenlet.exception

    return check


@pytest.fixture
def run(directory: Path) -> Iterator[Callable[..., Parts]]:
    with ExitStack() as stack:

        def start(tables: Tables, executors: int = 2) -> Parts:
            return stack.enter_context(Parts(tables, directory, executors))

        yield start


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> type[Scripted]:
    from ramps.offramp import offramps

    monkeypatch.setattr(Scripted, "script", [])
    offramps.get("file")
    monkeypatch.setitem(offramps._members, "file", Scripted)
    return Scripted
