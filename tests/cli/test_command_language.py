"""``supervisor language``: what the compiler makes of a text."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Feed = Callable[..., Result]
Run = Callable[..., Result]


def test_the_tree_of_a_text_is_printed_as_json(feed: Feed) -> None:
    script = json.loads(feed("let a = event.b + 1", "language", "ast", "-").stdout)
    query = json.loads(feed("select event from in into out", "language", "ast", "--query", "-").stdout)

    assert json.dumps(script) != json.dumps(query)
    assert '"Let"' in json.dumps(script)
    assert '"Select"' in json.dumps(query)


def test_a_tree_needs_no_modules(feed: Feed) -> None:
    assert feed("use un::known;\nevent", "language", "ast", "-").exit_code == 0


def test_the_python_of_a_script_is_python(feed: Feed) -> None:
    result = feed("event.a + 1", "language", "python", "-")

    assert result.exit_code == 0
    compile(result.stdout, "generated", "exec")


def test_the_python_of_a_query_is_the_function_of_its_graph_and_what_that_calls(feed: Feed) -> None:
    query = """define script twice script event * 2 end; create script twice;
    select event from in where event > 1 into twice; select {"a": event} from twice into out;"""
    result = feed(query, "language", "python", "--query", "-")

    assert result.exit_code == 0
    functions = [node.name for node in ast.parse(result.stdout).body if isinstance(node, ast.FunctionDef)]
    assert functions[0] == "pipeline"
    assert {"main", "where", "target"} <= set(functions)


@pytest.mark.parametrize("which", ["ast", "python", "check"])
def test_a_text_with_errors_is_told_so(feed: Feed, which: str) -> None:
    result = feed("let = 1", "language", which, "-")

    assert (result.exit_code, result.stdout) == (3, "")
    assert "<stdin>:1:5" in result.stderr


def test_editors_get_what_is_wrong_as_json(feed: Feed, tmp_path: Path) -> None:
    (tmp_path / "a.tremor").write_text("nope::a();\nnope::b()\n")
    (tmp_path / "b.trickle").write_text("select event from in into nowhere\n")
    result = feed("", "language", "check", "--json", "a.tremor", "b.trickle")
    answer: dict[str, Any] = json.loads(result.stdout)

    assert (result.exit_code, answer["ok"]) == (3, False)
    assert [(one["file"], one["line"], one["column"]) for one in answer["diagnostics"]] == [
        ("a.tremor", 1, 1),
        ("a.tremor", 2, 1),
        ("b.trickle", 1, 27),
    ]
    assert {one["severity"] for one in answer["diagnostics"]} == {"error"}


def test_warnings_alone_are_no_failure(feed: Feed) -> None:
    result = feed("match event of case 1 => 2 end", "language", "check", "--json", "-")
    answer: dict[str, Any] = json.loads(result.stdout)

    assert (result.exit_code, answer["ok"]) == (0, True)
    assert [one["severity"] for one in answer["diagnostics"]] == ["warning"]


def test_a_good_text_needs_no_words(feed: Feed) -> None:
    result = feed("event", "language", "check", "-")
    assert (result.exit_code, result.output) == (0, "")


def test_a_file_that_cannot_be_read_hides_nothing_of_the_others(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.tremor").write_bytes(b'"\xff"')
    (tmp_path / "wrong.tremor").write_text("let = 1", encoding="utf-8")
    files = [str(tmp_path / name) for name in ("missing.tremor", "bad.tremor", "wrong.tremor")]

    result = run("language", "check", "--json", *files)
    found = json.loads(result.stdout)

    assert result.exit_code == 3
    assert found["ok"] is False
    assert [one["code"] for one in found["diagnostics"]] == ["unreadable", "unreadable", "syntax"]
    assert "missing.tremor cannot be read" in found["diagnostics"][0]["message"]
    assert "wrong.tremor:1:5" in run("format", *files).stderr
