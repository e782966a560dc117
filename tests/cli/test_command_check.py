"""``supervisor check`` for people, for programs, and its exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

Run = Callable[..., Result]


def test_a_good_file_is_ok(run: Run, good: str) -> None:
    result = run("check", good)
    assert (result.exit_code, result.stdout) == (0, "good.toml: ok (1 flow, 4 components)\n")
    assert result.stderr == ""


def test_config_toml_is_meant_where_no_file_is_named(run: Run, good: str, tmp_path: Path) -> None:
    (tmp_path / good).rename(tmp_path / "config.toml")
    assert run("check").stdout.startswith("config.toml: ok")


def test_errors_are_shown_with_place_line_caret_and_remedy(run: Run, bad: str) -> None:
    result = run("check", bad)
    assert result.exit_code == 3
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert lines[0] == "bad.toml:5:9: error[unknown-codec]: onramp `access`: there is no codec called `strin`"
    assert lines[1] == '    5 | codec = "strin"'
    assert lines[2] == "      |         ^^^^^^^"
    assert lines[3] == "   help: did you mean `string`?"
    assert lines[-1] == "bad.toml: 2 errors"


def test_json_holds_every_problem_and_the_same_exit_code(run: Run, bad: str) -> None:
    result = run("check", bad, "--json")
    assert result.exit_code == 3
    data = json.loads(result.stdout)
    assert data["ok"] is False
    assert [(one["code"], one["line"], one["column"]) for one in data["problems"]] == [
        ("unknown-codec", 5, 9),
        ("unknown-component", 18, 29),
    ]
    assert data["problems"][0]["path"] == ["onramps", "access", "codec"]


def test_warnings_alone_are_no_failure(run: Run, good: str, tmp_path: Path) -> None:
    with (tmp_path / good).open("a") as stream:
        stream.write('[onramps.idle]\ntype = "stdin"\n')
    result = run("check", good)
    assert result.exit_code == 0
    assert "warning[unused]" in result.stderr
    assert "1 warning" in result.stdout


def test_a_missing_file_is_an_invalid_deployment(run: Run) -> None:
    result = run("check", "nowhere.toml")
    assert result.exit_code == 3
    assert "nowhere.toml: error[file-not-found]" in result.stderr


def test_a_missing_file_is_json_too(run: Run) -> None:
    (problem,) = json.loads(run("check", "nowhere.toml", "--json").stdout)["problems"]
    assert (problem["code"], problem["line"]) == ("file-not-found", None)


def test_text_that_looks_like_markup_is_shown_as_it_is(run: Run, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[flows.main]\nlinks = ["[bold]x[/bold] -> b"]\n')
    assert "`[bold]x[/bold]`" in run("check").stderr
