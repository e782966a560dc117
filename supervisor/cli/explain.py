"""``supervisor explain``."""

from __future__ import annotations

import shutil
import textwrap
from dataclasses import asdict
from typing import Any

import click
from click.shell_completion import CompletionItem
from pydantic import BaseModel

from pipelines.registry import Component
from supervisor.cli.output import print_json
from supervisor.deployment.describe import OptionDescription, describe_options
from supervisor.deployment.families import FAMILIES, components_called
from supervisor.deployment.problem import closest, printable
from supervisor.deployment.schema import (
    PIPELINE_KINDS,
    FlowTable,
    OfframpTable,
    OnrampTable,
    PipelineTable,
    SupervisorTable,
)
from supervisor.deployment.toml_text import toml_value

__all__ = ["command"]

_COMMON: dict[str, type[BaseModel]] = {"onramp": OnrampTable, "offramp": OfframpTable}

_TABLES: dict[str, tuple[str, str, type[BaseModel]]] = {
    "pipeline": (
        "[pipelines.NAME]",
        f"What is done with events: exactly one of {', '.join(PIPELINE_KINDS)}.",
        PipelineTable,
    ),
    "flow": ("[flows.NAME]", "Which components are linked to each other.", FlowTable),
    "supervisor": ("[supervisor]", "What holds for the whole deployment.", SupervisorTable),
}
"""The tables of a file that are no component of a family."""


def _complete(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    prefixed = "/" in incomplete
    names = {
        f"{registry.family}/{name}" if prefixed else name
        for registry in FAMILIES.values()
        for name in registry.names()
    }
    return [CompletionItem(name) for name in sorted({*names, *_TABLES}) if name.startswith(incomplete)]


@click.command("explain")
@click.argument("name", shell_complete=_complete)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(name: str, as_json: bool) -> None:
    """Explain a component: what it is for, its options with types and defaults, an example.

    A NAME that several families have (`file` is an onramp and an offramp) explains all of them; `onramp/file` is one.
    `pipeline`, `flow` and `supervisor` explain the keys of these tables.
    """
    if name in _TABLES:
        _explain_table(*_TABLES[name], as_json=as_json)
        return
    found = components_called(name)
    if not found:
        bare = name.rpartition("/")[2]
        known = {*_TABLES} | {member for registry in FAMILIES.values() for member in registry.names()}
        hint = closest(bare, known)
        hint = hint if hint.startswith("did") else "`supervisor list onramps` and its like name all of them"
        raise click.UsageError(f"there is no component called `{printable(name, 60)}`; {hint}")
    if as_json:
        print_json([_to_json(family, member) for family, member in found])
        return
    for index, (family, member) in enumerate(found):
        if index:
            click.echo()
        _explain(family, member)


def _explain_table(header: str, summary: str, table: type[BaseModel], *, as_json: bool) -> None:
    options = describe_options(table)
    if as_json:
        print_json([{"table": header, "summary": summary, "options": [asdict(option) for option in options]}])
        return
    click.echo(f"{click.style(header, bold=True)}\n  {summary}\n")
    _print_options("Keys", options)


def _to_json(family: str, member: type[Component]) -> dict[str, Any]:
    common = _COMMON.get(family)
    return {
        "family": family,
        "name": member.name,
        "summary": member.summary,
        "options": [asdict(option) for option in describe_options(member.Options)],
        "common_options": [asdict(option) for option in describe_options(common)] if common else [],
        "defaults": _ramp_defaults(member),
        "example": member.example.strip("\n"),
    }


def _ramp_defaults(member: type[Component]) -> dict[str, Any]:
    """What stands for the common keys that a file leaves out, where that depends on the connector."""
    defaults: dict[str, Any] = {}
    for attribute, key in (
        ("default_codec", "codec"),
        ("default_preprocessors", "preprocessors"),
        ("default_postprocessors", "postprocessors"),
    ):
        if hasattr(member, attribute):
            value = getattr(member, attribute)
            defaults[key] = list(value) if isinstance(value, tuple) else value
    return defaults


def _explain(family: str, member: type[Component]) -> None:
    click.echo(f"{click.style(family, dim=True)} {click.style(member.name, bold=True)}")
    click.echo(f"  {member.summary}\n")
    options = describe_options(member.Options)
    if options:
        _print_options("Options", options)
    else:
        click.echo("It has no options of its own.\n")
    common = _COMMON.get(family)
    if common is not None:
        shared = [option for option in describe_options(common) if option.name != "type"]
        _print_options(f"Options that every {family} takes", shared, _ramp_defaults(member))
    if member.example:
        click.secho("Example", bold=True)
        click.echo(textwrap.indent(textwrap.dedent(member.example).strip("\n"), "  "))


def _print_options(
    title: str, options: list[OptionDescription], defaults: dict[str, Any] | None = None
) -> None:
    width = min(shutil.get_terminal_size().columns, 100)
    click.secho(title, bold=True)
    for option in options:
        default = option.default
        if defaults and option.name in defaults:
            default = toml_value(defaults[option.name])
        note = option.obligation or ("" if default else "optional")
        line = click.style(option.name, bold=True) + (f" = {default}" if default else "")
        click.echo(f"  {line}  " + click.style(f"({', '.join(filter(None, [note, option.type]))})", dim=True))
        if option.description:
            click.echo(
                textwrap.fill(option.description, width, initial_indent=" " * 6, subsequent_indent=" " * 6)
            )
    click.echo()
