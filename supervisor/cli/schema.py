"""``supervisor schema``."""

from __future__ import annotations

import click

from supervisor.cli.output import print_json
from supervisor.deployment.json_schema import deployment_schema

__all__ = ["command"]


@click.command("schema")
def command() -> None:
    """Print the JSON Schema of deployments, for editors.

    With `#:schema ./deployment.schema.json` in the first line of a file, editors that know TOML schemas complete its
    keys and mark what is wrong. Options of components of other installed distributions are in it.
    """
    print_json(deployment_schema())
