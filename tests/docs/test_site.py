"""The site has every page, in the order of the index, and every link within it leads somewhere."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def hooks(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(ROOT / "docs")
    return importlib.import_module("mkdocs_hooks")


def pages(navigation: Any) -> list[str]:
    """All pages of a navigation, in its order."""
    if isinstance(navigation, str):
        return [navigation]
    parts = navigation.values() if isinstance(navigation, dict) else navigation
    return [page for part in parts for page in pages(part)]


def test_every_page_is_in_the_navigation_once(hooks: ModuleType) -> None:
    docs = [str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")]

    assert sorted(pages(hooks.navigation())) == sorted([*docs, *hooks.elsewhere()])


def test_the_navigation_has_a_section_for_each_heading_of_the_index(hooks: ModuleType) -> None:
    titles = [next(iter(part)) for part in hooks.navigation()]

    assert titles == ["Home", "Learn", "Guides", "Reference", "Moving here", "Inside", "Examples"]


@pytest.mark.parametrize(
    ("page", "link", "becomes"),
    [
        ("docs/api.md", "metrics.md", "metrics.md"),
        ("docs/tutorial/1-read-and-write.md", "../windows.md#time", "windows.md#time"),
        ("docs/getting-started.md", "../examples/README.md", "examples/README.md"),
        ("examples/wal/README.md", "../../docs/delivery.md#the-wal", "delivery.md#the-wal"),
        ("CONTRIBUTING.md", "docs/README.md", "README.md"),
        ("examples/wal/README.md", "config.toml", None),
        ("docs/api.md", "https://example.org/", None),
    ],
)
def test_a_link_leads_to_where_the_site_has_the_page(
    hooks: ModuleType, page: str, link: str, becomes: str | None
) -> None:
    assert hooks.site_path(page, link) == becomes


def test_a_link_that_shows_the_name_of_a_file_shows_the_title_of_the_page(hooks: ModuleType) -> None:
    page = SimpleNamespace(file=SimpleNamespace(src_uri="tutorial/5-test-and-watch.md"))

    shown = hooks.on_page_markdown(
        "[api.md](../api.md), [../examples](../../examples/README.md#x)", page, None, None
    )

    assert shown == "[The HTTP API](../api.md), [../examples](../examples/README.md#x)"


def test_a_link_to_what_is_no_page_is_text_only(hooks: ModuleType) -> None:
    page = SimpleNamespace(file=SimpleNamespace(src_uri="examples/wal/README.md"))

    shown = hooks.on_page_markdown("[the file](config.toml), [out](https://example.org)", page, None, None)

    assert shown == "the file, [out](https://example.org)"
