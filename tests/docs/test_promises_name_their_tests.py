"""What `docs/delivery.md` promises is held by tests that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", (ROOT / "docs/delivery.md").read_text())))


def names_in(tree: ast.Module) -> set[str]:
    """Its functions and batteries, and what is made of a state machine."""
    names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    for node in tree.body:
        if isinstance(node, ast.Assign):
            names.update(target.id for target in node.targets if isinstance(target, ast.Name))
    return names


@pytest.mark.parametrize(("file", "test"), NAMED)
def test_a_test_that_holds_a_promise_exists(file: str, test: str) -> None:
    tree = ast.parse((ROOT / file).read_text())

    assert test in names_in(tree)


def test_every_promise_names_a_test() -> None:
    text = (ROOT / "docs/delivery.md").read_text()
    table = text[text.index("## What is promised") : text.index("## Sources")]
    rows = [row for row in table.splitlines() if row.startswith("| ")][1:]

    assert rows
    assert [row for row in rows if "::test_" not in row and "::Test" not in row] == []
