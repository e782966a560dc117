"""Pipelines in Python are imported by the check; what is wrong with them is told like any other mistake."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from supervisor.deployment.check import Examination
from supervisor.deployment.pipelines import make_pipeline
from supervisor.deployment.plan import PipelinePlan, Plan
from supervisor.deployment.problem import Problem

Check = Callable[[str], list[Problem]]

MODULE = """
from pipelines import Emit, ports

def double(event):
    return event * 2

@ports("alerts")
def route(event):
    return Emit(event, port="alerts")

class Adder:
    def __init__(self, amount):
        self.amount = amount
    def __call__(self, event):
        return event + self.amount

number = 5
"""


def deployment(pipeline: str, links: str = '"in -> p -> out"') -> str:
    return f"""
[onramps.in]
type = "stdin"
[offramps.out]
type = "stdout"
[pipelines.p]
{pipeline}
[flows.main]
links = [{links}]
"""


@pytest.fixture(autouse=True)
def _module(directory: Path) -> None:
    (directory / "sums.py").write_text(MODULE)


def test_a_function_beside_the_file_is_found(problems: Check) -> None:
    assert problems(deployment('python = "sums:double"')) == []


def test_declared_ports_can_be_linked(problems: Check) -> None:
    assert problems(deployment('python = "sums:route"', '"in -> p", "p/alerts -> out"')) == []


def test_a_port_that_is_not_declared_is_refused(problems: Check) -> None:
    (problem, *_) = problems(deployment('python = "sums:route"', '"in -> p", "p/alert -> out"'))
    assert (problem.code, problem.hint) == ("unknown-port", "did you mean `alerts`?")


@pytest.mark.parametrize(
    ("pipeline", "code", "place", "words"),
    [
        ('python = "sums:doubel"', "import-failed", (7, 10), "double"),
        ('python = "sumz:double"', "import-failed", (7, 10), "sumz"),
        ('python = "sums"', "import-failed", (7, 10), "module:function"),
        ('python = "sums:number"', "import-failed", (7, 10), "cannot be called"),
        ('python = "sums:Adder"', "import-failed", (6, 12), "amount"),
        ('python = "sums:Adder"\noptions = { amout = 1 }', "import-failed", (8, 11), "Adder(amount)"),
        ('python = "sums:double"\noptions = { a = 1 }', "import-failed", (8, 11), "takes no options"),
        ('python = "broken:f"', "import-failed", (7, 10), "broken.py"),
        ("python = 5", "bad-value", (7, 10), "text in quotes"),
        ("", "bad-value", (6, 12), "nothing says what it does"),
        (
            'python = "sums:double"\noperators = []',
            "bad-value",
            (6, 12),
            "`python` and `operators` are given",
        ),
        ("operators = []\noptions = { a = 1 }", "bad-value", (6, 12), "`options` are for"),
        ('python = "sums:double"\ndialect = "0.11"', "bad-value", (6, 12), "a script or a query"),
        ('pyton = "sums:double"', "unknown-key", (7, 1), "did you mean `python`?"),
        ('python = "sums:double"\nstall_after = "0s"', "bad-value", (8, 15), "longer than nothing"),
        ('operators = [{ type = "filtr" }]', "unknown-operator", (7, 23), "did you mean `filter`?"),
        ("operators = [{ every = 2 }]", "missing-key", (7, 14), "`type` is missing"),
        ('operators = ["filter"]', "bad-value", (7, 14), "must be a table"),
        ('operators = [{ type = "sample", evry = 2 }]', "unknown-key", (7, 33), "did you mean `every`?"),
        ('operators = [{ type = "sample", every = "2" }]', "bad-value", (7, 41), "whole number"),
    ],
)
def test_a_mistake_in_a_pipeline(
    problems: Check, directory: Path, pipeline: str, code: str, place: tuple[int, int], words: str
) -> None:
    (directory / "broken.py").write_text("x = 1\ny = 1 / 0\n")
    (problem,) = problems(deployment(pipeline))
    assert problem.code == code
    assert problem.position is not None
    assert problem.position[:2] == place
    assert words in f"{problem.message} {problem.hint}"
    assert "pipeline `p`" in problem.message


def test_a_filter_that_is_no_expression_is_told_where_it_stands(problems: Check) -> None:
    (problem,) = problems(deployment('operators = [{ type = "filter", expression = "event ==" }]'))
    assert problem.position is not None
    assert problem.position.line == 7
    assert "pipeline `p`" in problem.message


def test_a_module_that_ends_the_process_does_not_end_the_check(
    examined: Callable[[str], Examination], directory: Path
) -> None:
    (directory / "leaves.py").write_text("raise SystemExit(0)\n")
    (problem,) = examined(deployment('python = "leaves:f"')).problems
    assert problem.code == "import-failed"


def test_the_plan_makes_pipelines_with_state_of_their_own(planned: Callable[[str], Plan]) -> None:
    plan = planned(deployment('python = "sums:Adder"\noptions = { amount = 2 }'))
    (pipeline,) = [component for component in plan.components() if isinstance(component, PipelinePlan)]
    components = {component.id: component for component in plan.components()}
    first, second = (make_pipeline(pipeline, pipeline.actor_name, components.__getitem__) for _ in range(2))
    assert first is not second
    assert first.name == "main/p"
    assert first.outputs == pipeline.outputs
