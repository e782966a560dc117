"""What a parent tells of components that run in its executors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from actors.testing import wait_until
from supervisor import Fleet
from supervisor.deployment.replay import Replayed
from supervisor.deployment.steering import UnknownTarget

pytestmark = pytest.mark.slow

Tables = dict[str, Any]


def test_a_stack_comes_from_the_process_that_runs_the_component(
    fleet: Callable[[Tables], Fleet], ticking: Callable[..., Tables]
) -> None:
    running = fleet(ticking())
    (found,) = running.stack("onramp:main#2/tick")
    assert found["executor"] == 2
    assert any("read" in call for greenlet in found["greenlets"] for call in greenlet["calls"])
    with pytest.raises(UnknownTarget, match="onramp:main/nix"):
        running.stack("onramp:main/nix")


def test_letters_go_back_into_the_executor_that_has_their_component(
    fleet: Callable[[Tables], Fleet], ticking: Callable[..., Tables]
) -> None:
    tables = ticking()
    tables["onramps"]["tick"] = {"type": "metronome", "interval": "1h"}
    running = fleet(tables)
    letters = [
        Replayed("1", "offramp:main#2/hole", "", b"{}", "{}"),
        Replayed("2", "offramp:main#1/hole", "", b"{}", "{}"),
        Replayed("3", "offramp:main/nix", "", b"{}", "{}"),
    ]
    assert running.replay(letters, 10.0) == {"1": "", "2": ""}
    account = running.stop()
    assert account.difference == 0


def test_a_flow_is_drained_across_executors(fleet: Callable[[Tables], Fleet], tmp_path: Path) -> None:
    """Copies in two executors, one file that they share in one of them."""
    out = tmp_path / "out.jsonl"
    running = fleet(
        {
            "supervisor": {"executors": 2},
            "onramps": {"tick": {"type": "metronome", "interval": "1ms"}},
            "offramps": {"out": {"type": "file", "path": str(out)}},
            "flows": {"main": {"links": ["tick -> out"], "instances": "auto", "shared": ["out"]}},
        }
    )
    wait_until(lambda: out.exists() and out.stat().st_size > 1000)

    names = {"onramp:main#1/tick", "onramp:main#2/tick", "offramp:main/out"}
    assert names <= set(running.drain("main", 20.0))

    written = len(out.read_bytes().splitlines())
    assert running.under_way(["offramp:main/out"]).busy == []
    final = running.stop()
    assert final.difference == 0
    # What the two onramps had in their hands when they were paused came at the stop.
    assert written <= final.written <= written + 4
