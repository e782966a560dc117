"""Where events come from: each kind says how it is configured, and how events are sent so that they are obligations."""

from __future__ import annotations

import http.client
import socket
from abc import ABC, abstractmethod
from pathlib import Path

from tests.chaos.tcp_proxy import TcpProxy

__all__ = ["SOURCES", "Source"]

_ANSWER_SECONDS = 3.0


def free_port() -> int:
    """One that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Source(ABC):
    """The outside of one kind of onramp."""

    proxy: TcpProxy | None = None
    """What stands between, if it is a network."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @abstractmethod
    def toml(self) -> str:
        """The keys of ``[onramps.in]``."""

    @abstractmethod
    def send(self, lines: list[bytes]) -> bool:
        """Send these events; whether they are obligations now. Otherwise some of them may have arrived."""

    def close(self) -> None:
        """Release everything."""
        if self.proxy is not None:
            self.proxy.close()


class QueueSource(Source):
    """Lines at the end of a file, for the suite's own onramp: an obligation as soon as it is in there."""

    def toml(self) -> str:
        path = self.directory / "in.jsonl"
        path.touch()
        return f'type = "chaos-queue"\npath = "{path}"'

    def send(self, lines: list[bytes]) -> bool:
        with (self.directory / "in.jsonl").open("ab") as file:
            file.write(b"".join(lines))
        return True


class HttpSource(Source):
    """Requests: an obligation when they were answered with success."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self._port = free_port()
        self.proxy = TcpProxy(self._port)

    def toml(self) -> str:
        return f'type = "http"\naddress = "127.0.0.1:{self._port}"'

    def send(self, lines: list[bytes]) -> bool:
        assert self.proxy is not None
        connection = http.client.HTTPConnection("127.0.0.1", self.proxy.port, timeout=_ANSWER_SECONDS)
        try:
            headers = {"Content-Type": "application/x-ndjson"}
            connection.request("POST", "/", b"".join(lines), headers)
            return connection.getresponse().status in (200, 202)
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


SOURCES: dict[str, type[Source]] = {"queue": QueueSource, "http": HttpSource}
