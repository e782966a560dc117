"""``supervisor language``: what a script or query is to the compiler, for people and for editors."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from supervisor.cli.exit_codes import ExitCode
from supervisor.cli.language_text import (
    DIALECT,
    MODULE_PATH,
    QUERY,
    Unreadable,
    compile_text,
    find_source,
    is_query,
    print_language_problems,
    read_source,
)
from supervisor.cli.output import print_json

if TYPE_CHECKING:
    from pipelines.language import Diagnostic, Source

__all__ = ["command"]


@click.group("language")
def command() -> None:
    """Look at a script or query as the compiler does."""


@command.command("ast")
@click.argument("file")
@QUERY
@DIALECT
def ast_command(file: str, as_query: bool, dialect: str) -> None:
    """Print the syntax tree of FILE (`-`: the standard input) as JSON, with places. Modules are not included."""
    from pipelines.language.diagnostic import Problems
    from pipelines.language.dialect import find_dialect
    from pipelines.language.lexer import tokenize
    from pipelines.language.parser import parse_query, parse_script
    from pipelines.language.tree_text import describe

    source, problems, found = read_source(file), Problems(), find_dialect(dialect)
    tokens = tokenize(source, found, problems)
    parse = parse_query if is_query(file, as_query) else parse_script
    root = parse(tokens, found, problems)
    if problems.errors:
        print_language_problems(problems.errors)
        raise click.exceptions.Exit(ExitCode.INVALID_DEPLOYMENT)
    print_json(describe(root))


@command.command("python")
@click.argument("file")
@QUERY
@MODULE_PATH
@DIALECT
def python_command(file: str, as_query: bool, module_path: tuple[Path, ...], dialect: str) -> None:
    """Print the Python that FILE is compiled to (`-`: the standard input). For reading only."""
    from pipelines.language import compile_query, compile_script

    source = read_source(file)
    if is_query(file, as_query):
        text = compile_text(compile_query, source, module_path, dialect).python_source()
    else:
        text = compile_text(compile_script, source, module_path, dialect).python_source()
    click.echo(text.rstrip("\n"))


@command.command("check")
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for editors on the standard output.")
@QUERY
@MODULE_PATH
@DIALECT
@click.pass_context
def check_command(
    ctx: click.Context,
    files: tuple[str, ...],
    as_json: bool,
    as_query: bool,
    module_path: tuple[Path, ...],
    dialect: str,
) -> None:
    """Find everything that is wrong with scripts and queries (`-`: the standard input).

    Exits with 3 if there is an error; warnings alone are 0. `--json` prints an object of `ok` and `diagnostics`, each
    with severity, code, message, hint, file, and the line and column of its beginning and end.
    """
    from pipelines.language.diagnostic import Diagnostic, Severity

    found: list[Diagnostic] = []
    for file in files:
        try:
            source = find_source(file)
        except Unreadable as error:
            found.append(Diagnostic(str(error), None, code="unreadable"))
        else:
            found += _diagnostics(source, is_query(file, as_query), module_path, dialect)
    wrong = any(diagnostic.severity is Severity.ERROR for diagnostic in found)
    if as_json:
        print_json({"ok": not wrong, "diagnostics": [diagnostic.as_json() for diagnostic in found]})
    else:
        print_language_problems(found)
    if wrong:
        ctx.exit(ExitCode.INVALID_DEPLOYMENT)


def _diagnostics(
    source: Source, query: bool, module_path: Sequence[Path], dialect: str
) -> tuple[Diagnostic, ...]:
    from pipelines.language import CompileError, compile_query, compile_script

    try:
        if query:
            return compile_query(source, source.name, module_path, dialect).warnings
        return compile_script(source, source.name, module_path, dialect).warnings
    except CompileError as error:
        return error.diagnostics
