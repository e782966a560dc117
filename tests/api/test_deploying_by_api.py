"""Other deployments over HTTP: checked, compared, applied; flows added and removed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent
import pytest

from tests.api.conftest import Client, Response

Serve = Callable[..., Client]

NEW = """
[supervisor]
api = {{ address = "127.0.0.1:0"{more} }}
[onramps.in]
type = "memory"
[pipelines.count]
operators = [{{ type = "set", fields = {{ x = 1 }} }}]
[offramps.out]
type = "memory"
[flows.main]
links = ["in -> count -> out"]
"""

MORE = """
[onramps.second]
type = "memory"
[flows.more]
links = ["second -> out"]
[offramps.out]
type = "memory"
"""


def send(client: Client, method: str, path: str, text: str, **headers: str) -> Response:
    return client.ask(method, path, text.encode(), {"Content-Type": "application/toml", **headers})


def new(**api: Any) -> str:
    return NEW.format(more="".join(f', {key} = "{value}"' for key, value in api.items()))


def test_a_deployment_is_replaced_and_what_did_not_change_runs_on(serve: Serve) -> None:
    client = serve()
    onramp = client.deployment.onramp("in")
    answer = send(client, "PUT", "/api/v1/deployment", new())
    assert answer.status == 200, answer.body
    changes = {change["name"]: change["change"] for change in answer.document["components"]}
    assert changes == {
        "offramp:main/out": "stays",
        "pipeline:main/count": "changes",
        "onramp:main/in": "stays",
    }
    assert client.deployment.onramp("in") is onramp
    onramp.put({"n": 1})
    assert client.deployment.offramp("out").wait_for(1) == [{"n": 1, "x": 1}]


def test_a_python_module_that_has_changed_is_imported_anew(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    module = Path("stepping.py")
    module.write_text("def step(event):\n    return 1\n")
    client = serve(tables={"pipelines": {"count": {"python": "stepping:step"}}})
    module.write_text("def step(event):\n    return 2\n")
    answer = send(client, "PUT", "/api/v1/deployment", client.deployment.plan.text)
    assert answer.status == 200, answer.body
    client.deployment.onramp("in").put(0)
    assert client.deployment.offramp("out").wait_for(1) == [2]


def test_flows_that_are_added_at_the_same_time_are_all_there(serve: Serve) -> None:
    client = serve()
    texts = [MORE.replace("second", name).replace("more", name) for name in ("a", "b", "c")]
    adding = [gevent.spawn(send, client, "POST", "/api/v1/flows", text) for text in texts]
    assert [each.get(timeout=10.0).status for each in adding] == [200, 200, 200]
    assert {flow.name for flow in client.deployment.plan.flows} == {"main", "a", "b", "c"}


def test_a_plan_says_what_would_change_and_changes_nothing(serve: Serve) -> None:
    client = serve()
    before = client.deployment.plan
    answer = send(client, "POST", "/api/v1/deployment/plan", new())
    assert (answer.status, answer.document["same"]) == (200, False)
    assert client.deployment.plan is before


def test_validation_names_line_and_column(serve: Serve) -> None:
    client = serve()
    good = send(client, "POST", "/api/v1/deployment/validate", new())
    assert good.document == {"ok": True, "problems": []}
    bad = send(client, "POST", "/api/v1/deployment/validate", new().replace("set", "sett"))
    assert bad.document["ok"] is False
    problem = bad.document["problems"][0]
    assert (problem["code"], problem["line"]) == ("unknown-operator", 7)


def test_a_deployment_with_errors_is_a_problem_that_names_them_all(serve: Serve) -> None:
    client = serve()
    answer = send(client, "PUT", "/api/v1/deployment", "[flows.main]\nlinks = ['a -> b']\n")
    assert answer.status == 422
    assert answer.document["type"] == "urn:aftershock:problem:invalid-deployment"
    assert {found["code"] for found in answer.document["problems"]} == {"unknown-component"}


def test_what_needs_a_restart_is_refused(serve: Serve) -> None:
    client = serve()
    answer = send(client, "PUT", "/api/v1/deployment", new(max_body="2MiB"))
    assert answer.status == 409
    assert "`api` of [supervisor] differs" in answer.document["detail"]


def test_what_cannot_start_is_told_and_the_old_one_goes_on(serve: Serve) -> None:
    client = serve()
    busy = (
        new()
        + f'[onramps.net]\ntype = "tcp"\naddress = "{client.address}"\n[flows.net]\nlinks = ["net -> out"]\n'
    )
    answer = send(client, "PUT", "/api/v1/deployment", busy)
    assert answer.status == 409
    assert "everything is as it was: onramp:net/net did not start" in answer.document["detail"]
    client.deployment.onramp("in").put(1)
    assert client.deployment.offramp("out").wait_for(1) == [{"count": 1, "event": 1}]


def test_a_flow_is_added_and_removed(serve: Serve) -> None:
    client = serve()
    added = send(client, "POST", "/api/v1/flows", MORE)
    assert added.status == 200, added.body
    client.deployment.onramp("second").put("hello")
    assert {each["name"] for each in client.get("/api/v1/flows").document} == {"main", "more"}
    removed = client.ask("DELETE", "/api/v1/flows/more")
    assert removed.status == 200, removed.body
    assert "onramps.second" not in client.deployment.plan.text
    assert {each["flow"] for each in client.get("/api/v1/components").document} == {"main"}
    assert client.deployment.account().written == 1


def test_what_is_added_must_not_contradict_what_there_is(serve: Serve) -> None:
    client = serve()
    answer = send(
        client,
        "POST",
        "/api/v1/flows",
        MORE.replace('[offramps.out]\ntype = "memory"', "[offramps.out]\ntype = 'stdout'"),
    )
    assert answer.status == 422
    assert [(found["code"], found["line"]) for found in answer.document["problems"]] == [("exists", 6)]
    other = send(client, "POST", "/api/v1/flows", "[supervisor]\nexecutors = 3\n")
    assert {found["code"] for found in other.document["problems"]} == {"not-added", "no-flows"}


def test_a_mistake_in_what_is_added_is_shown_in_its_own_lines(serve: Serve) -> None:
    answer = send(serve(), "POST", "/api/v1/flows", MORE.replace("second -> out", "second -> nowhere"))
    assert [(found["code"], found["line"]) for found in answer.document["problems"]][-1] == (
        "unknown-component",
        5,
    )


def test_the_last_flow_and_an_unknown_one_cannot_be_removed(serve: Serve) -> None:
    client = serve()
    assert client.ask("DELETE", "/api/v1/flows/main").status == 409
    unknown = client.ask("DELETE", "/api/v1/flows/mian")
    assert (unknown.status, "main" in unknown.document["detail"]) == (404, True)


def test_only_toml_is_taken_and_nothing_in_read_only_mode(serve: Serve) -> None:
    client = serve(read_only=True)
    assert client.ask("PUT", "/api/v1/deployment", {"flows": {}}).status == 403
    writable = serve()
    assert writable.ask("PUT", "/api/v1/deployment", {"flows": {}}).status == 415
    broken = writable.ask("PUT", "/api/v1/deployment", b"\xff", {"Content-Type": "application/toml"})
    assert broken.status == 400
    assert send(writable, "PUT", "/api/v1/deployment", "= nonsense").status == 422
