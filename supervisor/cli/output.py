"""How the command shows problems and tables to people, and data to programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from contextlib import AbstractContextManager, redirect_stdout
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from supervisor.deployment.problem import Problem, Severity

__all__ = ["FILE_ARGUMENT", "count_problems", "print_json", "print_problems", "without_foreign_output"]

FILE_ARGUMENT = click.argument(
    "file", default="config.toml", type=click.Path(path_type=str, allow_dash=False), metavar="[FILE]"
)
"""The deployment's file; ``config.toml`` where none is given. Whether it is there is checked when it is read."""


def without_foreign_output() -> AbstractContextManager[Any]:
    """What a user's modules print while they are imported goes to the standard error.

    The standard output is for what the command was asked for, which a program may read.
    """
    return redirect_stdout(sys.stderr)


_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow"}


def print_json(data: Any) -> None:
    """Data for programs, on the standard output."""
    click.echo(json.dumps(data, indent=2, ensure_ascii=False))


def print_problems(problems: Iterable[Problem]) -> None:
    """Problems for people, on the standard error: place, message, the line with a caret, the remedy."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    for problem in problems:
        console.print(_render(problem))


def count_problems(problems: Iterable[Problem]) -> str:
    """``"2 errors, 1 warning"``."""
    severities = [problem.severity for problem in problems]
    counts = [(severities.count(severity), severity.value) for severity in Severity]
    return ", ".join(f"{count} {word}{'s' if count != 1 else ''}" for count, word in counts if count)


def _render(problem: Problem) -> Text:
    style = _STYLES[problem.severity]
    text = Text.assemble(
        (problem.place, "bold"),
        ": ",
        (f"{problem.severity.value}[{problem.code}]", style),
        f": {problem.message}",
    )
    if problem.position is not None and problem.excerpt:
        line, column, length = problem.position
        gutter = f"{line:>5} | "
        column -= problem.excerpt_column - 1
        length = max(1, min(length, len(problem.excerpt) - column + 1))
        text.append(f"\n{gutter}", "dim").append(problem.excerpt)
        text.append("\n" + " " * (len(gutter) - 2) + "| ", "dim").append(
            " " * (column - 1) + "^" * length, style
        )
    if problem.hint:
        text.append("\n   help: ", "bold cyan").append(problem.hint)
    return text
