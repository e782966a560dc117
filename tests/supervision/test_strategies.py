from __future__ import annotations

import pytest

from supervisor.supervision import Restart, Strategy
from supervisor.supervision.strategies import restart_plan

PERMANENT = dict.fromkeys("abcd", Restart.PERMANENT)


@pytest.mark.parametrize(
    ("strategy", "failed", "stop", "start"),
    [
        ("one_for_one", "a", "", "a"),
        ("one_for_one", "c", "", "c"),
        ("one_for_all", "a", "dcb", "abcd"),
        ("one_for_all", "c", "dba", "abcd"),
        ("one_for_all", "d", "cba", "abcd"),
        ("rest_for_one", "a", "dcb", "abcd"),
        ("rest_for_one", "c", "d", "cd"),
        ("rest_for_one", "d", "", "d"),
    ],
)
def test_bystanders_stop_in_reverse_and_start_in_order(strategy, failed, stop, start):
    plan = restart_plan(Strategy(strategy), failed, PERMANENT)

    assert (plan.stop, plan.start) == (tuple(stop), tuple(start))


@pytest.mark.parametrize("strategy", [Strategy.ONE_FOR_ALL, Strategy.REST_FOR_ONE])
def test_a_temporary_bystander_is_stopped_and_not_started_again(strategy):
    children = {"a": Restart.PERMANENT, "b": Restart.TEMPORARY, "c": Restart.TRANSIENT}

    plan = restart_plan(strategy, "a", children)

    assert (plan.stop, plan.start) == (("c", "b"), ("a", "c"))


def test_a_child_alone_is_restarted_alone_under_every_strategy():
    for strategy in Strategy:
        plan = restart_plan(strategy, "a", {"a": Restart.PERMANENT})
        assert (plan.stop, plan.start) == ((), ("a",))
