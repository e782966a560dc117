import os
import select
import sys
from pathlib import Path

import pytest

from benchmarks.throughput.process import RunFailed, Sample, Usage, run_together

FOREVER = "import time\nwhile True: time.sleep(0.1)  # the thing under test"


def run(tmp_path: Path, *programs: str, deadline_seconds: float = 30, most_bytes: int = 2**34) -> Usage:
    return run_together(
        [[sys.executable, "-c", program] for program in programs],
        tmp_path,
        deadline_seconds=deadline_seconds,
        most_bytes=most_bytes,
        wait_for="here",
    )


def test_it_waits_for_all_and_keeps_what_they_said_and_took(tmp_path: Path) -> None:
    usage = run(
        tmp_path,
        "print(1)",
        "import sys, time; print('here', file=sys.stderr, flush=True); time.sleep(.3); print(2)",
    )
    assert usage.outputs == ["1\n", "2\n"]
    assert usage.peak_bytes > 2**20
    assert usage.seen_at_ns is not None


@pytest.mark.parametrize(
    ("program", "limits", "complaint"),
    [
        ("import sys; sys.exit('no luck')", {}, "ended with code 1: no luck"),
        (FOREVER, {"deadline_seconds": 0.0}, "was not done"),
        (FOREVER, {"most_bytes": 1}, "took more than"),
    ],
)
def test_one_that_does_not_end_well_ends_the_others(
    tmp_path: Path, program: str, limits: dict[str, float], complaint: str
) -> None:
    with pytest.raises(RunFailed, match=complaint):
        run(tmp_path, FOREVER, program, **limits)  # type: ignore[arg-type]


def test_what_a_process_started_ends_with_it(tmp_path: Path) -> None:
    program = (
        "import subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-c', {FOREVER!r}])\n"
        "print(child.pid)\n"
    )
    pid = int(run(tmp_path, program).outputs[0])
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        # It is readable when the process has ended.
        assert select.select([descriptor], [], [], 10)[0]
    finally:
        os.close(descriptor)


def test_cpu_and_memory_are_those_of_the_time_that_was_measured() -> None:
    second = 10**9
    usage = Usage([Sample(n * second, 100 if n < 3 else 110, float(max(0, n - 2))) for n in range(9)])
    assert usage.cpu_between(0, 2 * second) == 0.0
    assert usage.cpu_between(2 * second, 8 * second) == 1.0
    assert usage.cpu_between(second, 3 * second) == 0.5
    assert usage.growth_between(0, 8 * second) == pytest.approx(110 / (320 / 3))
    assert usage.growth_between(20 * second, 21 * second) is None
