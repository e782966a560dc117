"""The deployment that is measured: a TOML file beside its data and its Python, run by the command itself."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

from benchmarks.throughput import workload
from benchmarks.throughput.language import query_text, script_text
from benchmarks.throughput.process import RunFailed
from benchmarks.throughput.variants import Variant

__all__ = [
    "BURST",
    "DELIVERIES",
    "PIPELINES",
    "STARTED",
    "command",
    "deployment_text",
    "executors_refused",
    "read_reports",
    "write_deployment",
]

STARTED = "Started, "
"""What the command says when all components run."""

PIPELINES = ("python", "script", "query")
"""What the classification may be written in."""

DELIVERIES = ("best-effort", "tickets", "wal-never", "wal-interval", "wal-always")
"""How much is promised: nothing, or at-least-once, without a wal or with one that waits for the disk as it says."""

_MODULE = "workload.py"

BURST = 10
"""Events that an onramp sends at a time where it is not to send all that it can: clients flush more than one, too."""


def deployment_text(
    variant: Variant,
    *,
    pipeline: str = "python",
    delivery: str = "best-effort",
    warm_up: float = 0.0,
    seconds: float = 0.0,
    interval: float | None = None,
    count: int | None = None,
    offramp: str | None = None,
) -> str:
    """The TOML file. ``pipeline`` is one of `PIPELINES`, ``delivery`` of `DELIVERIES`; ``interval`` is between two
    bursts of one onramp; ``count`` and ``offramp`` are for tests.
    """
    codec = f'codec = {{ name = "json", engine = "{variant.engine}" }}'
    pace = "" if interval is None else f'interval = "{interval * 1e6:.3f}us"\nburst = {BURST}\n'
    pace += "" if count is None else f"count = {count}\n"
    sink = offramp or (
        f'type = "blackhole"\nreport = "report"\nwarm_up = "{warm_up:.3f}s"\nstop_after = "{seconds:.3f}s"'
    )
    wal = delivery.removeprefix("wal-") if delivery.startswith("wal-") else None
    stages = "work" if wal is None else "keep -> work"
    executors = f"executors = {variant.executors}\n" if variant.executors > 1 else ""
    return f"""\
# {variant}

[supervisor]
{executors}drain_timeout = "60s"
{"" if delivery == "best-effort" else 'dead_letters = "dead-letters.db"'}

[onramps.load]
type = "blaster"
path = "events.json"
{pace}{codec}

[pipelines.work]
{_pipeline_text(pipeline, variant.flow)}

{"" if wal is None else _wal_text(wal)}
[offramps.out]
{sink}
{codec}

[flows.main]
instances = {variant.shape}
shared = ["out"]
guarantee = "{"best-effort" if delivery == "best-effort" else "at-least-once"}"
links = ["load -> {stages} -> out"{"" if pipeline == "query" else ', "work/overflow -> out"'}]
"""


def _wal_text(fsync: str) -> str:
    return f"""\
[pipelines.keep]
operators = [{{ type = "wal", path = "events.wal", fsync = "{fsync}" }}]
"""


def _pipeline_text(pipeline: str, flow: str) -> str:
    if pipeline == "query":
        return f"query = '''\n{query_text(flow)}'''"
    classify = f'type = "python", function = "workload:classify_{flow}"'
    if pipeline == "script":
        classify = f'type = "script", file = "{flow}.tremor"'
    return f"""\
operators = [
    {{ {classify} }},
    {{ type = "bucket" }},     # class, rate and dimensions are in the metadata
]"""


def write_deployment(directory: Path, text: str, data: Path) -> Path:
    """Put everything that the command needs into an empty directory, and return the path of the TOML file."""
    file = directory / "config.toml"
    file.write_text(text.replace('"report"', json.dumps(str(directory / "report"))), encoding="utf-8")
    (directory / "report").mkdir()
    shutil.copy(workload.__file__, directory / _MODULE)
    for flow in workload.FUNCTIONS:
        (directory / f"{flow}.tremor").write_text(script_text(flow), encoding="utf-8")
    shutil.copy(data, directory / "events.json")
    return file


def command(file: Path) -> list[str]:
    """The command line. Raises `RunFailed` where Aftershock is not installed beside this Python."""
    script = Path(sys.executable).with_name("supervisor")
    if not script.exists():
        raise RunFailed(
            f"there is no {script}; run `make .venv/.dev`, and use the Python of that environment"
        )
    return [str(script), "run", str(file)]


def read_reports(directory: Path) -> list[dict[str, Any]]:
    """What each copy of the blackhole wrote."""
    reports = [
        json.loads(file.read_text(encoding="utf-8")) for file in sorted((directory / "report").glob("*.json"))
    ]
    if not reports:
        raise RunFailed("the blackhole wrote no report: it got no event")
    return reports


def executors_refused(executors: int) -> str | None:
    """Why this version of Aftershock does not run so many executors; None where it does."""
    from pydantic import ValidationError

    from supervisor.deployment.schema import SupervisorTable

    try:
        SupervisorTable.model_validate({"executors": executors})
    except ValidationError as error:
        return str(error.errors()[0]["msg"]).removeprefix("Value error, ")
    return None
