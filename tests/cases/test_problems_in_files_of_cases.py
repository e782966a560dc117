"""What is wrong in a file of cases is told like what is wrong in a deployment: all at once, with place and remedy."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.cases.schema import case_file_schema
from supervisor.cases.suite import load_suite
from supervisor.deployment.problem import InvalidDeployment, Problem
from tests.cases.conftest import DEPLOYMENT, WORK

Problems = Callable[[str], list[Problem]]

EXPECT = 'expect = [{ at = "out", count = 0 }]\n'


@pytest.fixture
def problems(directory: Path) -> Problems:
    def find(text: str) -> list[Problem]:
        path = directory / "some.test.toml"
        path.write_text(text)
        try:
            load_suite(path)
        except InvalidDeployment as invalid:
            return invalid.problems
        return []

    return find


def case(text: str) -> str:
    return f'[[cases]]\nname = "it"\n{text}'


@pytest.mark.parametrize(
    ("text", "code", "says", "line"),
    [
        ("", "missing-key", "cases", 1),
        ('deployment = "none.toml"\n' + case(EXPECT), "file-not-found", "none.toml", 1),
        (case('expct = [{ at = "out", count = 0 }]\n'), "unknown-key", "did you mean `expect`?", 3),
        (case(""), "bad-value", "expects nothing", 1),
        (case('expect = [{ at = "outt", count = 0 }]\n'), "unknown-place", "did you mean `out`?", 3),
        (case('expect = [{ at = "double/bigg", count = 0 }]\n'), "unknown-place", "did you mean `big`?", 3),
        (case('expect = [{ at = "main/out/x", count = 0 }]\n'), "unknown-place", "by a port `x`", 3),
        (case('expect = [{ at = "out" }]\n'), "bad-value", "nothing says what is expected", 3),
        (case('expect = [{ at = "out", events = [], text = "" }]\n'), "bad-value", "keep one of them", 3),
        (case('expect = [{ at = "out", where = "event.n +" }]\n'), "bad-value", "where", 3),
        (case('expect = [{ at = "out", count = -1 }]\n'), "bad-value", "at least 0", 3),
        (case('expect = [{ at = "double", text = "" }]\n'), "bad-value", "writes no bytes", 3),
        (case('expect = [{ at = "out", json = "{" }]\n'), "bad-value", "line 1 of the text is no JSON", 3),
        (case(EXPECT + 'input = [{ at = "in" }]\n'), "bad-value", "nothing says what", 4),
        (case(EXPECT + 'input = [{ at = "in/err", events = [] }]\n'), "unknown-place", "takes nothing in", 4),
        (
            case(EXPECT + 'input = [{ at = "double", text = "" }]\n'),
            "bad-value",
            "takes values in, no bytes",
            4,
        ),
        (case(EXPECT + 'input = [{ at = "in", file = "no" }]\n'), "file-unreadable", "cannot be read", 4),
        (case(EXPECT + 'input = [{ at = "in", bytes_base64 = "?" }]\n'), "bad-value", "not base64", 4),
        (case(EXPECT + "failures.double = [{}]\n"), "unknown-place", "no onramp and no offramp", 4),
        (case(EXPECT + 'failures.in = [{ reject = "true" }]\n'), "bad-value", "only offramps reject", 4),
        (case(EXPECT + 'failures.in = [{ on = "write" }]\n'), "bad-value", "does not write", 4),
        (case(EXPECT + "failures.out = [{ times = 0 }]\n"), "bad-value", "at least 1", 4),
        (case(EXPECT + "steps = [{}]\n"), "bad-value", "the step is empty", 4),
        (case(EXPECT + 'steps = [{ advance = "soon" }]\n'), "bad-value", "advance", 4),
        (case(EXPECT + "steps = [{ advance = 5 }]\n"), "bad-value", "advance", 4),
        (case(EXPECT) + case(EXPECT), "duplicate-name", "two cases are called `it`", 5),
        ("[[cases]\n", "syntax", "not TOML", 1),
    ],
)
def test_a_mistake_is_told_with_its_place_and_what_to_do(
    problems: Problems, text: str, code: str, says: str, line: int
) -> None:
    (problem,) = problems(text)
    assert (problem.code, problem.position and problem.position.line) == (code, line), str(problem)
    assert says in f"{problem.message} {problem.hint}"
    assert problem.file.endswith("some.test.toml")


def test_all_mistakes_are_told_at_once(problems: Problems) -> None:
    found = problems(
        case('expect = [{ at = "nowhere", count = 0 }, { at = "out", json = "{" }]\nfailures.double = [{}]\n')
    )
    assert [problem.code for problem in found] == ["unknown-place", "bad-value", "unknown-place"]


def test_what_is_wrong_with_the_deployment_is_told_there(problems: Problems, directory: Path) -> None:
    (directory / "config.toml").write_text("[flows.main]\nlinks = []\n")
    found = problems(case(EXPECT))
    assert found
    assert all(problem.file.endswith("config.toml") for problem in found)


def test_a_place_of_input_in_two_flows_must_say_in_which(problems: Problems, directory: Path) -> None:
    config = directory / "config.toml"
    config.write_text(
        config.read_text().replace('"127.0.0.1:1"', '"127.0.0.1:0"') + '[flows.b]\nlinks = ["in -> errors"]\n'
    )
    text = case(EXPECT + 'input = [{ at = "PLACE", events = [] }]\n')
    (problem,) = problems(text.replace("PLACE", "in"))
    assert "say in which: `b/in`" in problem.hint
    assert problems(text.replace("PLACE", "b/in")) == []


WHOLE = """
[[cases]]
name = "it"
now = 2026-01-01T00:00:00Z
failures.out = [{ times = 2, on = "open" }, { reject = "event.n == 1" }]
input = [{ at = "in", lines = ["{}"], meta = { a = 1 } }]
steps = [{ advance = "1s", input = [{ at = "double", json = "1" }], expect = [{ at = "out", count = 1 }] }]
expect = [{ at = "errors", where = "event.a", others = true }, { at = "out", text = "" }]
"""
PIECES = [
    "[",
    "]",
    "{",
    "}",
    "=",
    ",",
    '"',
    "1",
    "-1",
    "1e999",
    "true",
    "null",
    "[[cases]]\n",
    "at = 1\n",
    "\x00",
    "\n",
]


@given(st.data())
def test_no_text_makes_it_stumble(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    directory = tmp_path_factory.getbasetemp()
    (directory / "config.toml").write_text(DEPLOYMENT)
    (directory / "work.py").write_text(WORK)
    text = WHOLE
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 30)))
        text = text[:start] + data.draw(st.sampled_from(PIECES) | st.text(max_size=4)) + text[end:]
    path = directory / "fuzzed.test.toml"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    with suppress(InvalidDeployment):
        load_suite(path)


def test_the_schema_for_editors_takes_what_the_check_takes() -> None:
    schema = json.loads(json.dumps(case_file_schema()))
    validator = jsonschema.Draft202012Validator(schema)
    validator.check_schema(schema)
    good = {"cases": [{"name": "it", "expect": [{"at": "out", "json": "1"}], "steps": [{"advance": "1s"}]}]}
    assert validator.is_valid(good)
    assert not validator.is_valid({"cases": [{"name": "it", "expct": []}]})
    assert not validator.is_valid({})
