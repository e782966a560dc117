"""``supervisor tap``: events that pass at an edge of a running deployment, as they pass."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from supervisor.cli.engine import Engine, engine_options
from supervisor.cli.targets import TargetArgument
from supervisor.deployment.problem import printable

__all__ = ["command"]

_MAX_SHOWN = 100_000


@click.command("tap")
@click.argument("edge", type=TargetArgument(with_flows=False))
@engine_options
@click.option(
    "--filter", "expression", metavar="EXPR", default="", help="Only events for which this expression holds."
)
@click.option("--count", type=click.IntRange(min=1), help="End after so many events.")
@click.option(
    "--per-second",
    type=click.FloatRange(min=0, min_open=True, max=1000),
    default=10.0,
    show_default=True,
    help="At most so many events a second, of each executor.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object a line.")
def command(
    edge: str,
    engine: Engine,
    expression: str,
    count: int | None,
    per_second: float,
    as_json: bool,
    **_token: object,
) -> None:
    """Show events that pass at an edge of a running deployment, until Ctrl-C.

    \b
    EDGE is   pipeline:main/parse        for what leaves it by `out`,
              pipeline:main/parse/err    for what leaves it by `err`,
              "> pipeline:main/parse"    for what comes in to it.

    The kind may be left out (`main/parse`), and of an offramp it is what comes in. Long values are cut, and what stands
    under keys such as `password` is hidden. How many events passed that are not shown is on the standard error.
    """
    console = Console(highlight=False, markup=False, soft_wrap=True)
    shown = 0
    for name, data in engine.tap(edge, expression, count, per_second):
        if name == "event":
            shown += 1
            if as_json:
                # In ASCII, because a terminal may obey other characters than those that JSON has to escape.
                click.echo(json.dumps(data))
            else:
                console.print(_line(data))
        elif name == "missed":
            click.echo(f"… {data.get('count')} more", err=True)
        elif name == "waiting":
            click.echo(f"Waiting: {printable(str(data.get('why')), 1000)}", err=True)
    if shown != count:
        click.echo("The engine has ended.", err=True)


def _line(event: dict[str, Any]) -> Text:
    at = datetime.fromtimestamp(event["at_ns"] / 1e9)
    text = Text(f"{at:%H:%M:%S.%f}"[:-3], "dim")
    executor = f" @{event['executor']}" if event["executor"] else ""
    text.append(f" {printable(str(event['edge']), 200)}{executor} ", "cyan")
    text.append(_json(event["value"]), "default")
    if event["meta"]:
        text.append(" meta=", "dim").append(_json(event["meta"]), "default")
    return text


def _json(value: Any) -> str:
    return printable(json.dumps(value, ensure_ascii=False), _MAX_SHOWN)
