"""``supervisor format``."""

from __future__ import annotations

import contextlib
import difflib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from supervisor.cli.exit_codes import ExitCode
from supervisor.cli.language_text import (
    DIALECT,
    QUERY,
    Unreadable,
    fail,
    find_source,
    is_query,
    print_language_problems,
)

if TYPE_CHECKING:
    from pipelines.language import Source

__all__ = ["command"]


@click.command("format")
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option("--check", is_flag=True, help="Write nothing; exit with 7 if a file is laid out otherwise.")
@click.option("--diff", is_flag=True, help="Write nothing; print what would change.")
@QUERY
@DIALECT
@click.pass_context
def command(
    ctx: click.Context, files: tuple[str, ...], check: bool, diff: bool, as_query: bool, dialect: str
) -> None:
    """Bring scripts and queries into the canonical layout.

    Files are changed in place, each at once as a whole, and only if their layout is another one. `-` is the standard
    input, whose layout goes to the standard output. A file with errors stays as it is; the exit code is then 3.
    """
    wrong = changed = 0
    for file in files:
        try:
            source = find_source(file)
        except Unreadable as error:
            click.echo(f"error: {error}", err=True)
            wrong += 1
            continue
        formatted = _formatted(source, dialect, is_query(file, as_query))
        if formatted is None:
            wrong += 1
            continue
        differs = formatted != source.text
        changed += differs
        if diff and differs:
            _print_diff(source, formatted)
        if check or diff:
            if differs and not diff:
                click.echo(f"{file} would change", err=True)
        elif file == "-":
            click.echo(formatted, nl=False)
        elif differs:
            _replace(Path(file), formatted)
            click.echo(f"{file} changed", err=True)
    if wrong:
        ctx.exit(ExitCode.INVALID_DEPLOYMENT)
    if check and changed:
        ctx.exit(ExitCode.UNFORMATTED)


def _formatted(source: Source, dialect: str, query: bool) -> str | None:
    from pipelines.language import CompileError
    from pipelines.language.dialect import find_dialect
    from pipelines.language.format import format_source

    try:
        return format_source(source, find_dialect(dialect), query=query)
    except CompileError as error:
        print_language_problems(error.diagnostics)
        return None


def _print_diff(source: Source, formatted: str) -> None:
    before, after = source.text.splitlines(keepends=True), formatted.splitlines(keepends=True)
    for line in difflib.unified_diff(before, after, source.name, source.name):
        click.echo(line, nl=False)
        if not line.endswith("\n"):
            click.echo("\n\\ No newline at end of file")


def _replace(file: Path, text: str) -> None:
    """All or nothing: a reader sees the old text or the new one. Keeps the mode, and follows a symbolic link."""
    target = file.resolve()
    temporary = None
    try:
        descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        with open(descriptor, "w", encoding="utf-8", newline="") as stream:
            stream.write(text)
            stream.flush()
            os.fchmod(stream.fileno(), target.stat().st_mode & 0o7777)
            os.fsync(stream.fileno())
        os.replace(temporary, target)
        temporary = None
    except OSError as error:
        raise fail(f"the file {file} cannot be written: {error.strerror}") from None
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
