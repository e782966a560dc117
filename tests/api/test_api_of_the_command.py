"""The API of a deployment that the command runs."""

from __future__ import annotations

import json
import signal
import socket
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

DEPLOYMENT = """
[supervisor]
api = "127.0.0.1:{port}"
[onramps.in]
type = "metronome"
interval = "10ms"
[offramps.out]
type = "blackhole"
[flows.main]
links = ["in -> out"]
"""


def test_it_answers_while_the_deployment_runs(
    supervisor: Callable[..., Any], write: Callable[[str, str], Path]
) -> None:
    write("c.toml", DEPLOYMENT.format(port=0))
    run = supervisor("run", "c.toml")
    address = run.wait_for_error(r"The API listens on (http://[0-9.]+:[0-9]+)")[1]
    with urllib.request.urlopen(f"{address}/readyz", timeout=10) as answer:
        assert json.load(answer)["status"] == "ok"
    run.send(signal.SIGTERM)
    assert run.wait() == 0


def test_an_address_that_is_taken_is_told_with_its_line_before_anything_starts(
    supervisor: Callable[..., Any], write: Callable[[str, str], Path]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        write("c.toml", DEPLOYMENT.format(port=taken.getsockname()[1]))
        run = supervisor("run", "c.toml")
        assert run.wait() == 4
    assert "c.toml:3:7: error[cannot-start]: the API cannot listen on 127.0.0.1:" in run.errors
    assert "Started" not in run.errors
