"""``supervisor test``, the plugin of pytest, and the cases of the examples."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(path.parent.name for path in (ROOT / "examples").glob("*/config.toml"))

CASE = '[[cases]]\nname = "{}"\ninput = [{{ at = "out", events = [1] }}]\nexpect = [{{ at = "out", events = [{}] }}]\n'
GOOD = CASE.format("good", 1)
BAD = CASE.format(r"bad\u001b[31m <&>", 2)

Supervisor = Callable[..., Any]


@pytest.fixture
def files(directory: Path) -> Path:
    (directory / "some.test.toml").write_text(GOOD + BAD)
    return directory


def test_cases_that_pass_say_little(supervisor: Supervisor, files: Path) -> None:
    (files / "some.test.toml").write_text(GOOD)
    run = supervisor("test")
    assert run.wait() == 0
    assert len(run.out) == 1
    assert run.out[0].startswith("1 passed in")


def test_a_case_that_fails_shows_what_was_expected_and_what_came(supervisor: Supervisor, files: Path) -> None:
    run = supervisor("test", ".")
    assert run.wait() == 8
    assert run.out[0].startswith("FAIL some.test.toml:6: bad")
    assert run.out[1:3] == [
        "     line 8: at out: expected this 1 event, got 1 event",
        "       event 1 of 1: 1",
    ]
    assert run.out[-1].startswith("1 passed, 1 failed in")
    assert "\x1b" not in "".join(run.out)


def test_cases_are_chosen_by_a_word(supervisor: Supervisor, files: Path) -> None:
    run = supervisor("test", "-k", "GOOD", "-v")
    assert run.wait() == 0
    assert [line[:4] for line in run.out] == ["ok  ", "1 pa"]
    assert supervisor("test", "-k", "neither").wait() == 2


def test_fail_fast_ends_with_the_first_that_fails(supervisor: Supervisor, files: Path) -> None:
    (files / "some.test.toml").write_text(BAD + GOOD)
    run = supervisor("test", "--fail-fast")
    assert run.wait() == 8
    assert run.out[-1].startswith("1 failed in")


def test_json_is_for_programs(supervisor: Supervisor, files: Path) -> None:
    (files / "work.py").write_text((files / "work.py").read_text() + "\nprint('loaded')\n")
    run = supervisor("test", "--json")
    assert run.wait() == 8
    data = json.loads("\n".join(run.out))
    assert data["ok"] is False
    assert [case["passed"] for case in data["cases"]] == [True, False]
    assert data["cases"][1]["failures"][0]["line"] == 8
    assert data["problems"] == []


def test_junit_is_for_servers(supervisor: Supervisor, files: Path) -> None:
    (files / "broken.test.toml").write_text("[[cases]")
    assert supervisor("test", "--junit", "out.xml").wait() == 3
    root = ElementTree.parse(files / "out.xml").getroot()
    assert {key: root.get(key) for key in ("tests", "failures", "errors")} == {
        "tests": "3",
        "failures": "1",
        "errors": "1",
    }
    (failure,) = root.iter("failure")
    assert "expected this 1 event" in (failure.text or "")
    assert sorted(suite.get("name", "") for suite in root) == ["broken.test.toml", "some.test.toml"]


def test_a_file_with_mistakes_does_not_keep_the_others_from_being_run(
    supervisor: Supervisor, files: Path
) -> None:
    (files / "broken.test.toml").write_text(
        GOOD.replace('"out", events = [1] }]', '"oout", events = [1] }]', 1)
    )
    (files / "some.test.toml").write_text(GOOD)
    run = supervisor("test")
    assert run.wait() == 3
    assert "broken.test.toml:3:" in run.errors
    assert "did you mean `out`?" in run.errors
    assert run.out[-1].startswith("1 passed, 1 of the files have errors in")


def test_where_nothing_is_to_be_run_is_a_mistake(supervisor: Supervisor, directory: Path) -> None:
    for arguments in ([], ["nowhere"]):
        run = supervisor("test", *arguments)
        assert run.wait() == 2
        assert "there is no" in run.errors


def test_hidden_directories_are_left_out(supervisor: Supervisor, files: Path) -> None:
    (files / ".cache").mkdir()
    shutil.move(files / "some.test.toml", files / ".cache")
    assert supervisor("test").wait() == 2


def test_a_function_that_never_ends_costs_its_case_only(supervisor: Supervisor, files: Path) -> None:
    (files / "work.py").write_text("def double(event):\n    while True:\n        pass\n")
    config = files / "config.toml"
    config.write_text(config.read_text().replace('"double/big -> bulk",', ""))
    loop = CASE.format("loop", 1).replace('at = "out"', 'at = "double"', 1) + 'timeout = "500ms"\n'
    (files / "some.test.toml").write_text(loop + GOOD)
    run = supervisor("test")
    assert run.wait() == 8
    assert "had not come to rest after 0.5 s" in "\n".join(run.out)
    assert run.out[-1].startswith("1 passed, 1 failed")


def test_the_starter_has_cases_that_pass(supervisor: Supervisor) -> None:
    assert supervisor("new", "first").wait() == 0
    run = supervisor("test", "first")
    assert run.wait() == 0
    assert run.out[-1].startswith("3 passed")


def test_the_cases_of_the_examples_pass(supervisor: Supervisor, tmp_path: Path) -> None:
    run = supervisor("test", str(ROOT / "examples"), "--json", env={"PYTHONDONTWRITEBYTECODE": "1"})
    assert run.wait() == 0, "\n".join(run.out)
    files = {Path(case["file"]).parent.name for case in json.loads("\n".join(run.out))["cases"]}
    assert sorted(files) == EXAMPLES


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_has_cases_for_its_error_paths(example: str) -> None:
    text = (ROOT / "examples" / example / "config.test.toml").read_text(encoding="utf-8")
    assert any(word in text for word in ('at = "rejected"', 'at = "errors"', "/err"))


@pytest.mark.parametrize("page", ["testing-deployments.md"])
def test_the_cases_of_the_docs_do_what_the_page_says(
    supervisor: Supervisor, tmp_path: Path, page: str
) -> None:
    import re

    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    for block in re.findall(r"^```toml\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        (tmp_path / block.split()[1]).write_text(block)
    assert supervisor("test", "orders.test.toml").wait() == 0
    assert supervisor("test", "wrong.test.toml").wait() == 8


def pytest_run(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    plugin = "supervisor.cases.pytest_plugin"
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            plugin,
            "-p",
            "no:cacheprovider",
            "-p",
            "no:aftershock",
            *arguments,
        ],
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def test_pytest_collects_the_same_files(files: Path) -> None:
    result = pytest_run(files, "-rA")
    assert result.returncode == 1
    assert "PASSED some.test.toml::good" in result.stdout
    assert "line 8: at out: expected this 1 event, got 1 event" in result.stdout
    assert "Traceback" not in result.stdout
    assert "1 failed, 1 passed" in result.stdout


def test_pytest_finds_the_plugin_by_its_entry_point() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {"aftershock": "supervisor.cases.pytest_plugin"}


def test_pytest_reports_a_file_with_mistakes(files: Path) -> None:
    (files / "some.test.toml").write_text("[[cases]")
    result = pytest_run(files)
    assert result.returncode == 2
    assert "some.test.toml:1:" in result.stdout
    assert "not TOML" in result.stdout


def test_the_plugin_imports_nothing_of_the_engine_until_it_finds_a_file(directory: Path) -> None:
    program = (
        "import sys, supervisor.cases.pytest_plugin\n"
        "print([name for name in ('gevent', 'pydantic', 'click') if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=50, check=True
    )
    assert result.stdout == "[]\n"
