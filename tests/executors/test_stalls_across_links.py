"""Who blocks whom where the chain goes through another executor, and who is restarted for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from gevent.event import Event

from actors.testing import wait_until

from .parts import Parts, Scripted, numbers_in, put, to_one_file, wait_for_lines

DEADLINE_SECONDS = 20.0


def test_who_hangs_is_restarted_in_its_own_executor_and_those_who_wait_for_it_elsewhere_are_not(
    run: Callable[..., Parts],
    scripted: type[Scripted],
    directory: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A chain of three: the pipeline waits for the link, which waits for the executor whose offramp hangs."""
    caplog.set_level("INFO")
    tables = to_one_file(stall_after="1500ms", mailbox_events=1, poison_after=10)
    # Told well before whoever hangs is killed, and the wait is over.
    tables["pipelines"]["work"] |= {"stall_after": "300ms", "mailbox_events": 1}
    tables["onramps"]["in"]["batch_max"] = 1
    parts = run(tables)
    scripted.script += [lambda _outgoing: Event().wait()]
    put(parts, 2, range(1))
    wait_until(lambda: not scripted.script, DEADLINE_SECONDS, "it hangs")
    put(parts, 2, range(1, 40))
    wait_for_lines(directory, 40)
    assert "offramp:main/out was killed: Stalled: offramp:main/out processed nothing" in caplog.text
    assert set(numbers_in(directory)) == set(range(40))
    account = parts.stop()
    assert account.lost == 0
    restarts = {part.name: part.restarts for part in parts.accounts[2].components}
    assert not any(restarts.values()), "whoever waits for another executor is not to blame"
    told = [record.getMessage() for record in caplog.records if " blocked " in record.getMessage()]
    assert any(
        line.startswith(
            "pipeline:main#2/work waits for offramp:main/out, which waits for the executor that has it, blocked"
        )
        for line in told
    ), told
