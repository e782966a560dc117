"""What a run says: for people in lines that fit a terminal, for machines one object a line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gevent import socket

CONFIG = """
[onramps.in]
type = "metronome"
interval = "1ms"
[pipelines.keep]
operators = [{{ type = "counter" }}]
[offramps.peer]
type = "tcp"
address = "127.0.0.1:{port}"
retry = {{ initial = "1ms", maximum = "2ms" }}
[flows.main]
links = ["in -> keep -> peer"]
instances = 2
"""

FIELDS = {"offramp:main#1/peer": ("main", 1), "offramp:main#2/peer": ("main", 2)}


def test_json_logs_are_one_object_a_line_with_component_flow_and_instance_and_repeats_are_counted(
    supervisor: Callable[..., Any], write: Callable[[str, str], Path]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: whoever connects is refused
        write("config.toml", CONFIG.format(port=taken.getsockname()[1]))
        run = supervisor("run", "--log-format", "json", "--drain-timeout", "0s", "--for", "300ms")
        assert run.wait() == 6, run.errors
    accounted = next(number for number, line in enumerate(run.err) if line.startswith("flow main"))
    records = [json.loads(line) for line in run.err[:accounted]]
    assert {"message", "level", "logger", "timestamp"} <= set.intersection(*map(set, records))
    lost = [record for record in records if "Cannot deliver" in record["message"]]
    for component, place in FIELDS.items():
        mine = [record for record in lost if record["component"] == component]
        assert {(record["flow"], record["instance"]) for record in mine} == {place}
        assert "Connection refused" in mine[0]["error"]
        # Tried a hundred times, told once; the end of the run shows the count.
        counts = [
            record
            for record in records
            if record.get("component") == component and "repeated" in record["message"]
        ]
        assert (len(mine), len(counts)) == (2, 1)


def test_lines_for_people_fit_a_terminal_and_name_each_component_once(
    supervisor: Callable[..., Any], write: Callable[[str, str], Path]
) -> None:
    write(
        "config.toml",
        """
        [onramps.access]
        type = "http"
        address = "127.0.0.1:0"
        [pipelines.limit]
        operators = [{ type = "bucket", rate = 3, window = "1h" }, { type = "counter" }]
        [offramps.out]
        type = "stdout"
        [flows.main]
        links = ["access -> limit -> out"]
        """,
    )
    run = supervisor("run", "--for", "50ms")
    assert run.wait() == 0, run.errors
    assert all(len(line) <= 100 for line in run.err), run.errors
    started = [line.partition("] ")[2] for line in run.err if "Started" in line]
    assert started == [
        "offramp:main/out: Started, json > lines > stdout.",
        "pipeline:main/limit: Started, bucket > counter.",
        "onramp:main/access: Started, http > json.",
    ]
