"""``supervisor plan``: what a reload would do, for people and programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

Run = Callable[..., Result]


def test_it_says_what_comes_changes_and_leaves(run: Run, good: str, tmp_path: Path) -> None:
    text = (tmp_path / good).read_text()
    (tmp_path / "new.toml").write_text(text.replace("!= ''", "!= 'x'").replace("errors", "rejected"))
    result = run("plan", good, "new.toml")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.splitlines() == [
        "+ offramp:main/rejected",
        "~ pipeline:main/keep: operators",
        "- offramp:main/errors",
        "1 to start, 1 to change, 0 to link anew, 1 to stop, 2 as they are",
    ]


def test_json_is_for_programs(run: Run, good: str) -> None:
    result = run("plan", good, good, "--json")
    data = json.loads(result.stdout)
    assert (data["same"], data["refused"], len(data["components"])) == (True, [], 4)


def test_what_would_be_refused_has_an_exit_code(run: Run, good: str, tmp_path: Path) -> None:
    (tmp_path / "new.toml").write_text("[supervisor]\nexecutors = 2\n" + (tmp_path / good).read_text())
    result = run("plan", good, "new.toml")
    assert result.exit_code == 3
    assert result.stdout.startswith("! `executors` of [supervisor] differs")


def test_a_file_with_errors_is_shown_as_by_check(run: Run, good: str, bad: str) -> None:
    result = run("plan", good, bad)
    assert result.exit_code == 3
    assert "bad.toml:5:9: error[unknown-codec]" in result.stderr
