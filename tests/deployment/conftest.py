"""Deployments as text, checked as if they stood in a file of an otherwise empty directory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from supervisor.deployment.check import Examination, examine
from supervisor.deployment.load import parse
from supervisor.deployment.plan import Plan
from supervisor.deployment.problem import Problem

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


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "access.log").write_text("one\n")
    return tmp_path


@pytest.fixture
def examined(directory: Path) -> Callable[[str], Examination]:
    def examine_text(text: str) -> Examination:
        return examine(parse(dedent(text), str(directory / "config.toml")))

    return examine_text


@pytest.fixture
def problems(examined: Callable[[str], Examination]) -> Callable[[str], list[Problem]]:
    return lambda text: list(examined(text).problems)


@pytest.fixture
def planned(examined: Callable[[str], Examination]) -> Callable[[str], Plan]:
    def plan_text(text: str) -> Plan:
        examination = examined(text)
        assert examination.plan is not None, "\n".join(map(str, examination.problems))
        return examination.plan

    return plan_text


@pytest.fixture
def good() -> str:
    """A deployment with one of each kind of component, in which nothing is wrong."""
    return GOOD
