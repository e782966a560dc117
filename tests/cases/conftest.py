"""A deployment with everything that a case can meet, and files of cases for it, in a directory of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from supervisor.cases.report import failure_lines
from supervisor.cases.run import CaseResult, run_case
from supervisor.cases.suite import load_suite

DEPLOYMENT = """
[onramps.in]
type = "tcp"
address = "127.0.0.1:1"
codec = "json"

[pipelines.double]
python = "work:double"

[pipelines.bulk]
operators = [{ type = "batch", count = 3, timeout = "10s" }]

[offramps.out]
type = "file"
path = "out.jsonl"

[offramps.bulks]
type = "http"
url = "http://127.0.0.1:1/"
give_up = { attempts = 3 }

[offramps.errors]
type = "stdout"

[flows.main]
links = [
    "in -> double -> out",
    "double -> bulk -> bulks",
    "double/big -> bulk",
    "in/err -> errors",
    "double/err -> errors",
    "bulks/err -> errors",
]
"""

WORK = """
from pipelines import Emit, ports

@ports("big")
def double(event):
    if event.get("big"):
        return Emit(event, port="big")
    return {"n": event["n"] * 2}
"""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "config.toml").write_text(DEPLOYMENT)
    (tmp_path / "work.py").write_text(WORK)
    return tmp_path


@pytest.fixture
def play(directory: Path) -> Callable[..., list[CaseResult]]:
    """Runs the cases of a text."""

    def play_text(text: str, deployment: str = DEPLOYMENT) -> list[CaseResult]:
        (directory / "config.toml").write_text(deployment)
        path = directory / "some.test.toml"
        path.write_text(text)
        suite = load_suite(path)
        return [run_case(suite, case) for case in suite.cases]

    return play_text


@pytest.fixture
def passes(play: Callable[..., list[CaseResult]]) -> Callable[..., None]:
    """Runs a case, given without its first lines, which must pass."""

    def play_case(text: str, deployment: str = DEPLOYMENT) -> None:
        (result,) = play(f'[[cases]]\nname = "it"\n{text}', deployment)
        assert result.passed, "\n".join(failure_lines(result))

    return play_case


@pytest.fixture
def fails(play: Callable[..., list[CaseResult]]) -> Callable[..., str]:
    """Runs a case, given without its first lines, which must fail, and answers what is said about it."""

    def play_case(text: str, deployment: str = DEPLOYMENT) -> str:
        (result,) = play(f'[[cases]]\nname = "it"\n{text}', deployment)
        assert not result.passed
        return "\n".join(failure_lines(result))

    return play_case
