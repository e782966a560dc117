"""A snapshot as plain data has every field, and is the same again from it."""

from __future__ import annotations

import json
from dataclasses import asdict

from pydantic_core import to_json

from supervisor.observation.snapshot import ComponentSnapshot, LinkSnapshot, ProcessSnapshot, Snapshot

SNAPSHOT = Snapshot(
    at_ns=1,
    file="config.toml",
    state="running",
    guarantees={"main": "best-effort"},
    components=(
        ComponentSnapshot(
            name="pipeline:main/parse", kind="pipeline", flow="main", instance=0, id="parse",
            type="counter", executor=0,
            state="running", blocks=("onramp:main/in",), sent={"out": 3}, dropped={"sample": 1}, latencies=(1, 2),
            links=(LinkSnapshot("out", "offramp:main/out", "in"), LinkSnapshot("err", "offramp:main/e", "in", "some")),
        ),
    ),
    processes=(ProcessSnapshot(0, 1, "running", 0, 1.5, 0.5, 1024, 7, 0.001),),
    dead_letters=2,
)  # fmt: skip


def test_plain_data_has_every_field_of_everything_in_it() -> None:
    assert SNAPSHOT.to_json() == asdict(SNAPSHOT)


def test_it_is_the_same_again_after_it_was_json() -> None:
    assert Snapshot.from_json(json.loads(to_json(SNAPSHOT.to_json()))) == SNAPSHOT
