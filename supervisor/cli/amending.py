"""``supervisor add`` and ``remove``: flows of a deployment that runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from supervisor.cli.engine import Engine, Refused, engine_options
from supervisor.cli.exit_codes import ExitCode
from supervisor.cli.output import print_json

__all__ = ["add", "remove"]

_DONE = {"comes": "Added", "changes": "Changed", "relinked": "Linked anew", "leaves": "Removed"}


@click.command("add", short_help="Add flows to a running deployment.")
@click.argument("file", type=click.Path(path_type=Path))
@engine_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def add(file: Path, engine: Engine, as_json: bool, **_token: object) -> None:
    """Add the flows in FILE to a running deployment, with the components that they need.

    FILE has [flows.NAME], and what of [onramps], [pipelines] and [offramps] the deployment does not have. Relative
    paths in it are looked for beside the deployment's file. A reload of that file takes added flows out again.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        click.echo(f"error: {file} cannot be read: {error}", err=True)
        sys.exit(ExitCode.INVALID_DEPLOYMENT)
    try:
        changed = engine.add(text)
    except Refused as refused:
        from supervisor.deployment.amend import ADDED_FILE

        # The engine knows no name of it.
        raise Refused(refused.message.replace(ADDED_FILE, str(file))) from None
    _show(changed, as_json)


@click.command("remove", short_help="Take a flow out of a running deployment.")
@click.argument("flow")
@engine_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def remove(flow: str, engine: Engine, as_json: bool, **_token: object) -> None:
    """Take FLOW out of a running deployment, and the components that only it has.

    Returns when what is under way in it has arrived.
    """
    _show(engine.remove(flow.removeprefix("flow:")), as_json)


def _show(changed: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(changed)
        return
    for change in changed["components"]:
        if change["change"] in _DONE:
            click.echo(f"{_DONE[change['change']]} {change['name']}")
