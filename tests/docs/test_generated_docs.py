"""What the documentation takes from the code is what the code says now."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from types import ModuleType

import click
import pytest

from supervisor.cli.exit_codes import ExitCode
from supervisor.deployment.describe import describe_options
from supervisor.deployment.families import FAMILIES
from supervisor.observation.metrics import METRICS

DOCS = Path(__file__).parents[2] / "docs"

STALE = "run: python docs/generate.py"


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    return load("generate")


@pytest.fixture(scope="module")
def command_page() -> ModuleType:
    return load("command_page")


def load(name: str) -> ModuleType:
    """A module of ``docs/``, where those that write the documentation find each other."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(DOCS)
        return importlib.import_module(name)


def test_the_reference_of_components_is_fresh(generate: ModuleType) -> None:
    assert (DOCS / "connectors.md").read_text(encoding="utf-8") == generate.connectors(), STALE


def test_every_metric_is_in_the_documentation_as_it_is(generate: ModuleType) -> None:
    assert (DOCS / "metrics.md").read_text(encoding="utf-8") == generate.metrics(), STALE


def test_the_reference_of_commands_is_fresh(generate: ModuleType) -> None:
    assert (DOCS / "commands.md").read_text(encoding="utf-8") == generate.commands(), STALE


def test_the_reference_of_the_api_is_fresh(generate: ModuleType) -> None:
    assert (DOCS / "api-reference.md").read_text(encoding="utf-8") == generate.api_reference(), STALE


def test_the_reference_of_the_language_is_fresh(generate: ModuleType) -> None:
    assert (DOCS / "language" / "reference.md").read_text(encoding="utf-8") == generate.reference(), STALE


def test_the_keys_of_a_deployment_are_fresh(generate: ModuleType) -> None:
    text = (DOCS / "deployment.md").read_text(encoding="utf-8")

    assert text == generate.deployment(text), STALE


def test_every_table_of_the_schema_has_its_keys_in_the_docs(generate: ModuleType) -> None:
    text = (DOCS / "deployment.md").read_text(encoding="utf-8")

    assert [name for name in generate.TABLES if f"<!-- keys: {name} -->" not in text] == []


def test_the_keys_of_tests_are_fresh_and_complete(generate: ModuleType) -> None:
    text = (DOCS / "testing-deployments.md").read_text(encoding="utf-8")

    assert text == generate.deployment(text), STALE
    assert [name for name in generate.TEST_TABLES if f"<!-- keys: {name} -->" not in text] == []


@pytest.mark.parametrize("family", FAMILIES)
def test_every_component_of_ours_is_in_the_reference(family: str) -> None:
    text = (DOCS / "connectors.md").read_text(encoding="utf-8")
    registry = FAMILIES[family]

    assert [name for name in registry.names() if f"### {registry.family} `{name}`" not in text] == []


def test_every_command_and_option_says_what_it_does_in_the_documentation(command_page: ModuleType) -> None:
    page = (DOCS / "commands.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## `(.*?)`\n(.*?)(?=^## |\Z)", page, re.DOTALL | re.MULTILINE))
    undocumented = []
    for path, command in command_page.every_command():
        if path not in sections or not (command.help or "").strip():
            undocumented.append(path)
        undocumented += [
            f"{path} {option.opts[-1]}"
            for option in command.params
            if isinstance(option, click.Option)
            if not option.help or not re.search(rf"^\| .*`{option.opts[-1]}`", sections[path], re.MULTILINE)
        ]

    assert undocumented == []


def test_every_command_is_in_the_overview(command_page: ModuleType) -> None:
    overview = (DOCS / "cli.md").read_text(encoding="utf-8")
    names = {path.split()[1] for path, _command in command_page.every_command()}

    assert [
        name for name in sorted(names) if not re.search(rf"^\| [^|]*`{name}[` ]", overview, re.MULTILINE)
    ] == []


def test_commands_that_pages_speak_of_exist(command_page: ModuleType) -> None:
    names = {path.split()[1] for path, _command in command_page.every_command()}
    named = {
        (page.name, name)
        for page in DOCS.rglob("*.md")
        for name in re.findall(
            r"(?:`|^\$ )supervisor ([a-z][\w-]*)", page.read_text(encoding="utf-8"), re.MULTILINE
        )
    }

    assert len(named) > 50
    assert sorted((page, name) for page, name in named if name not in names) == []


def test_every_operation_of_the_api_is_in_the_documentation() -> None:
    page = (DOCS / "api-reference.md").read_text(encoding="utf-8")
    operations = [
        f"{method.upper()} {path}"
        for path, methods in load("api_page").open_api()["paths"].items()
        for method in methods
    ]

    assert len(operations) > 10
    assert [operation for operation in operations if f"### `{operation}`" not in page] == []


def test_every_operator_is_in_the_guide_to_pipelines() -> None:
    guide = (DOCS / "pipelines.md").read_text(encoding="utf-8")
    table = "".join(re.findall(r"^\|.*\|$", guide, re.MULTILINE))

    assert [name for name in FAMILIES["operators"].names() if f"`{name}`" not in table] == []


@pytest.mark.parametrize("family", FAMILIES)
def test_every_option_says_what_it_does(family: str) -> None:
    page = (DOCS / "connectors.md").read_text(encoding="utf-8")
    registry = FAMILIES[family]
    undocumented = []
    for member in registry.members():
        section = page.split(f"### {registry.family} `{member.name}`\n")[1].split("\n### ")[0]
        undocumented += [
            f"{member.name}.{option.name}"
            for option in describe_options(member.Options)
            if not option.description or f"| `{option.name}` |" not in section
        ]

    assert undocumented == []


def test_every_metric_says_what_it_counts() -> None:
    page = (DOCS / "metrics.md").read_text(encoding="utf-8")

    assert [metric.name for metric in METRICS if not metric.help or f"| `{metric.name}" not in page] == []


def test_every_exit_code_is_in_the_documentation() -> None:
    page = (DOCS / "cli.md").read_text(encoding="utf-8")

    assert [int(code) for code in ExitCode if f"\n| {int(code)} | " not in page] == []
