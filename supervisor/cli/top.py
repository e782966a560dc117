"""``supervisor top``: what each component does right now, again and again."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from functools import partial

import click
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from supervisor.cli.engine import Engine, engine_options
from supervisor.cli.exit_codes import ExitCode
from supervisor.cli.keys import Keys
from supervisor.cli.rates_table import rates_table
from supervisor.observation.rates import ComponentRates, rates_between

__all__ = ["command"]

_END = "qQ"

_SORT: dict[str, Callable[[ComponentRates], float]] = {
    "in": lambda row: row.events_in,
    "out": lambda row: row.events_out,
    "bytes": lambda row: row.bytes,
    "latency": lambda row: row.p99_seconds or 0.0,
    "fill": lambda row: row.fill,
    "cpu": lambda row: row.utilisation,
    "dropped": lambda row: row.dropped,
    "restarts": lambda row: row.restarts,
}


@click.command("top")
@engine_options
@click.option(
    "--interval",
    type=click.FloatRange(min=0.1, max=3600),
    default=1.0,
    show_default=True,
    help="Seconds between two looks.",
)
@click.option(
    "--sort",
    type=click.Choice([*_SORT, "name"]),
    default="name",
    show_default=True,
    help="Which component comes first; the largest, or by name.",
)
@click.option(
    "--filter", "text", metavar="TEXT", default="", help="Only components whose name has TEXT in it."
)
@click.option("--once", is_flag=True, help="Print one table, and end.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object a line for each look.")
def command(
    engine: Engine, interval: float, sort: str, text: str, once: bool, as_json: bool, **_token: object
) -> None:
    """Show rates, bytes, latency, mailboxes, processor time, restarts and drops of a running deployment.

    Latency is the age of events when an offramp had written them. A narrow terminal shows the most useful columns. `q`
    or Ctrl-C ends it.
    """
    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False, markup=False)
    shows_live = console.is_terminal and not once and not as_json
    with _screen(console) if shows_live else nullcontext((console.print, _sleep)) as (show, ends_within):
        before = engine.snapshot()
        while not ends_within(interval):
            now = engine.snapshot()
            rows = _chosen(rates_between(before, now), sort, text)
            before = now
            if as_json:
                click.echo(json.dumps({"at_ns": now.at_ns, "components": [asdict(row) for row in rows]}))
            else:
                show(rates_table(now, rows, console.width, console.height if shows_live else None))
            if once:
                return


def _sleep(seconds: float) -> bool:
    time.sleep(seconds)  # this process only looks; nobody else's greenlets are in it
    return False


@contextmanager
def _screen(console: Console) -> Iterator[tuple[Callable[[Group], None], Callable[[float], bool]]]:
    """The terminal's other screen, for as long as tables are shown; then all is as it was before. What shows one, and
    what waits for so many seconds and says whether there was a key to end it.
    """
    live = Live(Text("Counting …"), console=console, auto_refresh=False, screen=True)
    # By default it would end the process where it is.
    before = signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(ExitCode.TERMINATED))
    try:
        with Keys() as keys, live:
            live.refresh()
            yield partial(live.update, refresh=True), partial(keys.wait_for, _END)
    finally:
        signal.signal(signal.SIGTERM, before)


def _chosen(rows: list[ComponentRates], sort: str, text: str) -> list[ComponentRates]:
    rows = [row for row in rows if text in row.name]
    if sort == "name":
        return sorted(rows, key=lambda row: (row.name, row.executor))
    return sorted(rows, key=_SORT[sort], reverse=True)
