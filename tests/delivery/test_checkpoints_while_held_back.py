"""A source that is held back still writes down what was delivered meanwhile."""

from __future__ import annotations

import json
from pathlib import Path

from actors.testing import wait_until
from supervisor.deployment.deployment import Deployment

_LINE = '{{"n": {:>60000}}}\n'


def test_what_is_delivered_while_the_source_waits_is_in_the_checkpoint(tmp_path: Path) -> None:
    """Regression: it was written between two reads only, and so stayed old for as long as a sink was away."""
    path, checkpoint = tmp_path / "in.jsonl", tmp_path / "in.jsonl.checkpoint"
    path.write_text("".join(map(_LINE.format, range(5))))
    deployment = Deployment.load(
        {
            "supervisor": {"dead_letters": str(tmp_path / "letters.db")},
            "onramps": {
                "in": {
                    "type": "file",
                    "path": str(path),
                    "batch_max": 1,
                    "follow": True,
                    "poll_interval": "1ms",
                }
            },
            "offramps": {"out": {"type": "memory", "mailbox_events": 4}},
            "flows": {"main": {"guarantee": "at-least-once", "links": ["in -> out"]}},
        }
    )

    def offset() -> int:
        return int(json.loads(checkpoint.read_text())["place"]["offset"]) if checkpoint.exists() else 0

    with deployment:
        out = deployment.offramp("out")
        wait_until(lambda: len(out.events) == 5)
        deployment.steer("pause", "main/out")
        with path.open("a") as file:
            file.write("".join(map(_LINE.format, range(5, 20))))
        wait_until(lambda: deployment.snapshot().component("offramp:main/out").blocks, what="it is held back")
        wait_until(lambda: offset() == 5 * len(_LINE.format(0)), what="the checkpoint is new")
        deployment.steer("resume", "main/out")
        wait_until(lambda: len(out.events) == 20)
