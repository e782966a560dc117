from __future__ import annotations

import pytest

from actors import ExitKind
from supervisor.supervision import Restart
from supervisor.supervision.restart_decision import is_restarted

TABLE = """
             normal  shutdown  crash  killed
permanent    yes     yes       yes    yes
transient    no      no        yes    yes
temporary    no      no        no     no
"""


def cells():
    header, *rows = [line.split() for line in TABLE.strip().splitlines()]
    for restart, *answers in rows:
        for kind, answer in zip(header, answers, strict=True):
            yield Restart(restart), ExitKind(kind), answer == "yes"


@pytest.mark.parametrize(("restart", "kind", "restarted"), list(cells()))
def test_the_restart_type_decides_after_which_ends_a_child_is_started_again(restart, kind, restarted):
    assert is_restarted(restart, kind) is restarted


def test_the_table_covers_every_restart_type_and_every_kind_of_exit():
    assert len(list(cells())) == len(Restart) * len(ExitKind)
