"""What the command and its own child processes (the limit, the threads) tell each other: JSON by standard streams."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

__all__ = ["Request", "read_request", "write_figures", "write_request"]


@dataclass(frozen=True)
class Request:
    """What a child is to measure. ``data`` is a file of plain lines; ``style`` is for the child to understand."""

    data: str
    engine: str
    flow: str
    warm_up: float
    seconds: float
    style: str = ""
    shape: int = 1

    @property
    def lines(self) -> list[bytes]:
        """The events as bytes, in memory."""
        return Path(self.data).read_bytes().splitlines()


def write_request(request: Request) -> str:
    """As one argument of a command line."""
    return json.dumps(asdict(request))


def read_request() -> Request:
    """What this process was started for."""
    return Request(**json.loads(sys.argv[1]))


def write_figures(figures: dict[str, Any]) -> None:
    """Tell the parent what was measured."""
    sys.stdout.write(json.dumps(figures) + "\n")
    sys.stdout.flush()
