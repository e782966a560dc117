"""`dedupe` in a flow that promises at-least-once: a second try is no duplicate."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Supervisor = Callable[..., Any]
Write = Callable[[str, str], Path]

# A pipeline behind `dedupe` is killed once with a batch in hand, and may not have it twice.
DEPLOYMENT = """
[supervisor]
dead_letters = "letters.db"
[onramps.in]
type = "file"
path = "in.jsonl"
[pipelines.once]
operators = [{ type = "dedupe", key = ["n"] }]
[pipelines.work]
operators = [{ type = "python", function = "work:fail_once" }]
poison_after = 1
[offramps.out]
type = "file"
path = "out.jsonl"
[flows.main]
guarantee = "at-least-once"
links = ["in -> once -> work -> out"]
"""

WORK = """
from gevent import GreenletExit

tried = []

def fail_once(event):
    if not tried:
        tried.append(event)
        raise GreenletExit
    return event
"""


def test_what_failed_behind_dedupe_comes_through_again(supervisor: Supervisor, write: Write) -> None:
    write("c.toml", DEPLOYMENT)
    write("work.py", WORK)
    directory = write("in.jsonl", "".join(f'{{"n": {number}}}\n' for number in (1, 2, 2, 3))).parent

    run = supervisor("run", "c.toml")

    assert run.wait() == 0
    written = [json.loads(line)["n"] for line in (directory / "out.jsonl").read_text().splitlines()]
    assert sorted(set(written)) == [1, 2, 3]
