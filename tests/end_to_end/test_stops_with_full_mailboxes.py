"""A stop while the outside is away: what waits is kept or named, however much it is."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from supervisor.dead_letters import DeadLetterStore
from supervisor.deployment.account import Account

Supervisor = Callable[..., Any]
Write = Callable[[str, str], Path]

DEPLOYMENT = """
[supervisor]
dead_letters = "letters.db"
drain_timeout = "300ms"
[onramps.ticks]
type = "metronome"
interval = "2ms"
[offramps.remote]
type = "tcp"
address = "127.0.0.1:{port}"
[flows.main]
links = ["ticks -> remote"]
"""


def test_a_thousand_batches_that_wait_when_the_drain_timeout_is_over_are_all_kept(
    supervisor: Supervisor, write: Write
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    directory = write("c.toml", DEPLOYMENT.format(port=port)).parent

    run = supervisor("run", "c.toml", "--for", "2s", "--account-file", "account.json")
    run.wait()

    account = Account.from_json(json.loads((directory / "account.json").read_text()))
    assert (account.difference, account.lost) == (0, 0)
    assert account.kept > 300
    store = DeadLetterStore(directory / "letters.db", must_exist=True)
    assert store.count() == account.kept
    store.close()
