"""Events go where the links say, each is accounted for, and none disturbs another."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from supervisor import Deployment

Deploy = Callable[..., Deployment]
Flow = Callable[..., dict[str, Any]]

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

BELOW_FIVE = {"operators": [{"type": "filter", "expression": "event.n < 5"}]}


def feed(deployment: Deployment, events: list[Any], onramp: str = "in") -> None:
    """Put all events, end the input, and wait until everything is through."""
    deployment.onramp(onramp).put_all(events)
    deployment.onramp(onramp).close_input()


def numbers(count: int) -> list[dict[str, int]]:
    return [{"n": n} for n in range(count)]


def test_every_line_of_an_access_log_is_parsed_or_rejected_with_its_reason(
    supervisor: Callable[..., Any], directory: Path
) -> None:
    good = '10.0.0.{} - - [14/Mar/2026:09:26:{:02} +0000] "GET /p/{} HTTP/1.1" 200 17'
    lines = [good.format(n % 250, n % 60, n).encode() for n in range(3000)]
    lines[100] = b"no line of any log"
    lines[200] = lines[200].replace(b"14/Mar", b"31/Feb")
    lines[300] = b"\xff\xfe\x00"
    lines[2999] = b""
    (directory / "access.log").write_bytes(b"\n".join(lines) + b"\n")
    example = EXAMPLES / "access-log"
    for name in ("config.toml", "access_log.py"):
        (directory / name).write_bytes((example / name).read_bytes())
    with (directory / "access.log").open("rb") as stdin:
        run = supervisor("run", stdin=stdin)
        assert run.wait() == 0, run.errors
    rejected = [json.loads(line) for line in (directory / "rejected.jsonl").read_text().splitlines()]
    assert len(run.out) + len(rejected) == 3000
    assert all(event["error"] for event in rejected)
    paths = {json.loads(line)["path"] for line in run.out}
    assert paths == {f"/p/{n}" for n in range(3000)} - {"/p/100", "/p/200", "/p/300", "/p/2999"}
    assert run.account.startswith("account: 3,000 in = 3,000 written"), run.account


def test_copies_for_several_pipelines_are_independent(deploy: Deploy, flow: Flow, directory: Path) -> None:
    (directory / "mark.py").write_text(
        "def mark(event):\n    event['seen'].append('mark')\n    return event\n"
    )
    tables = flow(
        "in -> mark -> out",
        "in -> again -> other",
        "in -> raw",
        pipelines={"mark": {"python": "mark:mark"}, "again": {"python": "mark:mark"}},
        offramps={"other": {"type": "memory"}, "raw": {"type": "memory"}},
    )
    deployment = deploy(tables)
    feed(deployment, [{"seen": []} for _ in range(200)])
    account = deployment.stop()
    assert list(deployment.offramp("out").events) == [{"seen": ["mark"]}] * 200
    assert list(deployment.offramp("other").events) == [{"seen": ["mark"]}] * 200
    assert list(deployment.offramp("raw").events) == [{"seen": []}] * 200
    assert (account.came_in, account.additional, account.written, account.difference) == (200, 400, 600, 0)


def test_offramps_share_what_they_only_read(deploy: Deploy, flow: Flow) -> None:
    deployment = deploy(flow("in -> out", "in -> second", offramps={"second": {"type": "memory"}}))
    feed(deployment, numbers(10))
    deployment.stop()
    pairs = zip(deployment.offramp("out").events, deployment.offramp("second").events, strict=True)
    assert all(first is second for first, second in pairs)


def test_chains_and_extra_ports_lead_where_the_links_say(deploy: Deploy, flow: Flow) -> None:
    tables = flow(
        "in -> limit -> tag -> out",
        "limit/overflow -> rest",
        pipelines={
            "limit": {"operators": [{"type": "bucket", "rate": 3, "window": "1h"}]},
            "tag": {"operators": [{"type": "set", "fields": {"tagged": True}}]},
        },
        offramps={"rest": {"type": "memory"}},
    )
    deployment = deploy(tables)
    feed(deployment, numbers(10))
    account = deployment.stop()
    assert list(deployment.offramp("out").events) == [{"n": n, "tagged": True} for n in range(3)]
    assert list(deployment.offramp("rest").events) == numbers(10)[3:]
    assert (account.written, account.difference, account.lost) == (10, 0, 0)


def test_what_a_filter_drops_is_accounted_for_by_name(deploy: Deploy, flow: Flow) -> None:
    deployment = deploy(flow("in -> below -> out", pipelines={"below": BELOW_FIVE}))
    feed(deployment, numbers(101))
    account = deployment.stop()
    assert account.equation() == "101 in = 5 written + 96 filtered"
    assert list(deployment.offramp("out").events) == numbers(5)


def test_an_onramp_may_lead_straight_to_an_offramp(deploy: Deploy, flow: Flow) -> None:
    deployment = deploy(flow("in -> out"))
    feed(deployment, numbers(500))
    outcome = deployment.wait(5.0)
    assert outcome is not None
    assert outcome.why == "every onramp has come to its end"
    assert deployment.stop().equation() == "500 in = 500 written"
    assert list(deployment.offramp("out").events) == numbers(500)


def test_several_flows_run_side_by_side_with_components_of_their_own(deploy: Deploy, flow: Flow) -> None:
    tables = flow("in -> below -> out", pipelines={"below": BELOW_FIVE})
    tables["onramps"]["in2"] = {"type": "memory"}
    tables["offramps"]["out2"] = {"type": "memory"}
    tables["flows"]["second"] = {"links": ["in2 -> below -> out2"]}
    deployment = deploy(tables)
    feed(deployment, numbers(10))
    feed(deployment, numbers(4), "in2")
    assert deployment.wait(5.0) is not None
    account = deployment.stop()
    assert [len(deployment.offramp(name).events) for name in ("out", "out2")] == [5, 4]
    assert {component.flow for component in account.components} == {"main", "second"}
    assert sum(component.name.endswith("/below") for component in account.components) == 2


def test_copies_of_a_flow_meet_in_the_component_that_they_share(deploy: Deploy, flow: Flow) -> None:
    tables = flow(
        "in -> below -> out", pipelines={"below": BELOW_FIVE}, flow={"instances": 5, "shared": ["out"]}
    )
    deployment = deploy(tables)
    for instance in range(1, 6):
        deployment.onramp("in", instance).put_all(numbers(10))
        deployment.onramp("in", instance).close_input()
    assert deployment.wait(5.0) is not None
    account = deployment.stop()
    assert sorted(event["n"] for event in deployment.offramp("out").events) == sorted([0, 1, 2, 3, 4] * 5)
    assert account.equation() == "50 in = 25 written + 25 filtered"


def test_errors_that_nobody_reads_are_dead_letters_and_counted_as_lost(deploy: Deploy, flow: Flow) -> None:
    deployment = deploy(flow("in -> out", onramps={"in": {"type": "memory", "codec": "json"}}))
    feed(deployment, [b'{"n":1}', b"no json", b'{"n":2}'])
    account = deployment.stop()
    assert list(deployment.offramp("out").events) == [{"n": 1}, {"n": 2}]
    assert (account.came_in, account.written, account.dead_letters, account.lost) == (3, 2, 1, 1)
    assert account.difference == 0
    assert account.undelivered() == ["dead letters, onramp:main/in: its err port is not linked: 1 event"]


def test_what_goes_to_another_port_that_nobody_reads_is_dropped_and_counted(
    deploy: Deploy, flow: Flow
) -> None:
    limit = {"operators": [{"type": "bucket", "rate": 3, "window": "1h"}]}
    deployment = deploy(flow("in -> limit -> out", pipelines={"limit": limit}))
    feed(deployment, numbers(10))
    account = deployment.stop()
    assert account.equation() == "10 in = 3 written + 7 to unread ports"
    assert account.lost == 0


@pytest.mark.parametrize(("lines", "code"), [("1\n2\n", 0), ("1\nx\n", 6)])
def test_the_exit_code_says_whether_events_were_lost(
    supervisor: Callable[..., Any], write: Callable[[str, str], Path], lines: str, code: int
) -> None:
    write("in.jsonl", lines)
    write(
        "config.toml",
        """
        [onramps.in]
        type = "file"
        path = "in.jsonl"
        [offramps.out]
        type = "stdout"
        [flows.main]
        links = ["in -> out"]
        """,
    )
    run = supervisor("run", stdin=subprocess.DEVNULL)
    assert run.wait() == code
    assert run.out[0] == "1"
    assert ("lost: 1 event" in run.errors) is (code == 6)


def test_a_thousand_events_cross_a_flow_in_order(deploy: Deploy, flow: Flow) -> None:
    deployment = deploy(flow("in -> all -> out", pipelines={"all": {"operators": [{"type": "counter"}]}}))
    feed(deployment, numbers(1000))
    assert deployment.wait(5.0) is not None
    deployment.stop()
    assert [event["count"] for event in deployment.offramp("out").events] == list(range(1, 1001))


def test_a_value_that_cannot_be_encoded_leaves_by_err_in_a_form_that_can(
    supervisor: Callable[..., Any], write: Callable[[str, str], Path]
) -> None:
    write("in.jsonl", "1\n2\n")
    write("odd.py", "def odd(n):\n    return object() if n == 1 else n\n")
    write(
        "config.toml",
        """
        [onramps.in]
        type = "file"
        path = "in.jsonl"
        [pipelines.odd]
        python = "odd:odd"
        [offramps.out]
        type = "stdout"
        [offramps.rejected]
        type = "file"
        path = "rejected.jsonl"
        [flows.main]
        links = ["in -> odd -> out", "out/err -> rejected"]
        """,
    )
    run = supervisor("run")
    assert run.wait() == 0, run.errors
    assert run.out == ["2"]
    [rejected] = (write("config.toml", "").parent / "rejected.jsonl").read_text().splitlines()
    assert json.loads(rejected)["event_repr"].startswith("<object object at")
