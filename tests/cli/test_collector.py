"""The command settles the collector of garbage; nobody else does."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import gc
from supervisor.collector import THRESHOLDS, settle_collector
before = gc.get_threshold()
import supervisor.deployment.deployment
assert gc.get_threshold() == before and gc.get_freeze_count() == 0
settle_collector()
assert gc.get_threshold() == THRESHOLDS and gc.get_freeze_count() > 10_000
"""

RUN = """
import gc, sys
from click.testing import CliRunner
from supervisor.cli import main
result = CliRunner().invoke(main, ["run", sys.argv[1]])
assert result.exit_code == 0, result.output
assert gc.get_freeze_count() > 10_000
"""


def test_settling_freezes_what_is_there_and_nothing_does_so_at_import() -> None:
    subprocess.run([sys.executable, "-c", PROGRAM], check=True, timeout=60)


def test_the_command_settles_it_once_everything_has_started(tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "in.jsonl").write_text("1\n")
    (tmp_path / "config.toml").write_text(
        '[onramps.in]\ntype = "file"\npath = "in.jsonl"\n'
        '[offramps.out]\ntype = "blackhole"\n[flows.main]\nlinks = ["in -> out"]\n'
    )
    program = [sys.executable, "-c", RUN, str(tmp_path / "config.toml")]
    subprocess.run(program, check=True, timeout=60, cwd=tmp_path)
