"""The table of ``supervisor top``: as many columns and rows as fit, the most useful first."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from rich import box
from rich.cells import cell_len
from rich.console import Group
from rich.table import Table
from rich.text import Text

from supervisor.deployment.problem import printable
from supervisor.deployment.summary import format_size_roughly
from supervisor.observation.rates import ComponentRates
from supervisor.observation.snapshot import Snapshot

__all__ = ["rates_table"]

_GAP = 3
_EDGES = 2
# The title, the heading with its line, the notes, and an empty line on either side of the table.
_OTHER_LINES = 6
_MAX_NAME = 40


class _Column(NamedTuple):
    heading: str
    rank: int
    """The higher, the sooner it is left out."""
    cell: Callable[[ComponentRates], str]
    is_text: bool = False


def _name(row: ComponentRates) -> str:
    return row.name if not row.executor else f"{row.name} @{row.executor}"


_COLUMNS = (
    _Column("component", 0, _name, is_text=True),
    _Column("state", 1, lambda row: row.state, is_text=True),
    _Column("in/s", 2, lambda row: f"{row.events_in:,.0f}"),
    _Column("out/s", 3, lambda row: f"{row.events_out:,.0f}"),
    _Column("bytes/s", 12, lambda row: format_size_roughly(round(row.bytes))),
    _Column("p50", 11, lambda row: _time(row.p50_seconds)),
    _Column("p99", 6, lambda row: _time(row.p99_seconds)),
    _Column("fill", 4, lambda row: f"{row.fill:.0%}"),
    _Column("cpu", 9, lambda row: f"{row.utilisation:.0%}"),
    _Column("drop/s", 5, lambda row: f"{row.dropped:,.0f}"),
    _Column("err/s", 7, lambda row: f"{row.errors:,.0f}"),
    _Column("restarts", 10, lambda row: str(row.restarts)),
    _Column("waits for", 8, lambda row: row.blocked_on, is_text=True),
)


def rates_table(
    snapshot: Snapshot, rows: list[ComponentRates], width: int, height: int | None = None
) -> Group:
    """What fits into so many columns, and so many lines if it is for a screen; the last line says what does not."""
    most = len(rows) if height is None else max(1, height - _OTHER_LINES)
    columns = _columns_within(width, rows[:most])
    table = Table(box=box.SIMPLE_HEAD)
    for column in columns:
        if column.is_text and height is None:
            table.add_column(column.heading, overflow="fold")
        else:
            table.add_column(column.heading, justify="left" if column.is_text else "right", no_wrap=True)
    for row in rows[:most]:
        table.add_row(
            *(printable(column.cell(row), 300) for column in columns),
            style=None if row.state in ("running", "ended") else "bold yellow",
        )
    left_out = [column.heading for column in _COLUMNS if column not in columns]
    notes = ["q ends"] if height is not None else []
    notes += [f"{len(rows) - most:,} more rows (--sort, --filter)"] if len(rows) > most else []
    notes += [f"too narrow for {', '.join(left_out)}"] if left_out else []
    return Group(_line(_title(snapshot), "bold"), table, *([_line("; ".join(notes), "dim")] if notes else []))


def _line(text: str, style: str) -> Text:
    return Text(text, style, no_wrap=True, overflow="ellipsis")


def _columns_within(width: int, rows: list[ComponentRates]) -> list[_Column]:
    room = width - _EDGES
    chosen: list[_Column] = []
    for column in sorted(_COLUMNS, key=lambda column: column.rank):
        cells = [cell_len(column.heading), *(cell_len(column.cell(row)) for row in rows)]
        needed = min(max(cells), _MAX_NAME) + _GAP
        if chosen and needed > room:
            # What is less useful may be narrower, but would then seem to be all that there is.
            break
        chosen.append(column)
        room -= needed
    return [column for column in _COLUMNS if column in chosen]


def _title(snapshot: Snapshot) -> str:
    lag = max((process.hub_lag_seconds for process in snapshot.processes), default=0.0)
    memory = sum(process.memory_bytes for process in snapshot.processes)
    return (
        f"{printable(snapshot.file, 200)}: {snapshot.state}, {format_size_roughly(memory)}, "
        f"hub lag {_time(lag)}, {snapshot.dead_letters:,} dead letters"
    )


def _time(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"{seconds * 1000:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"
