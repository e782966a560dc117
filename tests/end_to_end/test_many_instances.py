"""Sixty-four copies of a flow from one file: the shape that the engine is made for."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

LINES_EACH = 500

CONFIG = """
[onramps.load]
type = "blaster"
path = "events.jsonl"
count = 500

[pipelines.score]
python = "score:score"

[offramps.sink]
type = "blackhole"

[flows.main]
links = ["load -> score -> sink"]
instances = 64
shared = ["sink"]
"""


def test_sixty_four_blasters_reach_one_blackhole_without_loss(
    supervisor: Callable[..., Any], write: Callable[[str, str], Path]
) -> None:
    write("config.toml", CONFIG)
    write("score.py", "def score(event):\n    event['score'] = event['n'] * 2\n    return event\n")
    write("events.jsonl", "".join(f'{{"n":{n}}}\n' for n in range(70)))
    run = supervisor("run")
    assert run.wait() == 0, run.errors
    total = f"{64 * LINES_EACH:,}"
    assert run.account == f"account: {total} in = {total} written"
    assert re.search(rf"onramp load x64 +{total} in, {total} out", run.errors)
    assert re.search(rf"offramp sink +{total} in, {total} written", run.errors)
    # One line a component, whatever the number of copies.
    assert sum("Started" in line for line in run.err) == 3
    assert len(run.err) < 15, run.errors
