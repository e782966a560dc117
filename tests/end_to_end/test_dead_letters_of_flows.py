"""Where what a flow cannot process goes: its own file, an offramp, and what happens when there is no room."""

from __future__ import annotations

import json
import logging
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from gevent.pool import Pool
from gevent.pywsgi import WSGIServer

from actors.testing import wait_until
from supervisor import Deployment
from supervisor.cli import main
from supervisor.dead_letters import DeadLetterStore, Letter
from supervisor.deployment.problem import InvalidDeployment
from supervisor.deployment.running import plan_source

Deploy = Callable[..., Deployment]
Flow = Callable[..., dict[str, Any]]

QUICK = {"initial": "1ms", "maximum": "5ms"}
PATIENT = {"backoff": QUICK, "max_restarts": 1000}
POISON = """
def work(event):
    if event["n"] == 2:
        raise BaseException("poison")
    return {"n": 1 // (event["n"] - 3)}
"""


@pytest.fixture
def poisoned(flow: Flow) -> Callable[..., dict[str, Any]]:
    """A flow whose pipeline dies of the event 2, and cannot work on 3."""

    def tables(**changes: Any) -> dict[str, Any]:
        Path("poison.py").write_text(POISON)
        whole = flow(
            "in -> work -> out",
            pipelines={"work": {"python": "poison:work", "poison_after": 2}},
            offramps={"errors": {"type": "memory"}},
            flow={"guarantee": "at-least-once", "restart": PATIENT, **changes},
        )
        whole["onramps"]["in"] |= {"batch_max": 1, "retry": QUICK}
        return whole

    return tables


def letters(path: str) -> list[Letter]:
    store = DeadLetterStore(Path(path), must_exist=True)
    found = [stored.letter for stored in store.find()]
    store.close()
    return found


def put(deployment: Deployment, *numbers: int) -> list[int]:
    """Put events; the numbers of those that are delivered appear in the result."""
    delivered: list[int] = []
    for number in numbers:
        deployment.onramp("in").put(
            {"n": number}, on_delivered=lambda number=number: delivered.append(number)
        )
    return delivered


def test_a_flow_may_keep_its_dead_letters_in_a_file_of_its_own(
    deploy: Deploy, poisoned: Callable[..., dict[str, Any]]
) -> None:
    tables = poisoned(dead_letters="own.db")
    tables["supervisor"] = {"dead_letters": "all.db"}
    deployment = deploy(tables)
    delivered = put(deployment, 1, 2, 3, 4)
    wait_until(lambda: sorted(delivered) == [1, 2, 3, 4])
    account = deployment.stop()
    assert (account.dead_letters, account.kept, account.lost) == (2, 2, 0)
    assert letters("all.db") == []
    poison, failed = letters("own.db")
    assert (poison.original, poison.attempts, poison.error) == (b'{"n": 2}', 2, "BaseException: poison")
    assert poison.reason == "it crashed the actor 2 times"
    assert 0 < poison.first_ns <= poison.time_ns
    assert (failed.original, failed.attempts, failed.flow) == (b'{"n": 3}', 1, "main")


def test_a_flow_may_send_its_dead_letters_to_an_offramp(
    deploy: Deploy, poisoned: Callable[..., dict[str, Any]]
) -> None:
    deployment = deploy(poisoned(dead_letters={"offramp": "errors"}))
    delivered = put(deployment, 1, 2, 3, 4)
    wait_until(lambda: sorted(delivered) == [1, 2, 3, 4])
    events = {event["event"]["n"]: event for event in deployment.offramp("errors").wait_for(2)}
    assert events[2] == {
        "error": "BaseException: poison",
        "kind": "dead letter",
        "reason": "it crashed the actor 2 times",
        "component": "pipeline:main/work",
        "attempts": 2,
        "event": {"n": 2},
    }
    assert events[3]["error"].startswith("ZeroDivisionError")
    account = deployment.stop()
    assert (account.written, account.kept, account.lost, account.difference) == (4, 1, 0, 0)


def test_what_the_offramp_for_dead_letters_dies_of_itself_is_no_letter_to_it(
    deploy: Deploy, flow: Flow
) -> None:
    tables = flow(
        "in -> out",
        offramps={"errors": {"type": "memory", "poison_after": 1}},
        flow={"dead_letters": {"offramp": "errors"}, "restart": PATIENT},
    )
    tables["offramps"]["out"]["poison_after"] = 1
    tables["supervisor"] = {"dead_letters": "all.db"}
    deployment = deploy(tables)

    def crash(outgoing: Any) -> None:
        raise ZeroDivisionError("poison")

    deployment.offramp("out").write = deployment.offramp("errors").write = crash
    deployment.onramp("in").put("event")
    wait_until(lambda: deployment.account().kept == 2)
    assert [letter.component for letter in letters("all.db")] == ["offramp:main/errors"]
    account = deployment.stop()
    assert (account.dead_letters, account.lost, account.difference) == (2, 0, 0)


def test_a_store_that_is_full_fails_what_comes_says_so_once_and_goes_on_when_there_is_room(
    deploy: Deploy, poisoned: Callable[..., dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    tables = poisoned(dead_letters="own.db")
    tables["supervisor"] = {"dead_letters_max": 1}
    caplog.set_level(logging.INFO)
    deployment = deploy(tables)
    fits = put(deployment, 3)
    wait_until(lambda: fits == [3])
    delivered = put(deployment, 3, 1)
    out = deployment.offramp("out")

    def refusals() -> list[logging.LogRecord]:
        return [record for record in caplog.records if "cannot be stored" in record.getMessage()]

    # Its source sends it again and again, together with what came behind it.
    wait_until(lambda: out.received >= 3)
    assert delivered == []
    assert len([record for record in refusals() if record.levelno >= logging.ERROR]) == 1
    result = CliRunner().invoke(main, ["dead-letters", "purge", "own.db", "--all"])
    assert result.stdout == "1 forgotten\n"
    wait_until(lambda: sorted(delivered) == [1, 3])
    assert len(letters("own.db")) == 1
    assert any("stored again" in record.getMessage() for record in caplog.records)
    account = deployment.stop()
    # Each time that it was sent again it was a dead letter again, and only twice one that was kept.
    assert account.kept == 2


def test_a_store_that_has_room_does_not_make_a_full_one_say_so_again(
    deploy: Deploy, poisoned: Callable[..., dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    """Regression: each letter that another flow could keep let the full one fill the log anew."""
    tables = poisoned(dead_letters="full.db")
    tables["supervisor"] = {"dead_letters_max": 1}
    tables["onramps"]["also"] = tables["onramps"]["in"]
    tables["offramps"]["elsewhere"] = {"type": "memory"}
    tables["flows"]["other"] = tables["flows"]["main"] | {
        "links": ["also -> work -> elsewhere"],
        "dead_letters": "roomy.db",
    }
    caplog.set_level(logging.INFO)
    deployment = deploy(tables)
    fits = put(deployment, 3)
    wait_until(lambda: fits == [3])
    put(deployment, 3, 1)
    out = deployment.offramp("out")
    wait_until(lambda: out.received >= 3)
    deployment.onramp("also").put({"n": 3})
    wait_until(lambda: len(letters("roomy.db")) == 1)
    before = out.received
    wait_until(lambda: out.received >= before + 3)
    deployment.stop()
    told = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert len([text for text in told if "cannot be stored" in text]) == 1
    assert not any("stored again" in record.getMessage() for record in caplog.records)


def test_dead_letters_of_each_copy_of_a_flow_go_to_its_own_offramp(deploy: Deploy, flow: Flow) -> None:
    tables = flow(
        "in -> work -> out",
        pipelines={"work": {"script": "let event.n = event.n + 1; event"}},
        offramps={"errors": {"type": "memory"}},
        flow={"dead_letters": {"offramp": "errors"}, "instances": 2},
    )
    deployment = deploy(tables)
    for instance in (1, 2):
        deployment.onramp("in", instance).put({"x": instance})
    for instance in (1, 2):
        (event,) = deployment.offramp("errors", instance).wait_for(1)
        assert event["event"] == {"x": instance}


@pytest.mark.parametrize("name", ["out2", "in"])
def test_an_offramp_for_dead_letters_that_is_none_is_refused(flow: Flow, name: str) -> None:
    with pytest.raises(InvalidDeployment) as caught:
        plan_source(flow("in -> out", flow={"dead_letters": {"offramp": name}}))
    assert f"there is no offramp called `{name}` for its dead letters" in str(caught.value)


def test_links_that_are_written_stay_and_no_circle_comes_of_the_others(flow: Flow) -> None:
    tables = flow(
        "in -> out",
        "in/err -> other",
        "errors/err -> last",
        offramps={name: {"type": "memory"} for name in ("errors", "other", "last")},
        flow={"dead_letters": {"offramp": "errors"}},
    )
    (plan,) = plan_source(tables).flows
    errors = {
        component.id.name: [link.target.name for link in component.targets("err")]
        for component in plan.components()
    }
    assert errors == {"in": ["other"], "out": ["errors"], "other": ["errors"], "errors": ["last"], "last": []}


# --- the command -----------------------------------------------------------------------------------------------------


def command(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["dead-letters", *arguments])


@pytest.fixture
def five() -> str:
    """A store of five letters, an hour between each and the next, from 2026-01-01T00:00Z on."""
    start = 1_767_225_600_000_000_000
    store = DeadLetterStore(Path("five.db"))
    store.add(
        [
            Letter(
                time_ns=start + number * 3600 * 10**9,
                flow="main" if number % 2 else "other",
                component="pipeline:main/work",
                reason="a reason",
                error="an error",
                origin="test",
                original=b'{"n": %d}' % number,
                details=json.dumps({"error": "an error", "event": {"n": number}}),
                attempts=number,
                first_ns=start,
            )
            for number in range(1, 6)
        ]
    )
    store.close()
    return "five.db"


def test_letters_are_chosen_by_when_they_were_given_up(five: str) -> None:
    arguments = ("--since", "2026-01-01T02:00", "--before", "2026-01-01T06:00+01:00")
    report = json.loads(command("list", five, "--json", *arguments).stdout)
    assert (report["total"], [each["attempts"] for each in report["letters"]]) == (3, [2, 3, 4])
    assert report["letters"][0]["first_time"] == "2026-01-01T00:00:00.000+00:00"
    assert json.loads(command("list", five, "--json", "--since", "1h").stdout)["total"] == 0
    assert command("list", five, "--since", "soon").exit_code == 2
    assert json.loads(command("purge", five, "--json", "--before", "2026-01-01T02:30").stdout) == {
        "purged": 2
    }


def test_a_moment_beyond_what_sqlite_can_count_chooses_all_letters_before_it(five: str) -> None:
    """Regression: a traceback."""
    result = CliRunner().invoke(main, ["dead-letters", "list", five, "--before", "9999-12-31", "--json"])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["total"] == 5


def test_what_is_shown_has_the_value_and_the_attempts(five: str) -> None:
    shown = json.loads(command("show", five, "3").stdout)
    assert (shown["value"], shown["attempts"], shown["original"]) == ({"n": 3}, 3, '{"n": 3}')


@pytest.fixture
def http_answers() -> Iterator[Callable[[dict[bytes, str]], str]]:
    """A server that answers each body with the status that is given for it, all others with 200; its URL."""
    with ExitStack() as stack:

        def start(answers: dict[bytes, str]) -> str:
            def answer(environ: Any, start_response: Any) -> list[bytes]:
                status = answers.get(environ["wsgi.input"].read(), "200 OK")
                start_response(status, [("Content-Length", "0")])
                return []

            pool = Pool(10)
            server = WSGIServer(("127.0.0.1", 0), answer, log=None, error_log=None, spawn=pool)
            server.start()
            stack.callback(pool.kill)
            stack.callback(server.stop, timeout=0)
            return f"http://127.0.0.1:{server.server_port}/"

        yield start


def receiver(flow: Flow, **changes: Any) -> dict[str, Any]:
    http = {"type": "http", "address": "127.0.0.1:0"}
    return flow(
        "web -> out",
        onramps={"web": http},
        flow={"guarantee": "at-least-once", "dead_letters": "receiver.db", **changes},
    )


def test_a_replay_to_a_flow_that_promises_forgets_what_has_arrived(
    deploy: Deploy, flow: Flow, five: str
) -> None:
    deployment = deploy(receiver(flow))
    url = f"http://{deployment.addresses()['onramp:main/web']}/"
    result = command("replay", five, "--to", url, "--flow", "main", "--delete")
    assert result.exit_code == 0, result.output
    assert "3 of 3 delivered, 3 forgotten" in result.stderr
    assert [event["n"] for event in deployment.offramp("out").events] == [1, 3, 5]
    assert [letter.attempts for letter in letters(five)] == [2, 4]


def test_a_replay_keeps_what_is_refused_and_what_it_did_not_come_to(
    http_answers: Callable[[dict[bytes, str]], str], five: str
) -> None:
    url = http_answers({b'{"n": 2}': "400 Bad", b'{"n": 4}': "503 Later"})
    result = command("replay", five, "--to", url, "--delete", "--json")
    assert result.exit_code == 6
    report = json.loads(result.stdout)
    assert {key: report[key] for key in ("chosen", "delivered", "refused", "deleted", "broken_off")} == {
        "chosen": 5,
        "delivered": 2,
        "refused": 1,
        "deleted": 2,
        "broken_off": True,
    }
    assert "503" in report["error"]
    assert [letter.attempts for letter in letters(five)] == [2, 4, 5]


def test_a_replay_to_nobody_forgets_nothing(five: str) -> None:
    result = command("replay", five, "--to", "http://127.0.0.1:1/", "--delete")
    assert result.exit_code == 6
    assert "cannot connect" in result.stderr
    assert "Traceback" not in result.output
    assert len(letters(five)) == 5
    assert command("replay", five, "--to", "nonsense").exit_code == 2


def test_a_file_that_somebody_holds_is_told_in_a_line(five: str) -> None:
    with closing(sqlite3.connect(five, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        result = command("purge", five, "--all")
        holder.execute("ROLLBACK")
    assert (result.exit_code, "try again" in result.stderr) == (2, True)
    assert len(letters(five)) == 5


def test_a_reader_that_goes_away_costs_no_letter(five: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "supervisor", "dead-letters", "replay", str(Path(five).resolve()), "--delete"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        errors = process.stderr.read().decode()
        assert process.wait(30) == 141
    assert errors == ""
    assert len(letters(five)) == 5
