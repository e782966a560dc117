"""What the documentation takes from the code is what the code says now."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from supervisor.deployment.families import FAMILIES

DOCS = Path(__file__).parents[2] / "docs"

STALE = "run: python docs/generate.py"


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_of_components_is_fresh(generate: ModuleType) -> None:
    assert (DOCS / "connectors.md").read_text(encoding="utf-8") == generate.connectors(), STALE


def test_every_metric_is_in_the_documentation_as_it_is(generate: ModuleType) -> None:
    assert (DOCS / "metrics.md").read_text(encoding="utf-8") == generate.metrics(), STALE


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
