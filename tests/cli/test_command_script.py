"""``supervisor script``: JSON lines in, JSON lines out."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest
from click.testing import Result

from pipelines.language.dialect import DEFAULT_DIALECT, DIALECTS
from supervisor.cli import event_lines
from supervisor.cli.script import command

Feed = Callable[..., Result]


def lines(result: Result) -> list[object]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_script_runs_on_each_line_and_keeps_its_state(feed: Feed, tmp_path: Path) -> None:
    (tmp_path / "count.tremor").write_text(
        "let state = match state of case null => 1 default => state + 1 end;\n"
        "let event.count = state;\nevent\n"
    )
    result = feed('{"a": 1}\n\n{"a": 2}', "script", "count.tremor")

    assert (result.exit_code, result.stderr) == (0, "")
    assert lines(result) == [{"a": 1, "count": 1}, {"a": 2, "count": 2}]


def test_an_expression_stands_on_the_command_line(feed: Feed) -> None:
    assert lines(feed('{"a": 1}\n{"a": 2.5}\n', "script", "-e", "event.a + 1")) == [2, 3.5]


def test_what_is_dropped_leaves_no_line(feed: Feed) -> None:
    assert lines(feed("1\n2\n3\n", "script", "-e", "match event of case 2 => drop default => event end")) == [
        1,
        3,
    ]


def test_ports_and_metadata_are_shown_when_asked_for(feed: Feed) -> None:
    script = 'let $level = 3; match event of case 1 => emit event => "low" default => event end'

    assert lines(feed("1\n2\n", "script", "--port", "-e", script)) == [
        {"port": "low", "value": 1, "meta": {"level": 3}},
        {"port": "out", "value": 2, "meta": {"level": 3}},
    ]


def test_arguments_and_modules_reach_the_script(feed: Feed, tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "sums.tremor").write_text("fn twice(x) with x * 2 end;\n")
    result = feed(
        "5\n",
        "script",
        "--arg",
        "add=1",
        "--module-path",
        "lib",
        "-e",
        "use sums;\nsums::twice(event) + args.add",
    )

    assert lines(result) == [11]


def test_an_event_that_fails_costs_itself_and_the_exit_code(feed: Feed) -> None:
    result = feed('{"a": 1}\n{"b": 1}\n{"a": 3}\n', "script", "-e", "event.a")

    assert result.exit_code == 6
    assert lines(result) == [1, 3]
    assert "line 2 of the input" in result.stderr
    assert "-e:1:7" in result.stderr
    assert "event.a\n" in result.stderr
    assert result.stderr.endswith("1 event failed\n")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "it is no JSON"),
        ("\N{SNOWMAN}", "it is no JSON"),
        ("[" * 1000, "it is no JSON"),
        ("99999999999999999999999", "it is no JSON"),
        ("NaN", "it is no JSON"),
    ],
)
def test_a_line_that_is_no_json_costs_itself(feed: Feed, line: str, words: str) -> None:
    result = feed(f"1\n{line}\n3\n", "script", "-e", "event")

    assert result.exit_code == 6
    assert lines(result) == [1, 3]
    assert f"line 2 of the input: {words}" in result.stderr


def test_a_line_that_is_no_text_costs_itself(feed: Feed) -> None:
    result = feed(b"1\n\xff\n3", "script", "-e", "event")

    assert lines(result) == [1, 3]
    assert "line 2 of the input: it is not UTF-8 text" in result.stderr


def test_a_line_beyond_the_limit_costs_itself(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_lines, "MAX_LINE_BYTES", 100_000)
    monkeypatch.setattr(event_lines, "_CHUNK", 30_000)
    result = feed(f'1\n"{"x" * 150_000}"\n3\n"{"y" * 150_000}"', "script", "-e", "event")

    assert lines(result) == [1, 3]
    assert "line 2 of the input: it has more than" in result.stderr
    assert "line 4 of the input: it has more than" in result.stderr


def test_all_errors_of_a_script_are_shown_with_their_places(feed: Feed, tmp_path: Path) -> None:
    (tmp_path / "bad.tremor").write_text("nope::a();\n  nope::b()\n")
    result = feed("1\n", "script", "bad.tremor")

    assert (result.exit_code, result.stdout) == (3, "")
    assert "bad.tremor:1:1" in result.stderr
    assert "bad.tremor:2:3" in result.stderr


def test_warnings_are_shown_and_the_script_runs(feed: Feed) -> None:
    result = feed("1\n", "script", "-e", "match event of case 1 => 2 end")

    assert (result.exit_code, lines(result)) == (0, [2])
    assert "warning: " in result.stderr


def test_the_dialect_is_an_option(feed: Feed) -> None:
    assert lines(feed("1\n", "script", "--dialect", "0.9", "-e", '"{event}"')) == ["1"]
    assert lines(feed("1\n", "script", "-e", '"{event}"')) == ["{event}"]


def test_all_dialects_can_be_named() -> None:
    (option,) = [option for option in command.params if option.name == "dialect"]
    assert list(option.type.choices) == list(DIALECTS)
    assert option.default == DEFAULT_DIALECT


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([], 2, "give one of FILE, -e TEXT and -i"),
        (["x.tremor", "-e", "1"], 2, "give one of"),
        (["-"], 2, "the standard input is for events"),
        (["no.tremor"], 3, "the file no.tremor cannot be read: No such file"),
        (["latin.tremor"], 3, "is not UTF-8 text"),
        (["-e", "1", "--arg", "x"], 2, "is not NAME=JSON"),
        (["-e", "1", "--arg", "x=y"], 2, "is no JSON"),
        (["-e", "1", "--dialect", "1"], 2, "0.11"),
    ],
)
def test_a_wrong_call_is_told_so(
    feed: Feed, tmp_path: Path, arguments: list[str], code: int, words: str
) -> None:
    (tmp_path / "latin.tremor").write_bytes(b"\xe4")
    result = feed("1\n", "script", *arguments)

    assert result.exit_code == code
    assert words in result.stderr


def start(*arguments: str, stdin: int = subprocess.PIPE) -> subprocess.Popen[bytes]:
    root = Path(__file__).parents[2]
    path = os.pathsep.join([str(root), *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.Popen(
        [sys.executable, "-c", "from supervisor.cli import main; main()", *arguments],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
    )


def pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream


def test_each_result_is_written_before_the_next_event_comes() -> None:
    with start("script", "-e", "event + 1") as process:
        for number in range(3):
            pipe(process.stdin).write(b"%d\n" % number)
            pipe(process.stdin).flush()
            assert pipe(process.stdout).readline() == b"%d\n" % (number + 1)
        pipe(process.stdin).close()
        assert process.wait(20) == 0


def test_a_reader_that_has_enough_ends_it_quietly() -> None:
    with start("script", "-e", "event") as process:
        pipe(process.stdin).write(b"1\n")
        pipe(process.stdin).flush()
        assert pipe(process.stdout).readline() == b"1\n"
        pipe(process.stdout).close()
        pipe(process.stdin).write(b"2\n")
        pipe(process.stdin).close()
        assert process.wait(20) == 141
        assert pipe(process.stderr).read() == b""


def test_an_expression_without_any_input_runs_on_null() -> None:
    ours, theirs = pty.openpty()
    try:
        with start("script", "-e", "event == null", stdin=theirs) as process:
            assert process.communicate(timeout=20) == (b"true\n", b"")
    finally:
        os.close(ours)
        os.close(theirs)
