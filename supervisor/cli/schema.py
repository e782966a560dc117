"""``supervisor schema``."""

from __future__ import annotations

import click

from supervisor.cases.schema import case_file_schema
from supervisor.cli.output import print_json
from supervisor.deployment.json_schema import deployment_schema

__all__ = ["command"]


@click.command("schema")
@click.option("--tests", is_flag=True, help="That of *.test.toml instead.")
def command(tests: bool) -> None:
    """Print the JSON Schema of deployments, for editors.

    With `#:schema ./deployment.schema.json` in the first line of a file, editors that know TOML schemas complete its
    keys and mark what is wrong. Options of components of other installed distributions are in it.
    """
    print_json(case_file_schema() if tests else deployment_schema())
