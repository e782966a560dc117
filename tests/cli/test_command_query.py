"""``supervisor query``: JSON lines in, JSON lines out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from tests.cli.test_command_script import pipe, start

Feed = Callable[..., Result]


def lines(result: Result) -> list[object]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def query(directory: Path, text: str) -> str:
    (directory / "q.trickle").write_text(text)
    return str(directory / "q.trickle")


def test_results_of_out_stand_alone_and_others_with_their_port(feed: Feed, tmp_path: Path) -> None:
    file = query(
        tmp_path,
        "select event from in where event < 2 into out;\nselect event from in where event > 1 into out/high;\n",
    )
    result = feed("1\n2\n", "query", file)

    assert (result.exit_code, result.stderr) == (0, "")
    assert lines(result) == [1, {"port": "high", "value": 2, "meta": {}}]


def test_windows_are_kept_from_event_to_event_and_the_last_ends_with_the_input(
    feed: Feed, tmp_path: Path
) -> None:
    file = query(
        tmp_path,
        "define tumbling window two with size = 2 end;\nselect aggr::stats::sum(event) from in[two] into out;\n",
    )
    assert lines(feed("1\n2\n3\n4\n5\n", "query", file)) == [3, 7, 5]


def test_a_window_of_time_closes_while_nothing_comes(tmp_path: Path) -> None:
    file = query(
        tmp_path,
        "define tumbling window soon with interval = 50000000 end;\n"
        "select aggr::stats::count() from in[soon] into out;\n",
    )
    with start("query", file) as process:
        pipe(process.stdin).write(b"1\n2\n")
        pipe(process.stdin).flush()
        assert pipe(process.stdout).readline() == b"2\n"
        pipe(process.stdin).close()
        assert process.wait(20) == 0


def test_an_event_that_fails_costs_itself_and_the_exit_code(feed: Feed, tmp_path: Path) -> None:
    file = query(tmp_path, "select event.a from in into out;\n")
    result = feed('{"a": 1}\n{"b": 1}\n{"a": 3}\nnope\n', "query", file)

    assert result.exit_code == 6
    assert lines(result) == [1, 3]
    assert "line 2 of the input" in result.stderr
    assert "q.trickle:1:14" in result.stderr
    assert "line 4 of the input: it is no JSON" in result.stderr
    assert result.stderr.endswith("2 events failed\n")


@pytest.mark.parametrize(
    ("text", "arguments", "code", "words"),
    [
        ("select event from in into nowhere", [], 3, "q.trickle:1:27"),
        ("select event from in into out", ["--input", "inn"], 3, "its inputs: in"),
    ],
)
def test_a_wrong_call_is_told_so(
    feed: Feed, tmp_path: Path, text: str, arguments: list[str], code: int, words: str
) -> None:
    result = feed("1\n", "query", query(tmp_path, text), *arguments)

    assert (result.exit_code, result.stdout) == (code, "")
    assert words in result.stderr
