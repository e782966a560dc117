"""House rules that a machine can check."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ["actors", "pipelines", "ramps", "supervisor"]
SOURCES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
TESTS = sorted((ROOT / "tests").rglob("*.py"))


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_a_source_file_holds_one_idea_and_stays_below_450_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 450


def test_no_test_waits_by_sleeping() -> None:
    sleep = re.compile(r"\bsleep\((0\.0*[1-9]|[1-9])")
    sleepers = [
        f"{_name(path)}:{number}"
        for path in TESTS
        if path.name != Path(__file__).name
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if sleep.search(line) and "# the thing under test" not in line
    ]
    assert sleepers == []


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_says_that_it_is_typed(package: str) -> None:
    assert (ROOT / package / "py.typed").exists()


def test_every_connector_codec_processor_and_operator_has_a_summary_and_documented_options() -> None:
    from supervisor.deployment.families import FAMILIES

    missing = []
    for registry in FAMILIES.values():
        for member in registry.members():
            if not member.summary.endswith("."):
                missing.append(f"{registry.family} {member.name} has no summary sentence")
            missing += [
                f"{registry.family} {member.name}: option {name} has no description"
                for name, field in member.Options.model_fields.items()
                if not field.description
            ]
    assert missing == []
