"""The examples that ``supervisor explain`` shows work as they stand."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from supervisor.deployment.families import FAMILIES
from supervisor.deployment.problem import Problem, Severity

EVERY_MEMBER = [
    (plural, member.name) for plural, registry in FAMILIES.items() for member in registry.members()
]

IN = '[onramps.source]\ntype = "stdin"\n'
PROMISE = 'guarantee = "at-least-once"\ndead_letters = "dead-letters.db"\n'
OUT = '[offramps.sink]\ntype = "blackhole"\n'


def deployment(plural: str, example: str) -> str:
    """A whole deployment around an example."""
    tables = tomllib.loads(example)
    if plural in ("codecs", "preprocessors"):
        return f'{IN}{example}\n{OUT}[flows.f]\nlinks = ["source -> sink"]\n'
    if plural == "postprocessors":
        return f'{IN}{OUT}{example}\n[flows.f]\nlinks = ["source -> sink"]\n'
    if plural == "operators" and "pipelines" not in tables:
        example = f"[pipelines.middle]\n{example}"
    section = "pipelines" if plural == "operators" else plural
    (name,) = tomllib.loads(example)[section]
    chain = {
        "onramps": f"{name} -> sink",
        "offramps": f"source -> {name}",
        "pipelines": f"source -> {name}",
    }
    promise = PROMISE if 'type = "wal"' in example else ""
    return f'{example}\n{IN}{OUT}[flows.f]\n{promise}links = ["{chain[section]}"]\n'


@pytest.mark.parametrize(("plural", "name"), EVERY_MEMBER)
def test_the_example_of_every_member_passes_the_check(
    problems: Callable[[str], list[Problem]], directory: Path, plural: str, name: str
) -> None:
    example = FAMILIES[plural].get(name).example
    (directory / "scoring.py").write_text(
        "class Score:\n"
        "    def __init__(self, threshold): self.threshold = threshold\n"
        "    def __call__(self, event): return event\n"
    )
    wrong = [
        problem for problem in problems(deployment(plural, example)) if problem.severity is Severity.ERROR
    ]
    # What is not there on this machine (a token's variable) is no fault of the example.
    assert [str(problem) for problem in wrong if problem.code != "cannot-open"] == []


@pytest.mark.parametrize(("plural", "name"), EVERY_MEMBER)
def test_every_member_and_every_option_is_described(plural: str, name: str) -> None:
    member = FAMILIES[plural].get(name)
    assert member.summary.strip()
    assert [key for key, field in member.Options.model_fields.items() if not field.description] == []
