"""What the commands for scripts and queries share: options, reading texts, compiling them, showing what is wrong."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from supervisor.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from pipelines.language import Diagnostic, LanguageError, Query, Script, Source

__all__ = [
    "ARGUMENTS", "DIALECT", "MODULE_PATH", "QUERY", "Unreadable", "compile_text", "fail", "find_source", "is_query",
    "print_language_error", "print_language_problems", "read_source",
]  # fmt: skip

_MAX_BYTES = 4 * 1024 * 1024

_Compiled = TypeVar("_Compiled", bound="Script | Query")

# Written out, because the language is not imported for a help page; a test compares.
DIALECT = click.option(
    "--dialect",
    type=click.Choice(["0.9", "0.11"]),
    default="0.11",
    show_default=True,
    help="The version of the language.",
)
MODULE_PATH = click.option(
    "--module-path",
    multiple=True,
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIRECTORY",
    help="Where modules are looked for; may be given several times.",
)
QUERY = click.option(
    "--query", "as_query", is_flag=True, help="Take the texts for queries; those in *.trickle are anyway."
)


def _arguments(_ctx: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> dict[str, Any]:
    from pipelines.language.faults import Fault
    from pipelines.language.runtime.json_text import decode

    arguments = {}
    for text in given:
        name, equals, written = text.partition("=")
        if not (name and equals):
            raise click.BadParameter(f'{text!r} is not NAME=JSON, such as limit=5 or level="high"')
        try:
            arguments[name] = decode(written)
        except Fault as fault:
            hint = "texts stand in quotes: name='\"text\"'"
            raise click.BadParameter(f"the value of {name!r} is no JSON: {fault.message}; {hint}") from None
    return arguments


ARGUMENTS = click.option(
    "--arg",
    "arguments",
    multiple=True,
    callback=_arguments,
    metavar="NAME=JSON",
    help="What the script reads as `args.NAME`; may be given several times.",
)


def fail(message: str) -> click.exceptions.Exit:
    """The exception to raise after an error that is the text's or its file's; prints the message."""
    click.echo(f"error: {message}", err=True)
    return click.exceptions.Exit(ExitCode.INVALID_DEPLOYMENT)


class Unreadable(Exception):
    """A file cannot be read, or is no text; the exception's text says which and why."""


def read_source(file: str) -> Source:
    """The text of a file, ``-`` for the standard input. Raises `click.exceptions.Exit` after saying why not."""
    try:
        return find_source(file)
    except Unreadable as error:
        raise fail(str(error)) from None


def find_source(file: str) -> Source:
    """As `read_source`, for who goes on without the file. Raises `Unreadable`."""
    from pipelines.language import Source
    from supervisor.deployment.problem import printable

    shown = "the standard input" if file == "-" else f"the file {printable(file, 200)}"
    try:
        with click.open_file(file, "rb") as stream:
            data: bytes = stream.read(_MAX_BYTES + 1)
    except OSError as error:
        raise Unreadable(f"{shown} cannot be read: {error.strerror}") from None
    if len(data) > _MAX_BYTES:
        raise Unreadable(f"{shown} is larger than {_MAX_BYTES // 1024 // 1024} MiB, which no script is")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(f"{shown} is not UTF-8 text: see its byte {error.start}") from None
    return Source("<stdin>" if file == "-" else file, text.replace("\r\n", "\n"))


def is_query(file: str, as_query: bool) -> bool:
    """Whether a file holds a query."""
    return as_query or file.endswith(".trickle")


def compile_text(
    compile_one: Callable[..., _Compiled], source: Source, module_path: Sequence[Path], dialect: str
) -> _Compiled:
    """Compile, and print what there is to warn of. Raises `click.exceptions.Exit` after printing all errors."""
    from pipelines.language import CompileError

    try:
        compiled = compile_one(source, source.name, module_path, dialect)
    except CompileError as error:
        print_language_problems(error.diagnostics)
        raise click.exceptions.Exit(ExitCode.INVALID_DEPLOYMENT) from None
    print_language_problems(compiled.warnings)
    return compiled


def print_language_problems(diagnostics: Iterable[Diagnostic]) -> None:
    """Errors and warnings with their places, on the standard error."""
    for diagnostic in diagnostics:
        click.echo(diagnostic.render(), err=True, nl=False)


def print_language_error(where: str, error: LanguageError) -> None:
    """What went wrong with one event, behind what was written so far."""
    sys.stdout.flush()
    click.echo(f"{where}:\n{error.render()}", err=True, nl=False)
