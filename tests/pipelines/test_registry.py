"""Members of other distributions in a registry, by entry points as an installed distribution declares them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines import ConfigurationError, UnknownComponent
from pipelines.operator import Operator
from pipelines.registry import Registry

DISTRIBUTION = """
[aftershock.test_registry]
foreign = foreign_member_of_a_registry:Foreign
broken = foreign_module_that_is_not_there:Part
odd = foreign_member_of_a_registry:number
"""

MODULE = """
from pipelines.operator import Operator

class Foreign(Operator):
    name = "foreign"
    summary = "From elsewhere."

number = 5
"""


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry[Operator]:
    information = tmp_path / "foreign-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: foreign\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(DISTRIBUTION)
    (tmp_path / "foreign_member_of_a_registry.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    return Registry("operator", "aftershock.test_registry", "pipelines.operators")


def test_a_member_of_another_distribution_is_found_by_its_name(registry: Registry[Operator]) -> None:
    assert registry.get("foreign").summary == "From elsewhere."
    assert "foreign" in registry.names()


def test_a_broken_member_is_told_of_only_to_who_asks_for_it(registry: Registry[Operator]) -> None:
    assert registry.get("foreign") in registry.members()
    for name in ("broken", "odd"):
        with pytest.raises(
            ConfigurationError, match=f"the operator '{name}' of another distribution"
        ) as told:
            registry.get(name)
        assert "mend or uninstall" in told.value.hint
    assert sorted(registry.broken) == ["broken", "odd"]


def test_an_unknown_member_is_unknown_whatever_else_is_broken(registry: Registry[Operator]) -> None:
    with pytest.raises(UnknownComponent, match="no operator called 'brokn'"):
        registry.get("brokn")
