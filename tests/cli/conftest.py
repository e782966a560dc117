"""The command, called in this process as a user calls it, in a directory of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from supervisor.cli import main

GOOD = """
[onramps.access]
type = "file"
path = "access.log"
codec = "string"

[pipelines.keep]
operators = [{ type = "filter", expression = "event != ''" }]

[offramps.out]
type = "stdout"

[offramps.errors]
type = "file"
path = "rejected.jsonl"

[flows.main]
links = ["access -> keep -> out", "keep/err -> errors"]
"""

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(main, list(arguments), prog_name="supervisor")


@pytest.fixture
def feed(run: Run) -> Run:
    """As `run`, with what stands on the standard input first."""
    return lambda text, *arguments: CliRunner().invoke(
        main, list(arguments), input=text, prog_name="supervisor"
    )


@pytest.fixture
def good(tmp_path: Path) -> str:
    """The name of a deployment's file in which nothing is wrong."""
    (tmp_path / "access.log").write_text("one\ntwo\n")
    (tmp_path / "good.toml").write_text(GOOD)
    return "good.toml"


@pytest.fixture
def bad(tmp_path: Path) -> str:
    """The name of a deployment's file with two errors."""
    (tmp_path / "bad.toml").write_text(GOOD.replace('"string"', '"strin"').replace("-> out", "-> ot"))
    return "bad.toml"
