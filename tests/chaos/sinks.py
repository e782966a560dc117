"""Where events go to: each kind says how it is configured, what it holds, and how it can be made to fail."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from tests.chaos.http_ledger import HttpLedger
from tests.chaos.tcp_proxy import TcpProxy

__all__ = ["SINKS", "Sink"]


class Sink(ABC):
    """The outside of one kind of offramp."""

    proxy: TcpProxy | None = None
    """What stands between, if it is a network."""
    server: HttpLedger | None = None
    """The server that can be made to misbehave, if it is one."""
    file: Path | None = None
    """The file that it grows, if it is one."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @abstractmethod
    def toml(self) -> str:
        """The keys of ``[offramps.out]``."""

    @abstractmethod
    def ledger(self) -> list[dict[str, Any]]:
        """All events that it holds, in any order, repetitions included."""

    def tear(self) -> bool:
        """Leave half a record at its end, as a crash of the machine may; whether that is possible."""
        return False

    def heal(self) -> None:
        """Behave from now on."""

    def close(self) -> None:
        """Release everything."""


class FileSink(Sink):
    """Lines in a file. One that is no event (torn by a crash) is none that anybody promised."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.file = directory / "out.jsonl"

    def toml(self) -> str:
        return 'type = "file"\npath = "out.jsonl"\nfsync = "always"'

    def ledger(self) -> list[dict[str, Any]]:
        return read_lines(self.directory / "out.jsonl")

    def tear(self) -> bool:
        path = self.directory / "out.jsonl"
        if not path.exists():
            return False
        with path.open("ab") as file:
            file.write(b'{"id": 1, "text"')
        return True


class HttpSink(Sink):
    """Requests to a server of the suite's own, through a proxy."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.server = HttpLedger()
        self.proxy = TcpProxy(self.server.port)

    def toml(self) -> str:
        assert self.proxy is not None
        return (
            f'type = "http"\nurl = "http://127.0.0.1:{self.proxy.port}/"\nbatch = "lines"\ntimeout = "500ms"\n'
            'retry = { initial = "20ms", maximum = "200ms" }'
        )

    def ledger(self) -> list[dict[str, Any]]:
        assert self.server is not None
        return list(self.server.events)

    def heal(self) -> None:
        assert self.server is not None
        assert self.proxy is not None
        self.server.heal()
        self.proxy.delay_seconds = 0.0

    def close(self) -> None:
        assert self.server is not None
        assert self.proxy is not None
        self.server.close()
        self.proxy.close()


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The events in a file of JSON lines, without what is torn."""
    if not path.exists():
        return []
    events = []
    for text in path.read_bytes().split(b"\n"):
        try:
            value = json.loads(text)
        except ValueError:
            continue
        events.append(value)
    return events


SINKS: dict[str, type[Sink]] = {"file": FileSink, "http": HttpSink}
