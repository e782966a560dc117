"""``supervisor logs``: what a running deployment has logged lately, and what it logs."""

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

_STYLES = {"warning": "yellow", "error": "bold red", "debug": "dim"}
_MAX_SHOWN = 2000
# For people, the message says it all.
_NOT_FOR_PEOPLE = ("logger", "traceback", "exception", "supervisor", "delay_seconds", "child", "actor")


@click.command("logs")
@click.argument("component", default="", type=TargetArgument(with_flows=True))
@engine_options
@click.option("--follow", "-f", is_flag=True, help="Go on with what is logged from now on, until Ctrl-C.")
@click.option(
    "--level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="debug",
    show_default=True,
    help="Only of this level and above.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1, max=2000),
    default=100,
    show_default=True,
    help="At most so many of the latest.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object a line.")
def command(
    component: str, engine: Engine, follow: bool, level: str, limit: int, as_json: bool, **_token: object
) -> None:
    """Print what a running deployment has logged lately.

    COMPONENT is a component, such as `pipeline:main/parse` or `main/parse`, or a flow, such as `flow:main`; without it,
    all of the log is shown. The engine keeps the latest two thousand records.
    """
    console = Console(highlight=False, markup=False, soft_wrap=True)
    entries = engine.logs(component, level, limit)
    for entry in entries:
        _print(console, entry, as_json)
    if not follow:
        return
    for name, data in engine.follow_logs(component, level, entries[-1]["id"] if entries else None):
        if name == "log":
            _print(console, data, as_json)
        elif name == "missed":
            click.echo(f"{data.get('records')} records came too fast to be shown", err=True)


def _print(console: Console, entry: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(entry))
    else:
        console.print(_line(entry))


def _line(entry: dict[str, Any]) -> Text:
    level = str(entry["level"])
    local = datetime.fromisoformat(entry["time"]).astimezone()
    place = printable(str(entry["component"]), 200)
    message = printable(str(entry["message"]), _MAX_SHOWN)
    text = Text(f"{local:%H:%M:%S} ")
    text.append(f"[{level:7}] ", _STYLES.get(level, ""))
    text.append(f"{place}: {message}" if place and place not in message else message)
    fields = {name: value for name, value in entry["fields"].items() if name not in _NOT_FOR_PEOPLE}
    if entry["executor"]:
        fields["executor"] = entry["executor"]
    for name, value in fields.items():
        text.append(f" {printable(name, 100)}=", "dim").append(printable(str(value), _MAX_SHOWN))
    return text
