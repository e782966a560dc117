"""``python -m tests.reload --pairs 500 --reloads 1000``: the long forms of what the suite does in short."""

from __future__ import annotations

import argparse
import logging
import os
import tempfile
import time

from hypothesis import HealthCheck, Phase, given, settings

from tests.reload.churn import Left, churn
from tests.reload.deployments import Tables, deployments
from tests.reload.pair import check_pair


def _pairs(count: int) -> None:
    began, done = time.monotonic(), 0

    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(before=deployments(), after=deployments())
    def run(before: Tables, after: Tables) -> None:
        nonlocal done
        check_pair(before, after)
        done += 1

    run()
    print(
        f"{done} pairs, {time.monotonic() - began:.0f} s: each reload came to what a start makes; nothing was lost"
    )


def _tell(number: int, left: Left) -> None:
    print(
        f"  after {number:,}: {left.memory_bytes / 1e6:.1f} MB, {left.objects:,} objects of the engine's classes, "
        f"{left.descriptors} descriptors, {left.greenlets} greenlets",
        flush=True,
    )


def _reloads(count: int, seed: int) -> None:
    began = time.monotonic()
    result = churn(count, seed, on_look=_tell)
    seconds = time.monotonic() - began
    print(f"{count} reloads in {seconds:.0f} s; {result.delivered:,} of {result.put:,} events were delivered")


def main() -> None:
    """Ends with a traceback where anything is lost or differs."""
    parser = argparse.ArgumentParser(prog="python -m tests.reload", description=__doc__)
    parser.add_argument("--pairs", type=int, default=0, help="how many pairs of deployments")
    parser.add_argument("--reloads", type=int, default=0, help="how many reloads in a row, under load")
    parser.add_argument("--seed", type=int, default=0, help="of the reloads in a row")
    options = parser.parse_args()
    logging.disable(logging.ERROR)
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        if options.pairs:
            _pairs(options.pairs)
        if options.reloads:
            _reloads(options.reloads, options.seed)


if __name__ == "__main__":
    main()
