"""``supervisor logs`` against an engine that runs."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

DEPLOYMENT = """
[supervisor]
api = "127.0.0.1:0"
executors = {executors}
[onramps.in]
type = "metronome"
interval = "10ms"
[pipelines.count]
python = "counts:Count"
[offramps.out]
type = "blackhole"
[flows.main]
links = ["in -> count -> out"]
"""

COUNT = """
import logging

class Count:
    def __call__(self, event):
        if event["id"] % 20 == 0:
            logging.getLogger("mine").warning("number %d", event["id"])
        return event
"""

Supervisor = Callable[..., Any]
Write = Callable[[str, str], Path]


def start(supervisor: Supervisor, write: Write, executors: int = 1) -> tuple[Any, str]:
    write("counts.py", COUNT)
    write("c.toml", DEPLOYMENT.format(executors=executors))
    run = supervisor("run", "c.toml")
    return run, str(run.wait_for_error(r"The API listens on (http://[0-9.]+:[0-9]+)")[1])


def ask(supervisor: Supervisor, *arguments: str) -> tuple[int, list[str], str]:
    run = supervisor(*arguments)
    return run.wait(), run.out, run.errors


def test_the_latest_are_shown_as_lines_and_as_json(supervisor: Supervisor, write: Write) -> None:
    _, api = start(supervisor, write)
    code, lines, _ = ask(supervisor, "logs", "main/count", "--api", api)
    assert code == 0
    assert "[info   ] pipeline:main/count: Started, counts:Count" in lines[0]

    code, lines, _ = ask(supervisor, "logs", "--json", "--level", "info", "--limit", "3", "--api", api)

    entries = [json.loads(line) for line in lines]
    assert (code, len(entries)) == (0, 3)
    assert sorted(entries, key=lambda entry: entry["id"]) == entries


@pytest.mark.parametrize("executors", [1, 2])
def test_a_follower_sees_what_users_code_logs_until_the_engine_ends(
    supervisor: Supervisor, write: Write, executors: int
) -> None:
    run, api = start(supervisor, write, executors)
    follower = supervisor("logs", "-f", "--json", "--level", "warning", "--api", api)
    entry = json.loads(follower.wait_for_output('"message": "number [0-9]+"').string)
    assert (entry["fields"]["logger"], entry["executor"]) == ("mine", 0 if executors == 1 else 1)
    run.send(signal.SIGTERM)
    assert run.wait() == 0
    assert follower.wait() == 0
    assert "Traceback" not in follower.errors


def test_ctrl_c_ends_a_follower_without_a_traceback(supervisor: Supervisor, write: Write) -> None:
    _, api = start(supervisor, write)
    follower = supervisor("logs", "--follow", "--api", api)
    follower.wait_for_output("Started, counts:Count")
    follower.send(signal.SIGINT)
    assert follower.wait() == 130
    assert "Traceback" not in follower.errors
