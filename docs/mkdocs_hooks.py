"""What the site has besides ``docs/``, and in which order; MkDocs calls it, as ``mkdocs.yml`` says.

The navigation is the index in ``README.md``: its headings are the sections, its links the pages. Pages that live
elsewhere in the repository are taken from there, and all links between them are made to fit.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

__all__ = ["navigation", "on_config", "on_files", "on_page_markdown", "site_path"]

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"

ELSEWHERE = ["CHANGELOG.md", "CONTRIBUTING.md", "benchmarks/README.md", "examples/README.md"]

LINK = re.compile(r"\[([^\]\n]*)\]\(([^)\s]+)\)")


def elsewhere() -> list[str]:
    """Pages outside of ``docs/`` that belong to the site, from the root of the repository."""
    examples = (str(path.relative_to(ROOT)) for path in sorted(ROOT.glob("examples/*/README.md")))
    return [*ELSEWHERE, *examples]


def navigation() -> list[Any]:
    """The sections of the index, each with its pages; a page is named by its own title."""
    _start, *sections = re.split(
        r"^## (.*)\n", (DOCS / "README.md").read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    home: list[Any] = [{"Home": "README.md"}]
    pages = [{title: _pages(text)} for title, text in zip(sections[::2], sections[1::2], strict=True)]
    examples = _linked("examples/README.md", (ROOT / "examples/README.md").read_text(encoding="utf-8"))
    return [*home, *pages, {"Examples": ["examples/README.md", *examples]}]


def _pages(text: str) -> list[str]:
    return [page for page in _linked("docs/README.md", text) if page != "examples/README.md"]


def _linked(page: str, text: str) -> list[str]:
    targets = (site_path(page, target) for _text, target in LINK.findall(text))
    return list(dict.fromkeys(target for target in targets if target and "#" not in target))


def site_path(page: str, target: str) -> str | None:
    """Where a link of a page leads to within the site, from the site's root; ``None`` if it is not there."""
    path, hash_, anchor = target.partition("#")
    if re.match(r"[a-z]+:", target):
        return None
    found = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
    if found == "README.md":
        return "README.md"
    if found.startswith("docs/"):
        return found.removeprefix("docs/") + hash_ + anchor
    return found + hash_ + anchor if found in elsewhere() else None


def _title(page: str) -> str:
    """What a page of the site calls itself: forges show files, and readers of the site do not know their names."""
    path = page.partition("#")[0]
    file = ROOT / path if path in elsewhere() else DOCS / path
    found = re.search(r"^# (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None, f"{file} has no title"
    return found[1]


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Called by MkDocs when it has read its own file."""
    config.nav = navigation()
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Called by MkDocs when it has found all of ``docs/``."""
    from mkdocs.structure.files import File

    for path in elsewhere():
        files.append(File.generated(config, path, abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Called by MkDocs for each page."""
    here = page.file.src_uri
    source = here if here in elsewhere() else f"docs/{here}"

    def link(match: re.Match[str]) -> str:
        text, target = match.groups()
        if re.match(r"[a-z]+:", target) or target.startswith("#"):
            return match[0]
        found = site_path(source, target)
        if found and re.fullmatch(r"[\w./-]*(\.md|/)", text):
            text = _title(found)
        # What is no page, such as a file of an example, is named only: the site does not say where the repository is.
        return f"[{text}]({os.path.relpath(found, os.path.dirname(here) or '.')})" if found else text

    return LINK.sub(link, markdown)
