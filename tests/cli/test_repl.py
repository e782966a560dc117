"""``supervisor script -i``: each script sees what the ones before it defined."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from pipelines.language import CompileError, ScriptError
from supervisor.cli.repl_completion import complete
from supervisor.cli.repl_session import Session

Feed = Callable[..., Result]


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session([tmp_path], "0.11", {"limit": 7})


def value_of(session: Session, *inputs: str) -> Any:
    for text in inputs[:-1]:
        session.evaluate(text)
    return session.evaluate(inputs[-1]).value


@pytest.mark.parametrize(
    ("inputs", "value"),
    [
        (["1 + 1"], 2),
        (["let a = 1", "let b = a + 1", "[a, b]"], [1, 2]),
        (["let a = 1; let b = 2; a + b"], 3),
        (["let a = 1", "let a = a + 1;", "a"], 2),
        (["let event = {}", "let event.a = 1", "event"], {"a": 1}),
        (["let state = 1", "let state = state + 1", "state"], 2),
        (["const four = 4", "four"], 4),
        (["fn twice(x) with x * 2 end", "twice(3)"], 6),
        (["fn f(x) with x end", "fn f(x) with x + 1 end", "f(1)"], 2),
        (["const a = 1; fn f(x) with x + a end; f(1)", "f(2)"], 3),
        (["args.limit"], 7),
        (["(1 + 2) * 3"], 9),
        (['let r = {"a": [1]}', "let s = r; let s.a = 2", "[r, s]"], [{"a": [1]}, {"a": 2}]),
        (['match 2 of case 1 => "one" default => "many" end # end'], "many"),
        (["use std::array;", "array::len([1, 2])"], 2),
        (["use sums;\nsums::twice(4)", "sums::twice(5)"], 10),
    ],
)
def test_inputs_follow_each_other(session: Session, tmp_path: Path, inputs: list[str], value: Any) -> None:
    (tmp_path / "sums.tremor").write_text("fn twice(x) with x * 2 end;\n")
    assert value_of(session, *inputs) == value


def test_what_is_emitted_or_dropped_is_told(session: Session) -> None:
    emitted = session.evaluate('emit 1 => "alerts"')
    assert (emitted.value, emitted.port) == (1, "alerts")
    assert session.evaluate("drop").port is None
    assert not session.evaluate("let a = 1").shown


def test_what_is_wrong_is_told_in_the_lines_of_the_session(session: Session) -> None:
    session.evaluate("let a = 1;\nlet b = {}")
    assert session.line == 3
    with pytest.raises(ScriptError) as failed:
        session.evaluate("let c = a;\n  b.missing")
    assert (failed.value.diagnostic.line, failed.value.diagnostic.column) == (4, 5)
    with pytest.raises(CompileError) as refused:
        session.evaluate("  nope::f()")
    assert (refused.value.diagnostic.line, refused.value.diagnostic.column) == (3, 3)
    assert value_of(session, "a") == 1


def test_an_error_in_a_function_of_before_is_told_where_it_was_written(session: Session) -> None:
    session.evaluate("fn f(x) with\n  x.missing\nend")
    with pytest.raises(ScriptError) as failed:
        session.evaluate("f({})")
    assert failed.value.diagnostic.line == 2


@pytest.mark.parametrize(
    ("text", "complete"),
    [
        ("1 + 1", True),
        ("1 +", False),
        ("let a =", False),
        ("let a", False),
        ("[1,", False),
        ("match event of", False),
        ("match event of\n  case 1 => 2", False),
        ("match event of case 1 => 2 end", True),
        ("fn f(x) with\n  x", False),
        ("1 1", True),
        ("end", True),
        ("event.a;", True),
        ("emit", True),
    ],
)
def test_an_input_goes_on_while_something_is_missing(session: Session, text: str, complete: bool) -> None:
    assert session.is_complete(text) is complete


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("mat", ["match", "math::"]),
        ("let x = event.al", ["event.alpha", "event.alto"]),
        ("event.alpha.", ["event.alpha.beta"]),
        ("event.nothing.", []),
        ("loc", ["local"]),
        ("array::le", ["array::len"]),
        ("use std::arr", ["std::array"]),
        (":ev", [":event"]),
    ],
)
def test_words_are_completed(session: Session, line: str, words: list[str]) -> None:
    session.event = {"alpha": {"beta": 1}, "alto": 2, "no word": 3}
    session.evaluate("let local = 1")

    found = complete(session, line)

    assert [any(candidate.startswith(word) for candidate in found) for word in words] == [True] * len(words)
    assert all(candidate.startswith(line.split()[-1]) for candidate in found)
    assert bool(found) is bool(words)


def test_names_that_are_words_of_the_language_are_completed_between_backticks(session: Session) -> None:
    session.event = {"end": {"of": 1}, "ending": 2}
    session.evaluate("let `match` = 1")

    assert complete(session, "event.en") == ["event.`end`", "event.ending"]
    assert complete(session, "event.`end`.") == ["event.`end`.`of`"]
    assert complete(session, "record::sel") == ["record::`select`("]
    assert "`match`" in complete(session, "mat")


def test_locals_may_have_names_in_any_script(session: Session) -> None:
    session.evaluate("let größe-x = 1")
    assert value_of(session, "größe-x + 1") == 2


def test_the_prompt_reads_runs_and_shows(feed: Feed) -> None:
    typed = """\
:event {"a": 1}
event.a + 1
let x = [
  1,
  2
]
x
nope::f()
event.missing
{"a": x}
:nope
:event {
emit 1 => "low"
drop
let event.b = 2
event
:help
:quit
never
"""
    result = feed(typed, "script", "-i")

    assert result.exit_code == 0
    assert "2\n[\n" in result.stdout
    assert '1  => "low"\ndropped\n' in result.stdout
    assert '"b": 2' in result.stdout
    assert ":event JSON" in result.stdout
    assert "never" not in result.output
    assert "there is no command :nope" in result.stderr
    assert "this is no JSON" in result.stderr
    assert result.stderr.count("error: ") == 4


def test_the_end_of_the_input_runs_what_was_begun(feed: Feed) -> None:
    result = feed("let a = 1;\na +", "script", "-i")
    assert result.exit_code == 0
    assert "error: " in result.stderr
