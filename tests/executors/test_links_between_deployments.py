"""Parts of one plan in several deployments, over real sockets: everything arrives, and is counted once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from actors.testing import wait_until
from ramps.errors import ConnectionLost, Rejected
from ramps.offramp import Outgoing

from .parts import (
    Parts,
    Scripted,
    dealt_from_memory,
    frames,
    from_one_file,
    lines,
    numbers_in,
    put,
    to_one_file,
    wait_for_lines,
    wait_until_linked,
)


def test_what_two_executors_write_to_one_file_arrives_and_is_counted_once(
    run: Callable[..., Parts], directory: Path
) -> None:
    parts = run(to_one_file())
    put(parts, 1, range(500))
    put(parts, 2, range(500, 1000))
    wait_for_lines(directory, 1000)
    account = parts.stop()
    found = [event["n"] for event in lines(directory)]
    assert [n for n in found if n < 500] == list(range(500))
    assert [n for n in found if n >= 500] == list(range(500, 1000))
    assert (account.equation(), account.passed_on) == ("1,000 in = 1,000 written", 0)
    for each in parts.accounts.values():
        assert each.difference == 0
    assert "500 passed on to other executors" in parts.accounts[2].equation()
    (out,) = [component for component in account.components if component.name == "offramp:main/out"]
    assert (out.received, out.written) == (1000, 1000)
    assert out.written_bytes == (directory / "out.jsonl").stat().st_size


def test_a_file_is_dealt_to_copies_in_two_executors_and_the_run_ends_by_itself(
    run: Callable[..., Parts], directory: Path
) -> None:
    (directory / "in.txt").write_text("".join(f'{{"n":{n}}}\n' for n in range(5000)))
    parts = run(from_one_file())
    parts.wait()
    account = parts.stop()
    assert sorted(event["n"] for event in lines(directory)) == list(range(5000))
    assert (account.equation(), account.passed_on) == ("5,000 in = 5,000 written", 0)
    for each in parts.accounts.values():
        assert each.difference == 0


def test_all_copies_in_all_executors_get_their_share_and_each_keeps_the_order(
    run: Callable[..., Parts], directory: Path
) -> None:
    parts = run(dealt_from_memory(), 3)
    wait_until_linked(parts)
    parts[1].onramp("in").put_all(frames(range(2000)))
    wait_for_lines(directory, 2000)
    account = parts.stop()
    assert sorted(numbers_in(directory)) == list(range(2000))
    assert account.equation() == "2,000 in = 2,000 written"
    received = {c.name: c.received for c in account.components}
    shares = [received[f"pipeline:main#{number}/work"] for number in range(1, 5)]
    assert min(shares) > 100, shares


def test_bad_lines_leave_by_err_wherever_they_are_decoded(run: Callable[..., Parts], directory: Path) -> None:
    good = "".join(f'{{"n":{n}}}\n{{bad\n' for n in range(300))
    (directory / "in.txt").write_text(good + '{"n": "no newline"}')
    tables = from_one_file(shared=["in", "out", "bad"])
    tables["offramps"]["bad"] = {"type": "file", "path": "bad.jsonl"}
    tables["flows"]["main"]["links"].append("in/err -> bad")
    parts = run(tables)
    parts.wait()
    account = parts.stop()
    assert len(lines(directory)) == 301
    bad = lines(directory, "bad.jsonl")
    assert [event["data"] for event in bad] == ["{bad"] * 300
    assert {event["component"] for event in bad} == {"onramp:main/in.frames"}
    assert account.equation() == "601 in = 601 written; 300 of them went by err"


def test_frames_without_an_event_are_counted_as_dropped_by_the_codec(
    run: Callable[..., Parts], directory: Path
) -> None:
    (directory / "in.txt").write_text("# comment\nm v=1i 1\n" * 50)
    parts = run(from_one_file(codec="influx"))
    parts.wait()
    account = parts.stop()
    assert len(lines(directory)) == 50
    assert account.difference == 0
    assert account.equation() in ("50 in = 50 written", "100 in = 50 written + 50 filtered")


def test_a_codec_that_reads_a_header_decodes_where_the_file_is_read(
    run: Callable[..., Parts], directory: Path
) -> None:
    (directory / "in.txt").write_text("name,age\r\n" + "".join(f"x,{n}\r\n" for n in range(400)))
    parts = run(from_one_file(codec="csv"))
    parts.wait()
    account = parts.stop()
    assert sorted(int(event["age"]) for event in lines(directory)) == list(range(400))
    assert account.equation() == "400 in = 400 written"


def test_ticks_are_dealt_as_values(run: Callable[..., Parts], directory: Path) -> None:
    tables = from_one_file()
    tables["onramps"]["in"] = {"type": "metronome", "interval": "1ms"}
    parts = run(tables)
    wait_for_lines(directory, 20)
    account = parts.stop()
    assert account.lost == account.difference == 0
    assert account.written == len(lines(directory))
    assert {event["id"] for event in lines(directory)} == set(range(account.written))


def test_an_event_for_the_exit_offramp_crosses_as_a_value_and_stops_its_owner(
    run: Callable[..., Parts],
) -> None:
    tables = to_one_file()
    tables["offramps"]["out"] = {"type": "exit"}
    tables["flows"]["main"]["links"] = ["in -> out", "out/err -> hole"]
    tables["offramps"]["hole"] = {"type": "memory"}
    tables["flows"]["main"]["shared"] = ["out", "hole"]
    tables["pipelines"] = {}
    parts = run(tables)
    parts[2].onramp("in").put("not an order")
    # `hole` is single too: executor 1 has it.
    (event,) = parts[1].offramp("hole").wait_for(1)
    assert event["event"] == "not an order"
    assert "the event has no exit code" in event["error"]
    parts[2].onramp("in").put({"exit": 7})
    outcome = parts[1].wait(5.0)
    assert outcome is not None
    assert outcome.exit_code == 7
    account = parts.stop()
    assert account.equation() == "2 in = 2 written; 1 of them went by err"


def test_refused_events_come_back_to_the_sender_which_reports_them_with_their_values(
    run: Callable[..., Parts], scripted: type[Scripted]
) -> None:
    tables = to_one_file()
    tables["offramps"]["errors"] = {"type": "memory"}
    tables["flows"]["main"]["links"].append("out/err -> errors")
    tables["flows"]["main"]["shared"].append("errors")

    def refuse(outgoing: Outgoing) -> None:
        raise Rejected("not these", [1, 2])

    parts = run(tables)
    scripted.script.append(refuse)
    put(parts, 2, range(3))
    wait_until(lambda: parts[1].offramp("errors").received == 2)
    seen = list(parts[1].offramp("errors").events)
    assert [event["event"] for event in seen] == [{"n": 1}, {"n": 2}]
    assert {event["error"] for event in seen} == {"not these"}
    assert {event["component"] for event in seen} == {"offramp:main/out"}
    account = parts.stop()
    assert account.difference == 0
    assert account.lost == 0


def test_what_the_owner_gives_up_of_a_batch_comes_back_with_what_was_refused_before(
    run: Callable[..., Parts], scripted: type[Scripted]
) -> None:
    tables = to_one_file()
    tables["offramps"]["out"]["give_up"] = {"attempts": 1}
    tables["offramps"]["errors"] = {"type": "memory"}
    tables["flows"]["main"]["links"].append("out/err -> errors")
    tables["flows"]["main"]["shared"].append("errors")

    def take_some(outgoing: Outgoing) -> None:
        outgoing.taken.add(0)
        outgoing.refusals[1] = "not this one"
        raise ConnectionLost("not now")

    parts = run(tables)
    scripted.script.append(take_some)
    put(parts, 2, range(3))
    wait_until(lambda: parts[1].offramp("errors").received == 2)
    assert [event["event"] for event in parts[1].offramp("errors").events] == [{"n": 1}, {"n": 2}]
    account = parts.stop()
    assert (account.difference, account.lost) == (0, 0)


def test_acknowledgements_cross_with_the_time_that_the_write_took(
    run: Callable[..., Parts], directory: Path
) -> None:
    tables = to_one_file()
    tables["pipelines"]["work"] = {"operators": [{"type": "backpressure", "timeout": "10s"}]}
    parts = run(tables)
    heard: list[Any] = []
    part = parts[2]._parts()["pipeline:main#2/work"]
    operator = part.pipeline._listening[0][2]
    told = operator.on_insight
    operator.on_insight = lambda insight, *rest: (heard.append(insight), told(insight, *rest))[1]
    put(parts, 2, range(10))
    wait_for_lines(directory, 10)
    wait_until(lambda: heard)
    assert heard[0].kind.value == "ack"
    assert heard[0].elapsed_seconds > 0
    assert heard[0].sender == "offramp:main/out"
