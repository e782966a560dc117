"""Dead letters by the API: listed, shown, put back into the component that gave up, forgotten."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from actors.testing import wait_until
from supervisor.dead_letters import DeadLetterStore, Letter
from supervisor.deployment.replay import CannotReplay, Replayed, event_of

Serve = Callable[..., Any]

QUICK = {"initial": "1ms", "maximum": "1ms"}
WORK = """
from pathlib import Path

def work(event):
    if Path("broken").exists():
        raise ValueError(f"no {event['n']}")
    return event
"""


@pytest.fixture
def failing(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """A deployment whose pipeline fails while there is a file ``broken``, and that many letters of it."""
    monkeypatch.chdir(tmp_path)

    def start(letters: int, **flow: Any) -> Any:
        Path("working.py").write_text(WORK)
        client = serve(
            supervisor={"dead_letters": "letters.db", "restart": {"backoff": QUICK}},
            tables={
                "pipelines": {"work": {"python": "working:work"}},
                "flows": {"main": {"links": ["in -> work -> out"], **flow}},
            },
        )
        Path("broken").touch()
        for number in range(letters):
            client.deployment.onramp("in").put({"n": number})
        wait_until(lambda: client.deployment.account().dead_letters == letters)
        return client

    return start


def listed(client: Any, query: str = "") -> Any:
    answer = client.get(f"/api/v1/dead-letters{query}")
    assert answer.status == 200, answer.document
    return answer.document


def replay(client: Any, *ids: str, timeout: float = 10.0) -> Any:
    answer = client.ask("POST", "/api/v1/dead-letters/replay", {"ids": ids, "timeout": timeout})
    assert answer.status == 200, answer.document
    return answer.document


def test_they_are_listed_newest_last_and_from_an_id_on(failing: Any) -> None:
    client = failing(5)
    assert [letter["id"] for letter in listed(client)] == ["1", "2", "3", "4", "5"]
    assert [letter["error"] for letter in listed(client, "?limit=2")] == [
        "ValueError: no 3",
        "ValueError: no 4",
    ]
    assert [letter["id"] for letter in listed(client, "?after=1&limit=2")] == ["2", "3"]
    assert [letter["id"] for letter in listed(client, "?after=0&component=work&flow=main&limit=1")] == ["1"]
    assert listed(client, "?flow=other") == listed(client, "?component=nix") == []
    assert client.get("/api/v1/dead-letters?after=x").status == 404
    assert client.get("/api/v1/dead-letters?limit=0").status == 422


def test_one_is_shown_with_its_event(failing: Any) -> None:
    document = failing(1).get("/api/v1/dead-letters/1").document
    assert (document["value"], document["truncated"]) == ({"n": 0}, False)
    assert document["details"]["operator"]
    assert document["head"]["component"] == "pipeline:main/work"
    assert document["original"] == '{"n": 0}'


@pytest.mark.parametrize("id", ["2", "x", "main:1", "-1", "1e3", "9" * 30, "%00", "..", "0x1"])
def test_what_is_not_there_is_told(failing: Any, id: str) -> None:
    client = failing(1)
    assert client.get(f"/api/v1/dead-letters/{id}").status == 404
    assert client.ask("DELETE", f"/api/v1/dead-letters/{id}").status == 404
    assert len(listed(client)) == 1


def test_one_is_forgotten(failing: Any) -> None:
    client = failing(2)
    assert client.ask("DELETE", "/api/v1/dead-letters/1").status == 204
    assert client.ask("DELETE", "/api/v1/dead-letters/1").status == 404
    assert [letter["id"] for letter in listed(client)] == ["2"]


@pytest.mark.parametrize("guarantee", ["best-effort", "at-least-once"])
def test_what_is_replayed_arrives_is_forgotten_and_accounted_for(failing: Any, guarantee: str) -> None:
    client = failing(3, guarantee=guarantee)
    Path("broken").unlink()

    assert replay(client, "1", "3", "9") == {
        "delivered": ["1", "3"],
        "kept": {"9": "there is no dead letter '9'"},
    }

    assert [event["n"] for event in client.deployment.offramp("out").events] == [0, 2]
    assert [letter["id"] for letter in listed(client)] == ["2"]
    account = client.deployment.stop()
    assert (account.difference, account.lost, account.written) == (0, 0, 2)


def test_what_fails_again_is_a_letter_again(failing: Any) -> None:
    client = failing(1)
    assert replay(client, "1") == {"delivered": ["1"], "kept": {}}
    assert [letter["id"] for letter in listed(client)] == ["2"]
    assert client.deployment.account().difference == 0


def test_what_is_not_delivered_in_time_is_kept(failing: Any) -> None:
    client = failing(1)
    Path("broken").unlink()
    client.act("pause", "main/out")
    assert replay(client, "1", timeout=0.1)["kept"] == {"1": "it is under way, and was not delivered in time"}
    assert len(listed(client)) == 1
    client.act("resume", "main")
    wait_until(lambda: len(client.deployment.offramp("out").events) == 1)


def test_a_full_mailbox_takes_no_letter_and_nothing_is_counted(failing: Any) -> None:
    client = failing(1)
    client.act("pause", "main/work")
    for number in range(1200):
        client.deployment.onramp("in").put({"n": number})
    wait_until(lambda: client.deployment.snapshot().component("pipeline:main/work").waiting >= 1024)
    assert "1" in replay(client, "1", timeout=0.1)["kept"]
    Path("broken").unlink()
    client.act("resume", "main")
    account = client.deployment.stop()
    assert (account.difference, account.written) == (0, 1200)


def test_a_letter_of_a_component_that_is_gone_is_kept(failing: Any) -> None:
    client = failing(0)
    add(Letter(1, "main", "pipeline:main/old", "r", "e", "", b"{}", "{}"))
    assert replay(client, "1")["kept"] == {
        "1": "there is no component pipeline:main/old now, or it did not answer"
    }


def add(*letters: Letter) -> None:
    store = DeadLetterStore(Path("letters.db"))
    store.add(letters)
    store.close()


def test_an_offramps_letters_go_to_the_offramp(failing: Any) -> None:
    client = failing(0)
    details = {"error": "refused", "component": "offramp:main/out", "event": {"n": 7}}
    add(Letter(1, "main", "offramp:main/out", "r", "refused", "", b"", json.dumps(details)))
    assert replay(client, "1")["delivered"] == ["1"]
    assert list(client.deployment.offramp("out").events) == [{"n": 7}]


def test_bytes_that_an_onramp_could_not_decode_are_decoded_again(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("in.jsonl").write_text('{"n": 1}\nno json\n')
    client = serve(
        supervisor={"dead_letters": "letters.db"},
        tables={
            "onramps": {
                "in": {"type": "file", "path": "in.jsonl", "codec": "json", "preprocessors": ["lines"]},
                "idle": {"type": "memory"},
            },
            "flows": {"main": {"links": ["in -> count -> out", "idle -> count"]}},
        },
    )
    wait_until(lambda: client.deployment.account().dead_letters == 1)
    # It has come to its end, and its actor is gone.
    assert replay(client, "1")["kept"] == {"1": "onramp:main/in does not run now"}


def test_a_living_onramp_reads_its_letters_again(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    client = serve(
        supervisor={"dead_letters": "letters.db"},
        tables={
            "onramps": {
                "in": {"type": "tcp", "address": "127.0.0.1:0", "codec": "json", "preprocessors": ["lines"]}
            }
        },
    )
    name = "onramp:main/in"
    whole = {"error": "e", "kind": "decode", "component": name, "data": '{"n": 1}'}
    stream = {"error": "e", "kind": "frame", "component": name, "data": '{"n": 2}\n{"n": 3}\n'}
    bad = {"error": "e", "kind": "decode", "component": name, "data": "no json"}
    cut = {"error": "e", "kind": "decode", "component": name, "data": "x", "data_bytes": 100_000}
    add(*(
        Letter(1, "main", name, "r", "e", "", each["data"].encode(), json.dumps(each))
        for each in (whole, stream, bad, cut)
    ))  # fmt: skip
    assert replay(client, "1", "2", "3", "4") == {
        "delivered": ["1", "2", "3"],
        "kept": {"4": "only the beginning of its bytes is kept"},
    }
    events = [event["event"]["n"] for event in client.deployment.offramp("out").events]
    assert events == [1, 2, 3]
    # The bad one is a letter again.
    assert [letter["id"] for letter in listed(client)] == ["4", "5"]
    account = client.deployment.stop()
    assert (account.difference, account.written) == (0, 3)


def test_letters_of_files_of_several_flows_are_told_apart(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    client = serve(
        supervisor={"dead_letters": "letters.db"},
        tables={
            "onramps": {"in": {"type": "memory"}, "in2": {"type": "memory"}},
            "flows": {
                "main": {"links": ["in -> count -> out"]},
                "own": {"links": ["in2 -> count -> out"], "dead_letters": "own.db"},
            },
        },
    )
    add(Letter(5, "main", "c", "r", "e", "", b"1", "1"), Letter(9, "main", "c", "r", "e", "", b"3", "3"))
    store = DeadLetterStore(Path("own.db"))
    store.add([Letter(7, "own", "c", "r", "e", "", b"2", "2")])
    store.close()
    assert [letter["id"] for letter in listed(client)] == ["1", "own:1", "2"]
    assert [letter["id"] for letter in listed(client, "?limit=2")] == ["own:1", "2"]
    assert [letter["id"] for letter in listed(client, "?after=1")] == ["2", "own:1"]
    assert client.get("/api/v1/dead-letters/own:1").document["value"] == 2
    assert client.ask("DELETE", "/api/v1/dead-letters/own:1").status == 204


def test_where_nothing_keeps_dead_letters_there_are_none(serve: Serve) -> None:
    client = serve()
    assert listed(client) == []
    assert client.get("/api/v1/dead-letters/1").status == 404


def test_what_is_too_large_or_no_json_is_shown_cut(failing: Any) -> None:
    client = failing(0)
    add(
        Letter(1, "main", "c", "r", "e" * 9000, "", b"x" * 100_000, json.dumps("x" * 100_000)),
        Letter(1, "main", "c", "r", "e", "", b"\xff", "NaN"),
        Letter(1, "main", "c", "r", "e", "", b"", "[" * 900 + "]" * 900),
        Letter(1, "main", "c", "r", "e", "", b"", '"\\ud800"'),
        Letter(2**63 - 1, "main", "c", "r", "e", "", b"", "no json"),
    )
    assert len(listed(client)[0]["error"]) == 2000
    documents = [client.get(f"/api/v1/dead-letters/{number}").document for number in range(1, 6)]
    assert [document["truncated"] for document in documents] == [True, False, True, True, True]
    assert len(documents[0]["original"]) == 65536
    assert (documents[1]["original"], documents[1]["value"]) == ("\\xff", "NaN")


def test_a_file_that_somebody_holds_is_told(failing: Any) -> None:
    client = failing(1)
    holder = sqlite3.connect("letters.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        assert client.ask("DELETE", "/api/v1/dead-letters/1").status == 503
        Path("broken").unlink()
        kept = replay(client, "1")["kept"]
    finally:
        holder.close()
    assert kept["1"].startswith("it is delivered, but could not be removed")


def test_nothing_is_replayed_or_forgotten_in_read_only_mode(serve: Serve) -> None:
    client = serve(read_only=True)
    assert client.ask("DELETE", "/api/v1/dead-letters/1").status == 403
    assert client.ask("POST", "/api/v1/dead-letters/replay", {"ids": ["1"]}).status == 403


def test_nothing_is_replayed_while_it_stops(failing: Any) -> None:
    client = failing(1)
    client.deployment._stopping = True
    answer = client.ask("POST", "/api/v1/dead-letters/replay", {"ids": ["1"]})
    assert (answer.status, answer.document["detail"]) == (409, "the deployment is stopping")


@pytest.mark.parametrize(
    ("details", "event"),
    [
        ({"error": "e", "component": "a", "event": {"n": 1}}, {"n": 1}),
        (
            {"error": "e", "component": "b", "event": {"n": 1}},
            {"error": "e", "component": "b", "event": {"n": 1}},
        ),
        ({"n": 1}, {"n": 1}),
        (repr(b"raw"), b"raw"),
        ("raw", "raw"),
    ],
)
def test_the_event_is_what_the_component_got(details: Any, event: Any) -> None:
    assert event_of(Replayed("1", "a", "", b"raw", json.dumps(details))) == event


@pytest.mark.parametrize("details", ["no json", '{"error": "e", "component": "a", "event_repr": "x"}'])
def test_an_event_that_is_known_as_text_only_cannot_be_replayed(details: str) -> None:
    with pytest.raises(CannotReplay, match="as text only"):
        event_of(Replayed("1", "a", "", b"", details))
