from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.throughput.process import RunFailed, Running
from benchmarks.throughput.turns import Entrant, rate_of, run_in_turns

SECOND = 10**9

# Says that it works, and then when it ran, to the millisecond, until it has used so much CPU time.
BUSY = """
import sys, time
print("here", file=sys.stderr, flush=True)
seen = set()
while time.process_time() < {cpu_seconds}:
    seen.add(time.time_ns() // 1_000_000)
print(*sorted(seen))
"""


def entrant(tmp_path: Path, name: str, *programs: str) -> Entrant:
    directory = tmp_path / name
    directory.mkdir()

    def start() -> list[Running]:
        return [
            Running([sys.executable, "-c", program], directory, number)
            for number, program in enumerate(programs)
        ]

    return Entrant(name, directory, start, wait_for="here")


def run(*entrants: Entrant, deadline_seconds: float = 60.0) -> None:
    run_in_turns(entrants, alone_seconds=0.0, deadline_seconds=deadline_seconds)


def had(turns: list[tuple[int, int]], mib: int, **figures: int) -> tuple[Entrant, list[dict[str, Any]]]:
    one = Entrant("one", Path(), list, paused_ns=turns[0][0] - SECOND, turns=turns)
    return one, [{"bytes": mib * 2**20, **figures}]


def test_only_one_of_them_runs_at_any_time_and_all_come_to_their_end(tmp_path: Path) -> None:
    both = [entrant(tmp_path, name, BUSY.format(cpu_seconds=0.3)) for name in ("one", "other")]
    run(*both)
    for each in both:
        ran = [int(word) for word in each.running[0].output_file.read_text().split()]
        turns = [(began // 1_000_000, ended // 1_000_000) for began, ended in each.turns]
        in_turns = [at for at in ran if at > each.paused_ns // 1_000_000]
        assert len(in_turns) > 50
        assert all(any(began <= at <= ended for began, ended in turns) for at in in_turns)
        assert not any(
            began < other_ended and other_began < ended
            for began, ended in each.turns
            for other in both
            if other is not each
            for other_began, other_ended in other.turns
        )


def test_the_processes_of_one_run_and_stop_together(tmp_path: Path) -> None:
    two = entrant(tmp_path, "two", *[BUSY.format(cpu_seconds=0.3)] * 2)
    run(two, entrant(tmp_path, "other", BUSY.format(cpu_seconds=0.3)))
    assert [len(each.output_file.read_text().split()) > 50 for each in two.running] == [True, True]


@pytest.mark.parametrize(
    ("program", "deadline_seconds", "complaint"),
    [
        ("import sys; sys.exit('no luck')", 60.0, "bad: ended with code 1: no luck"),
        (BUSY.format(cpu_seconds=0.3) + "sys.exit('too bad')", 60.0, "(?s)bad: ended with code 1: .*too bad"),
        ("while True: pass", 0.2, "bad did not start in time"),
        (BUSY.format(cpu_seconds=1e9), 1.0, "bad was not done after 1 seconds"),
    ],
)
def test_one_that_does_not_end_well_is_named_and_nothing_is_left(
    tmp_path: Path, program: str, deadline_seconds: float, complaint: str
) -> None:
    bad, good = entrant(tmp_path, "bad", program), entrant(tmp_path, "good", BUSY.format(cpu_seconds=0.3))
    with pytest.raises(RunFailed, match=complaint):
        run(bad, good, deadline_seconds=deadline_seconds)
    for running in bad.running + good.running:
        with pytest.raises(ProcessLookupError):
            os.kill(running.process.pid, 0)


def test_a_rate_is_over_the_turns_within_the_time_that_was_measured() -> None:
    # Of its three turns, half of the first and all of the second are measured: 1.5 s.
    turns = [(10 * SECOND, 11 * SECOND), (12 * SECOND, 13 * SECOND), (14 * SECOND, 15 * SECOND)]
    rate = rate_of(*had(turns, mib=300, began_ns=10 * SECOND + SECOND // 2, ended_ns=14 * SECOND))
    assert rate.mib_per_s == 200.0


def test_copies_add_their_rates() -> None:
    one, figures = had([(SECOND, 2 * SECOND)], mib=100, began_ns=SECOND, ended_ns=2 * SECOND)
    assert rate_of(one, figures * 2).mib_per_s == 200.0


def test_what_was_measured_before_the_turns_is_no_figure() -> None:
    one, figures = had([(5 * SECOND, 6 * SECOND)], mib=100, began_ns=SECOND, ended_ns=6 * SECOND)
    with pytest.raises(RunFailed, match="one took too long to start"):
        rate_of(one, figures)


@pytest.mark.parametrize(("mib", "ended"), [(0, 6), (100, 10)])
def test_hardly_any_turn_in_its_time_is_a_failure_and_no_figure(mib: int, ended: int) -> None:
    one, figures = had([(5 * SECOND, 6 * SECOND)], mib=mib, began_ns=5 * SECOND, ended_ns=ended * SECOND)
    with pytest.raises(RunFailed, match="one had hardly any turn"):
        rate_of(one, figures)
