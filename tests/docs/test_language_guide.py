"""The examples of the language guide do what stands below them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipelines.language import LanguageError, compile_query, compile_script

FOLDER = Path(__file__).parents[2] / "docs" / "language"
EXAMPLE = re.compile(r"^```(tremor|trickle)\n(.*?)^```\n\n```text\n(.*?)^```", re.DOTALL | re.MULTILINE)
PAGES = ("scripts.md", "queries.md", "../windows.md")
SECOND_NS = 1_000_000_000

Push = Callable[[Any], list[str]]


@dataclass(frozen=True)
class Example:
    page: str
    line: int
    language: str
    text: str
    lines: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def examples() -> list[Example]:
    found = []
    for page in PAGES:
        content = (FOLDER / page).read_text(encoding="utf-8")
        for match in EXAMPLE.finditer(content):
            line = content.count("\n", 0, match.start()) + 1
            found.append(Example(page, line, match[1], match[2], tuple(match[3].splitlines())))
    return found


def shown(value: Any, port: str) -> str:
    text = json.dumps(value)
    return f"> {text}" if port == "out" else f"> {port}: {text}"


class OneScript:
    def __init__(self, text: str) -> None:
        self.instance = compile_script(text).start()

    def push(self, value: Any) -> list[str]:
        try:
            emitted = self.instance.run(value)
        except LanguageError as error:
            return [f"! {error.diagnostic.message}"]
        return [] if emitted is None else [shown(emitted.value, emitted.port)]

    def wait(self, seconds: float) -> list[str]:
        raise AssertionError("time means nothing to a script")


class OneQuery:
    def __init__(self, text: str) -> None:
        self.instance = compile_query(text).start()
        self.now_ns = SECOND_NS

    def push(self, value: Any) -> list[str]:
        results = self.instance.push("in", value, ingest_ns=self.now_ns)
        return [shown(result, port) for port, result, _meta in results]

    def wait(self, seconds: float) -> list[str]:
        self.now_ns += int(seconds * SECOND_NS)
        return [shown(result, port) for port, result, _meta in self.instance.tick(self.now_ns)]


def fits(line: str, expected: str) -> bool:
    """Of an error the guide shows a part of the message only."""
    return expected[2:] in line if expected.startswith("! ") and line.startswith("! ") else line == expected


@pytest.mark.parametrize("example", examples(), ids=str)
def test_an_example_of_the_guide_does_what_it_shows(example: Example) -> None:
    running = OneScript(example.text) if example.language == "tremor" else OneQuery(example.text)
    got: list[str] = []
    expected: list[str] = []
    for line in example.lines:
        if line.startswith("< "):
            got += [line, *running.push(json.loads(line[2:]))]
        elif line.startswith("@ "):
            got += [line, *running.wait(float(line[2:].removesuffix("s")))]
        expected.append(line)
    assert len(got) == len(expected), got
    assert [got for got, line in zip(got, expected, strict=True) if not fits(got, line)] == []


def test_every_example_of_the_guide_is_run() -> None:
    texts = [(FOLDER / page).read_text(encoding="utf-8") for page in PAGES]
    shown_in_all = sum(len(re.findall(r"^```(?:tremor|trickle)$", text, re.MULTILINE)) for text in texts)
    assert len(examples()) == shown_in_all
