"""``supervisor new``."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import click

__all__ = ["command"]

_FILES = ("README.md", "config.toml", "config.test.toml", "enrich.py", "orders.jsonl")


@click.command("new")
@click.argument("directory", type=click.Path(path_type=Path))
def command(directory: Path) -> None:
    """Make a directory with a small deployment that runs: a commented config.toml, tests of it, a pipeline in Python,
    input.

    An existing directory must be empty: nothing is ever overwritten.
    """
    starter = files("supervisor.cli") / "starter"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if any(directory.iterdir()):
            raise click.UsageError(f"{directory} is not empty; name a directory that is new or empty")
        for name in _FILES:
            (directory / name).write_text((starter / name).read_text(encoding="utf-8"), encoding="utf-8")
    except FileExistsError:
        raise click.UsageError(f"{directory} is a file; name a directory that is new or empty") from None
    except OSError as error:
        raise click.UsageError(f"{error.filename or directory} cannot be written: {error.strerror}") from None
    click.echo(f"made {directory} with {', '.join(_FILES)}")
    click.echo(f"next: supervisor run {directory / 'config.toml'}")
