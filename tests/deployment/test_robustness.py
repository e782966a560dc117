"""Whatever a file says, the answer is a plan or problems with places: never an exception."""

from __future__ import annotations

import copy
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supervisor.deployment.check import examine
from supervisor.deployment.load import parse
from supervisor.deployment.problem import InvalidDeployment
from supervisor.deployment.show import plan_to_toml
from supervisor.deployment.toml_text import toml_document, toml_value

SEED = """
[supervisor]
drain_timeout = "5s"
logs = { level = "info" }
[onramps.file]
type = "file"
path = "access.log"
codec = { name = "json", engine = "auto" }
preprocessors = ["lines", { name = "lines", max_frame = "1KiB" }]
[onramps.web]
type = "http"
token = { env = "PATH" }
[onramps.tick]
type = "metronome"
interval = "1s"
retry = { initial = "1s", factor = 2.0 }
[pipelines.keep]
operators = [{ type = "sample", every = 2 }]
[pipelines.sort]
script = "let event.a = args.n; emit event => \\"#{event.to}\\""
module_path = ["."]
dialect = "0.11"
args = { n = 1 }
limits = { array = 5 }
[pipelines.rates]
query = "select event from in into out"
[offramps.out]
type = "stdout"
[offramps.log]
type = "file"
path = "log.jsonl"
[flows.main]
links = ["file -> keep -> out", "web -> sort -> out", "tick -> rates -> out", "keep/err -> log", "sort/x -> log"]
instances = 1
shared = ["log"]
restart = { max_restarts = 3, within = "1m" }
"""

WORDS = st.sampled_from(
    [
        "",
        "file",
        "out",
        "type",
        "json",
        "lines",
        "keep",
        "5s",
        "a -> b",
        "keep/err -> out",
        "sort/y -> out",
        "event.a + 1",
        "select event from in into err",
        "[x]",
        "\x1b[31m",
        "{}",
        "env",
    ]
)
VALUES = st.recursive(
    WORDS | st.text(max_size=5) | st.integers() | st.booleans() | st.floats(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for step, item in items for found in places(item, (*path, step)))]


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    """The seed with a few values replaced, keys renamed, or parts removed."""
    tables = copy.deepcopy(tomllib.loads(SEED))
    for _ in range(draw(st.integers(1, 4))):
        path = draw(st.sampled_from(places(tables)[1:] or [()]))
        if not path:
            break
        holder: Any = tables
        for step in path[:-1]:
            holder = holder[step]
        change = draw(st.sampled_from(["replace", "replace", "remove", "rename"]))
        if change == "replace":
            holder[path[-1]] = draw(VALUES)
        elif change == "remove":
            del holder[path[-1]]
        elif isinstance(holder, dict):
            holder[draw(WORDS | st.text(max_size=3))] = holder.pop(path[-1])
    return tables


def text_of(tables: dict[str, Any]) -> str:
    """Inline where the section is no table of tables, so that any value can be written."""
    return "".join(f"{toml_value(section)} = {toml_value(content)}\n" for section, content in tables.items())


@settings(max_examples=100, deadline=None)
@given(mutated())
def test_a_mutated_deployment_makes_a_plan_or_problems_with_places(tables: dict[str, Any]) -> None:
    examination = examine(parse(text_of(tables), "c.toml"))
    assert (examination.plan is None) == any(
        problem.severity.value == "error" for problem in examination.problems
    )
    for problem in examination.problems:
        assert problem.message
        assert "Traceback" not in problem.message
        assert "\x1b" not in problem.message + problem.hint + problem.excerpt
        if problem.code != "no-flows":
            assert problem.position is not None, problem


@settings(max_examples=60, deadline=None)
@given(mutated())
def test_a_mutated_deployment_that_is_right_survives_being_shown(tables: dict[str, Any]) -> None:
    plan = examine(parse(text_of(tables), "c.toml")).plan
    if plan is not None:
        assert examine(parse(plan_to_toml(plan), "c.toml")).plan == plan


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_file_with_characters_changed_never_raises_anything_but_its_problems(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(SEED)))
    length = data.draw(st.integers(0, 10))
    text = SEED[:start] + data.draw(st.text(max_size=5)) + SEED[start + length :]
    try:
        examine(parse(text, "c.toml"))
    except InvalidDeployment as invalid:
        codes = [problem.code for problem in invalid.problems]
    else:
        return
    assert codes == ["syntax"]


@pytest.fixture(autouse=True)
def _in_a_directory_of_its_own(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory: Path = tmp_path_factory.mktemp("deployment")
    (directory / "access.log").write_text("one\n")
    monkeypatch.chdir(directory)


def test_the_seed_itself_is_right() -> None:
    assert examine(parse(SEED, "c.toml")).problems == ()
    assert examine(parse(toml_document(tomllib.loads(SEED)), "c.toml")).problems == ()
