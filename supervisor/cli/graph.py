"""``supervisor graph``."""

from __future__ import annotations

from pathlib import Path

import click

from supervisor.cli.output import FILE_ARGUMENT, without_foreign_output
from supervisor.deployment.check import plan_file
from supervisor.deployment.drawing.diagram import diagram_of
from supervisor.deployment.drawing.svg import to_svg
from supervisor.deployment.drawing.text_formats import to_dot, to_json, to_mermaid
from supervisor.executors.placement import places_in_words

__all__ = ["command"]

_FORMATS = {"mermaid": to_mermaid, "dot": to_dot, "svg": to_svg, "json": to_json}


@click.command("graph")
@FILE_ARGUMENT
@click.option(
    "--format",
    "picture_format",
    type=click.Choice(list(_FORMATS)),
    default="mermaid",
    show_default=True,
    help="What to draw.",
)
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file instead."
)
def command(file: str, picture_format: str, output: Path | None) -> None:
    """Draw a deployment: flows, components, links and ports, how many copies there are, and in which executors.

    SVG needs no other program. Mermaid can stand in Markdown; DOT is for Graphviz, JSON for your own.
    """
    with without_foreign_output():
        plan, _warnings = plan_file(Path(file))
    picture = _FORMATS[picture_format](diagram_of(plan, places_in_words(plan)))
    if output is None:
        click.echo(picture, nl=False)
        return
    try:
        output.write_text(picture, encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"{output} cannot be written: {error.strerror}") from None
