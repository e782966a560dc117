"""``supervisor top``: what each component does right now, again and again."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict

import click
from rich.console import Console
from rich.live import Live
from rich.table import Table

from supervisor.cli.engine import Engine, engine_options
from supervisor.deployment.problem import printable
from supervisor.deployment.summary import format_size_roughly
from supervisor.observation.rates import ComponentRates, rates_between
from supervisor.observation.snapshot import Snapshot

__all__ = ["command"]

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

    Latency is the age of events when an offramp had written them. Ctrl-C ends it.
    """
    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False, markup=False)
    live = Live(console=console, auto_refresh=False, screen=console.is_terminal)
    shows_live = console.is_terminal and not once and not as_json
    before = engine.snapshot()
    if shows_live:
        live.start()
    try:
        while True:
            time.sleep(interval)  # this process only looks; nobody else's greenlets are in it
            now = engine.snapshot()
            rows = _chosen(rates_between(before, now), sort, text)
            before = now
            if as_json:
                click.echo(json.dumps({"at_ns": now.at_ns, "components": [asdict(row) for row in rows]}))
            elif shows_live:
                live.update(_table(now, rows), refresh=True)
            else:
                console.print(_table(now, rows))
            if once:
                return
    finally:
        live.stop()


def _chosen(rows: list[ComponentRates], sort: str, text: str) -> list[ComponentRates]:
    rows = [row for row in rows if text in row.name]
    if sort == "name":
        return sorted(rows, key=lambda row: (row.name, row.executor))
    return sorted(rows, key=_SORT[sort], reverse=True)


def _table(snapshot: Snapshot, rows: list[ComponentRates]) -> Table:
    lag = max((process.hub_lag_seconds for process in snapshot.processes), default=0.0)
    memory = sum(process.memory_bytes for process in snapshot.processes)
    table = Table(
        title=f"{printable(snapshot.file, 200)}: {snapshot.state}, {format_size_roughly(memory)}, "
        f"hub lag {_time(lag)}, {snapshot.dead_letters:,} dead letters"
    )
    table.add_column("component", overflow="fold")
    table.add_column("state")
    for heading in ("in/s", "out/s", "bytes/s", "p50", "p99", "fill", "cpu", "drop/s", "err/s", "restarts"):
        table.add_column(heading, justify="right")
    table.add_column("waits for", overflow="fold")
    for row in rows:
        table.add_row(
            row.name if not row.executor else f"{row.name} @{row.executor}",
            row.state,
            f"{row.events_in:,.0f}",
            f"{row.events_out:,.0f}",
            format_size_roughly(round(row.bytes)),
            _time(row.p50_seconds),
            _time(row.p99_seconds),
            f"{row.fill:.0%}",
            f"{row.utilisation:.0%}",
            f"{row.dropped:,.0f}",
            f"{row.errors:,.0f}",
            str(row.restarts),
            row.blocked_on,
            style=None if row.state in ("running", "ended") else "bold yellow",
        )
    return table


def _time(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"{seconds * 1000:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"
