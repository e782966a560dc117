"""``supervisor new`` makes a deployment in which nothing is wrong, and never overwrites anything."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

Run = Callable[..., Result]


def test_the_new_deployment_is_checked_without_a_warning(run: Run) -> None:
    assert run("new", "first").exit_code == 0
    result = run("check", "first/config.toml", "--json")
    assert json.loads(result.stdout) == {"file": "first/config.toml", "ok": True, "problems": []}


def test_it_says_what_to_do_next(run: Run) -> None:
    assert "supervisor run first/config.toml" in run("new", "first").stdout


def test_an_empty_directory_is_filled(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert run("new", "empty").exit_code == 0
    assert (tmp_path / "empty" / "config.toml").exists()


def test_a_directory_with_anything_in_it_is_left_alone(run: Run, tmp_path: Path) -> None:
    (tmp_path / "note").write_text("mine")
    result = run("new", ".")
    assert result.exit_code == 2
    assert "not empty" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["note"]


def test_a_file_is_no_directory(run: Run, tmp_path: Path) -> None:
    (tmp_path / "note").write_text("mine")
    result = run("new", "note")
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_a_directory_that_cannot_be_written_is_a_usage_error(run: Run) -> None:
    result = run("new", "/proc/nowhere")
    assert result.exit_code == 2
    assert "cannot be written" in result.stderr
