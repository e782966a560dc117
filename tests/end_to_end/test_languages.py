"""Scripts and queries in running deployments."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from actors.testing import wait_until
from supervisor import Fleet

Flow = Callable[..., dict[str, Any]]
Deploy = Callable[..., Any]
Write = Callable[[str, str], Path]

COUNTS_SOON = """
define tumbling window soon with interval = 50000000 end;
select {"count": aggr::stats::count()} from in[soon] into out;
"""


def test_a_script_sorts_events_by_its_ports_and_its_errors_by_err(flow: Flow, deploy: Deploy) -> None:
    script = """
let event.level = match event.status of
  case code = _ when code >= 500 => "error"
  default => "info"
end;
match event.level of
  case "error" => emit event => "alerts"
  default => event
end
"""
    memory = {"type": "memory"}
    deployment = deploy(
        flow(
            "in -> sort -> out",
            "sort/alerts -> alerts",
            "sort/err -> errors",
            pipelines={"sort": {"script": script}},
            offramps={"alerts": memory, "errors": memory},
        )
    )
    deployment.onramp("in").put_all([{"status": 200}, {"status": 503}, {"no": 1}])

    assert deployment.offramp("out").wait_for(1) == [{"status": 200, "level": "info"}]
    assert deployment.offramp("alerts").wait_for(1) == [{"status": 503, "level": "error"}]
    [failed] = deployment.offramp("errors").wait_for(1)
    assert (failed["component"], failed["operator"], failed["event"]) == (
        "pipeline:main/sort",
        "script",
        {"no": 1},
    )
    assert failed["position"]["column"] == 31
    assert deployment.stop().undelivered() == []


def test_a_window_of_time_closes_although_nothing_comes(flow: Flow, deploy: Deploy) -> None:
    deployment = deploy(flow("in -> counts -> out", pipelines={"counts": {"query": COUNTS_SOON}}))
    deployment.onramp("in").put_all([1, 2, 3])

    found = deployment.offramp("out").wait_for(1)
    assert sum(one["count"] for one in found) in (1, 2, 3)


def test_copies_have_a_state_each(flow: Flow, deploy: Deploy) -> None:
    script = "let state = match state of case null => 1 default => state + 1 end; state"
    deployment = deploy(
        flow(
            "in -> count -> out",
            flow={"instances": 2, "shared": ["in", "out"]},
            pipelines={"count": {"script": script}},
        )
    )
    for _ in range(4):
        deployment.onramp("in").put("event")

    assert sorted(deployment.offramp("out").wait_for(4)) in ([1, 1, 2, 2], [1, 1, 2, 3], [1, 2, 3, 4])


def test_windows_of_time_close_in_every_executor(directory: Path, write: Write) -> None:
    write("in.jsonl", "1\n2\n3\n")
    tables = {
        "supervisor": {"executors": 2},
        "onramps": {"in": {"type": "file", "path": "in.jsonl", "follow": True}},
        "pipelines": {"counts": {"query": COUNTS_SOON}},
        "offramps": {"out": {"type": "file", "path": "out.jsonl"}},
        "flows": {
            "main": {"links": ["in -> counts -> out"], "instances": 2, "shared": ["in", "out"]},
        },
    }

    def counted() -> int:
        file = directory / "out.jsonl"
        lines = file.read_text().splitlines() if file.exists() else []
        return sum(json.loads(line)["count"] for line in lines)

    with Fleet.load(tables):
        wait_until(lambda: counted() == 3, 20.0, "both windows have closed")
