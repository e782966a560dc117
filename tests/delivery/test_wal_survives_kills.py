"""Deployments with a wal, in processes that are killed: what the wal had taken arrives, though its source is gone."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import CannotStart
from pipelines.event_store_reader import EventStoreReader
from tests.chaos.http_ledger import HttpLedger

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

ROOT = Path(__file__).parents[2]
LOOK_SECONDS = 0.02
WAIT_SECONDS = 40.0

DEPLOYMENT = """
[supervisor]
drain_timeout = "1s"

[onramps.in]
type = "udp"
address = "127.0.0.1:{udp}"
codec = "json"

[pipelines.keep]
operators = [{{ type = "wal", path = "events.wal", fsync = "{fsync}" }}]

[pipelines.work]
operators = [{{ type = "set", fields = {{ seen = true }} }}]

[offramps.out]
type = "http"
url = "http://127.0.0.1:{http}/"
batch = "lines"
timeout = "500ms"
retry = {{ initial = "20ms", maximum = "100ms" }}

[offramps.errors]
type = "file"
path = "errors.jsonl"

[flows.main]
guarantee = "at-least-once"
links = [
    "in -> keep -> work -> out", "in/err -> errors", "keep/err -> errors", "work/err -> errors", "out/err -> errors",
]
"""


def free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(LOOK_SECONDS)


class Engine:
    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.directory / "log").open("ab") as log:
            self._process = self.command("run", "deployment.toml", stdout=log, stderr=log)

    def command(self, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "supervisor", *arguments],
            cwd=self.directory,
            env={**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            **options,
        )

    def end(self, number: int = signal.SIGKILL) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(number)
        return process.wait(WAIT_SECONDS)

    @property
    def said(self) -> str:
        return (self.directory / "log").read_text()

    def stored(self) -> int:
        with suppress(CannotStart):
            reader = EventStoreReader(self.directory / "events.wal")
            try:
                return reader.summary().stored.events
            finally:
                reader.close()
        return 0


@pytest.fixture
def ledger() -> Iterator[HttpLedger]:
    ledger = HttpLedger()
    yield ledger
    ledger.close()


@pytest.fixture
def udp() -> int:
    return free_port(socket.SOCK_DGRAM)


@pytest.fixture
def engine(tmp_path: Path, ledger: HttpLedger, udp: int) -> Iterator[Engine]:
    (tmp_path / "deployment.toml").write_text(DEPLOYMENT.format(udp=udp, http=ledger.port, fsync="always"))
    engine = Engine(tmp_path)
    yield engine
    engine.end()


def send(port: int, numbers: range) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for number in numbers:
            sock.sendto(json.dumps({"n": number}).encode(), ("127.0.0.1", port))


def arrived(ledger: HttpLedger) -> set[int]:
    return {event["n"] for event in ledger.events}


def listening(port: int) -> bool:
    """Whether somebody has the port, as the system's own table says."""
    return f":{port:04X} " in Path("/proc/net/udp").read_text()


def fill(engine: Engine, ledger: HttpLedger, udp: int, count: int) -> None:
    """Have so many events stored, of which none gets through."""
    ledger.misbehave("refuse", 100_000)
    engine.start()
    until(lambda: listening(udp), engine.said)
    send(udp, range(count))
    until(lambda: engine.stored() == count, f"{engine.stored()} stored: {engine.said}")


def test_what_came_by_udp_and_was_stored_arrives_though_the_process_is_killed_twice(
    engine: Engine, ledger: HttpLedger, udp: int
) -> None:
    fill(engine, ledger, udp, 50)
    assert ledger.events == []
    engine.end()
    engine.start()
    until(lambda: "are sent again" in engine.said, engine.said)
    engine.end()
    ledger.heal()
    engine.start()
    until(lambda: arrived(ledger) == {*range(50)}, engine.said)
    until(lambda: engine.stored() == 0, engine.said)
    assert engine.end(signal.SIGTERM) == 0


def test_a_stop_names_what_stays_and_loses_none_of_it(engine: Engine, ledger: HttpLedger, udp: int) -> None:
    fill(engine, ledger, udp, 5)
    assert engine.end(signal.SIGTERM) == 0, engine.said
    assert "wal: 5 events stay in" in engine.said
    assert "back with their source or wal" in engine.said
    assert "pipeline:main/keep: 5 events unconfirmed; " in engine.said
    assert "events.wal keeps them, and they are sent again at the next start" in engine.said
    ledger.heal()
    engine.start()
    until(lambda: arrived(ledger) == {*range(5)}, engine.said)
    assert (engine.directory / "errors.jsonl").read_text() == ""


def test_a_stop_names_what_a_full_one_has_although_it_is_killed_while_it_waits(
    engine: Engine, ledger: HttpLedger, udp: int
) -> None:
    """Regression: only an orderly close named it."""
    file = engine.directory / "deployment.toml"
    file.write_text(file.read_text().replace('path = "events.wal"', 'path = "events.wal", max_events = 1'))
    ledger.misbehave("refuse", 100_000)
    engine.start()
    until(lambda: listening(udp), engine.said)
    for number in range(20):
        send(udp, range(number, number + 1))
    until(lambda: engine.stored() > 0, engine.said)
    engine.end(signal.SIGTERM)
    assert f"pipeline:main/keep: {engine.stored()} event" in engine.said
    assert "events.wal keeps them" in engine.said


def test_drain_delivers_what_stays_without_the_onramp(engine: Engine, ledger: HttpLedger, udp: int) -> None:
    fill(engine, ledger, udp, 20)

    with engine.command(
        "wal", "drain", "events.wal", "deployment.toml", "--to", "work", stderr=subprocess.PIPE
    ) as used:
        _, said = used.communicate(timeout=WAIT_SECONDS)
    assert used.returncode == 4
    assert b"in use by another process" in said

    engine.end()
    ledger.heal()
    with engine.command(
        "wal", "drain", "events.wal", "deployment.toml", "--to", "work", stderr=subprocess.PIPE
    ) as done:
        _, said = done.communicate(timeout=WAIT_SECONDS)
    assert done.returncode == 0, said
    assert b"20 events delivered" in said
    assert arrived(ledger) == {*range(20)}
    assert all(event["seen"] for event in ledger.events)
    assert engine.stored() == 0
