"""What the API tells of a deployment is what it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gevent
import gevent.event
import pytest

from actors.testing import wait_until
from pipelines.batch import Batch

Serve = Callable[..., Any]


def test_components_are_told_with_their_counts(serve: Serve) -> None:
    client = serve()
    for number in range(3):
        client.deployment.onramp("in").put({"n": number})
    wait_until(lambda: len(client.deployment.offramp("out").events) == 3)

    found = {each["name"]: each for each in client.get("/api/v1/components").document}

    assert found["pipeline:main/count"]["received"] == 3
    assert found["offramp:main/out"]["written"] == 3
    assert sum(found["offramp:main/out"]["latencies"]) == 3
    assert found["onramp:main/in"]["links"][0]["target"] == "pipeline:main/count"


def test_an_unknown_component_is_a_problem_document(serve: Serve) -> None:
    answer = serve().get("/api/v1/components/pipeline:main/nix")
    assert answer.status == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "no component called 'pipeline:main/nix'" in answer.document["detail"]


def test_a_components_configuration_has_the_defaults(serve: Serve) -> None:
    client = serve()
    table = client.get("/api/v1/configuration/pipeline:main/count").document
    assert table["operators"] == [{"type": "counter"}]
    assert table["mailbox_events"] == 1024
    assert client.get("/api/v1/configuration/pipeline:main/nix").status == 404


def test_the_tree_has_the_flow_and_its_components(serve: Serve) -> None:
    (flow,) = serve().get("/api/v1/tree").document["children"]
    assert [child["name"] for child in flow["children"]] == [
        "offramp:main/out", "pipeline:main/count", "onramp:main/in",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "names"), [("/onramp", ["in"]), ("/pipeline", ["count"]), ("/binding", ["main"])]
)
def test_the_paths_that_users_of_tremor_know_answer_names(serve: Serve, path: str, names: list[str]) -> None:
    assert serve().get(path).document == names


def test_every_route_is_in_the_document(serve: Serve) -> None:
    document = serve().get("/openapi.json").document
    assert document["openapi"] == "3.1.0"
    assert {"/livez", "/api/v1/actions", "/api/v1/components/{name}"} <= set(document["paths"])


def test_a_look_is_not_upset_by_what_others_do_in_its_midst(serve: Serve) -> None:
    class Pausing(Batch):
        """While it is counted, somebody else has a turn and puts in one more, as pre-emption may make it."""

        def __len__(self) -> int:
            if len(waiting) < 3:
                waiting.append(("out", Batch([1], ingest_ns=1)))
            return super().__len__()

    client = serve()
    client.act("pause", "onramp:main/in")
    waiting = client.deployment._made().parts["onramp:main/in"].intake.undelivered
    waiting.append(("out", Pausing([1], ingest_ns=1)))

    found = client.get("/api/v1/components/onramp:main/in").document

    assert found[0]["in_hand"] == 1
    waiting.clear()


def test_rates_are_what_changed_between_two_looks(serve: Serve) -> None:
    client = serve()
    put = client.deployment.onramp("in").put
    answered = gevent.event.Event()

    def feed_until_answered() -> None:
        # However long the question takes to arrive: events must come between the two looks.
        while not answered.is_set():
            put({"n": 1})
            gevent.idle()

    feeder = gevent.spawn(feed_until_answered)
    try:
        found = {each["name"]: each for each in client.get("/api/v1/rates?seconds=0.5").document}
    finally:
        answered.set()
        feeder.join(timeout=5.0)
    assert found["pipeline:main/count"]["events_in"] > 0
    assert found["pipeline:main/count"]["state"] == "running"
    assert found["onramp:main/in"]["events_out"] > 0


@pytest.mark.parametrize("seconds", ["0", "11", "nan", "soon"])
def test_rates_over_no_time_or_too_long_are_refused(serve: Serve, seconds: str) -> None:
    assert serve().get(f"/api/v1/rates?seconds={seconds}").status == 422
