"""``supervisor run`` reads its file again: on SIGHUP, or with ``--watch``; flows by ``add`` and ``remove``."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

Supervisor = Callable[..., Any]
Write = Callable[[str, str], Path]

TEXT = """
[supervisor]
api = "127.0.0.1:0"
[onramps.in]
type = "metronome"
interval = "10ms"
[pipelines.tag]
operators = [{ type = "set", fields = { x = 1 } }]
[offramps.out]
type = "blackhole"
[flows.main]
links = ["in -> tag -> out"]
"""


def test_sighup_reads_the_file_again(supervisor: Supervisor, write: Write) -> None:
    path = write("c.toml", TEXT)
    run = supervisor("run", "c.toml")
    run.wait_for_error("The API listens")
    path.write_text(TEXT.replace("x = 1", "x = 2"))
    run.send(signal.SIGHUP)
    run.wait_for_error("~ pipeline:main/tag: operators")
    run.wait_for_error(r"Reload 1: done\.")
    run.send(signal.SIGTERM)
    assert run.wait() == 0
    assert "unaccounted" not in run.errors


def test_a_broken_file_changes_nothing_and_is_shown_with_line_and_column(
    supervisor: Supervisor, write: Write
) -> None:
    path = write("c.toml", TEXT)
    run = supervisor("run", "c.toml", "--log-format", "json")
    run.wait_for_error("The API listens")
    path.write_text(TEXT.replace('"set"', '"sett"'))
    run.send(signal.SIGHUP)
    run.wait_for_error("the file has errors, so nothing was changed")
    records = [json.loads(line) for line in run.errors.splitlines() if line.startswith("{")]
    problem = next(record for record in records if record.get("code") == "unknown-operator")
    assert (problem["line"], problem["column"], Path(problem["file"]).name) == (8, 23, "c.toml")
    path.write_text(TEXT)
    run.send(signal.SIGHUP)
    run.wait_for_error("nothing differs")
    run.send(signal.SIGTERM)
    assert run.wait() == 0


def test_the_file_and_those_that_it_names_are_watched(supervisor: Supervisor, write: Write) -> None:
    script = write("tag.tremor", "let event.x = 1; event")
    code = write("plugin.py", "def run(event):\n    return event\n")
    write(
        "c.toml",
        TEXT.replace('operators = [{ type = "set", fields = { x = 1 } }]', 'script_file = "tag.tremor"')
        .replace("[offramps.out]", '[pipelines.own]\npython = "plugin:run"\n[offramps.out]')
        .replace("tag -> out", "tag -> own -> out"),
    )
    run = supervisor("run", "c.toml", "--watch")
    run.wait_for_error("The API listens")
    script.write_text("let event.x = 2; event")
    run.wait_for_error("~ pipeline:main/tag: script_file")
    code.write_text("def run(event):\n    return {'changed': event}\n")
    run.wait_for_error("~ pipeline:main/own: python")
    run.send(signal.SIGTERM)
    assert run.wait() == 0


def test_flows_are_added_and_removed_by_commands(supervisor: Supervisor, write: Write) -> None:
    write("c.toml", TEXT)
    write(
        "more.toml",
        '[onramps.tick]\ntype = "metronome"\ninterval = "10ms"\n[flows.more]\nlinks = ["tick -> out"]\n',
    )
    run = supervisor("run", "c.toml")
    api = str(run.wait_for_error(r"The API listens on (http://[0-9.]+:[0-9]+)")[1])

    def ask(*arguments: str) -> tuple[int, list[str], str]:
        asked = supervisor(*arguments, "--api", api)
        return asked.wait(), asked.out, asked.errors

    assert ask("add", "more.toml")[:2] == (0, ["Added offramp:more/out", "Added onramp:more/tick"])
    code, _, errors = ask("add", "c.toml")
    assert code == 11
    assert "cannot be added to a deployment that runs" in errors
    assert ask("remove", "flow:more")[:2] == (0, ["Removed offramp:more/out", "Removed onramp:more/tick"])
    code, _, errors = ask("remove", "more")
    assert (code, "there is no flow called 'more'" in errors) == (11, True)
    run.send(signal.SIGTERM)
    assert run.wait() == 0
