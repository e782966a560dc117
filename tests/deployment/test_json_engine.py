"""``[supervisor] json``: one key for all JSON codecs that do not name an engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pipelines.errors import ConfigurationError
from ramps.formats import json_engines
from supervisor.deployment.json_engine import codec_by_name
from supervisor.deployment.plan import OfframpPlan, OnrampPlan, Plan
from supervisor.deployment.problem import Problem

TEXT = """
[supervisor]
json = "{engine}"
[onramps.in]
type = "stdin"
codec = "json"
[onramps.own]
type = "tcp"
address = "127.0.0.1:0"
codec = {{ name = "json", engine = "orjson" }}
[offramps.out]
type = "stdout"
[flows.main]
links = ["in -> out", "own -> out"]
"""


def engines(plan: Plan) -> dict[str, str]:
    components: list[Any] = [
        component for component in plan.components() if isinstance(component, OnrampPlan | OfframpPlan)
    ]
    return {component.id.name: component.codec.build().engine.name for component in components}


@pytest.mark.parametrize("engine", ["ujson", "orjson"])
def test_codecs_that_do_not_name_an_engine_get_that_of_the_deployment(
    planned: Callable[[str], Plan], engine: str
) -> None:
    assert engines(planned(TEXT.format(engine=engine))) == {"in": engine, "own": "orjson", "out": engine}


def test_a_codec_that_a_content_type_names_gets_it_too() -> None:
    assert codec_by_name("json", "ujson").engine.name == "ujson"  # type: ignore[attr-defined]
    assert codec_by_name("string", "ujson").name == "string"


def test_an_engine_that_is_not_installed_is_one_problem_with_its_place(
    problems: Callable[[str], list[Problem]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_engines, "orjson", None)
    text = TEXT.format(engine="orjson").replace(', engine = "orjson"', "")
    found = [problem for problem in problems(text) if problem.code == "not-installed"]
    (problem,) = found
    assert problem.position is not None
    assert problem.position.line == 3
    assert "pip install" in problem.hint


def test_an_engine_that_nobody_knows_is_a_problem(problems: Callable[[str], list[Problem]]) -> None:
    (problem,) = problems(TEXT.format(engine="simdjson"))
    assert (problem.code, problem.path) == ("bad-value", ("supervisor", "json"))


def test_without_orjson_auto_is_ujson(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_engines, "orjson", None)
    assert json_engines.choose_engine("auto").name == "ujson"
    with pytest.raises(ConfigurationError, match="not installed"):
        json_engines.choose_engine("orjson")
