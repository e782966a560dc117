"""What the check says about deployments for several executors, and about copies that listen."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pipelines.options import HostPort
from supervisor.deployment.account import Account, ComponentAccount
from supervisor.deployment.cores import core_of, usable_cores
from supervisor.deployment.plan import Kind, OnrampPlan, Plan
from supervisor.deployment.problem import Problem

Check = Callable[[str], list[Problem]]
Planned = Callable[[str], Plan]

FLOW = """
[offramps.hole]
type = "blackhole"
[flows.main]
links = ["in -> hole"]
"""


def onramps(plan: Plan) -> list[OnrampPlan]:
    return [component for component in plan.components() if isinstance(component, OnrampPlan)]


def test_auto_means_the_cores_of_this_process_and_as_many_copies(planned: Planned) -> None:
    text = '[supervisor]\nexecutors = "auto"\n[onramps.in]\ntype = "metronome"\ninterval = "1s"\n'
    plan = planned(text + FLOW + 'instances = "auto"\n')
    assert plan.executors == len(plan.flows[0].instances) == len(usable_cores())
    assert (
        planned(text.replace('"auto"', "1") + FLOW + 'instances = "auto"\n').flows[0].instances[0].number == 0
    )


def test_cores_go_round_where_there_are_more_executors() -> None:
    assert [core_of(executor, (2, 5, 7)) for executor in range(1, 6)] == [2, 5, 7, 2, 5]


@pytest.mark.parametrize("instances", ["1000000", "0", '"many"'])
def test_a_number_of_copies_that_makes_no_sense_is_refused(problems: Check, instances: str) -> None:
    (problem,) = problems(f'[onramps.in]\ntype = "stdin"\n{FLOW}instances = {instances}\n')
    assert problem.path == ("flows", "main", "instances")


def test_memory_ramps_are_refused_because_nobody_could_use_them(problems: Check) -> None:
    text = '[supervisor]\nexecutors = 2\n[onramps.in]\ntype = "memory"\n' + FLOW
    (problem,) = problems(text)
    assert problem.position is not None
    assert (problem.code, problem.position[:2]) == ("conflict", (4, 8))
    assert "2 executors" in problem.message
    assert "executors = 1" in problem.hint
    assert problems(text.replace("executors = 2", "executors = 1")) == []


@pytest.mark.parametrize("kind", ["tcp", "udp", "http"])
def test_copies_that_listen_share_their_port(planned: Planned, kind: str) -> None:
    text = f'[onramps.in]\ntype = "{kind}"\naddress = "127.0.0.1:7001"\n{FLOW}'
    alone, *_ = onramps(planned(text))
    assert not alone.connector.options.reuse_port  # type: ignore[attr-defined]
    for copy in onramps(planned(text + "instances = 2\n")):
        assert copy.connector.options.reuse_port  # type: ignore[attr-defined]
        assert copy.copies_share_port


def test_copies_that_get_a_port_of_their_own_share_none(planned: Planned) -> None:
    text = f'[onramps.in]\ntype = "tcp"\naddress = "127.0.0.1:0"\n{FLOW}instances = 2\n'
    for copy in onramps(planned(text)):
        assert copy.connector.options.address == HostPort("127.0.0.1", 0)  # type: ignore[attr-defined]
        assert not copy.connector.options.reuse_port  # type: ignore[attr-defined]


def test_what_the_user_shares_on_purpose_may_be_shared_with_others(planned: Planned) -> None:
    text = f'[onramps.in]\ntype = "tcp"\naddress = "127.0.0.1:7001"\nreuse_port = true\n{FLOW}instances = 2\n'
    assert not any(copy.copies_share_port for copy in onramps(planned(text)))


def test_two_different_onramps_on_one_port_are_still_refused(problems: Check) -> None:
    one = 'type = "tcp"\naddress = "127.0.0.1:7001"\n'
    text = f"[onramps.in]\n{one}[onramps.other]\n{one}{FLOW}instances = 2\n"
    (problem,) = problems(text.replace('links = ["in', 'links = ["other -> hole", "in'))
    assert problem.code == "conflict"
    assert "and so does" in problem.message


def counted(name: str, kind: Kind, **figures: int) -> ComponentAccount:
    return ComponentAccount(name, kind, "main", **figures)  # type: ignore[arg-type]


def test_accounts_of_several_processes_add_up_to_one() -> None:
    def one(number: int) -> Account:
        return Account(
            (
                counted("offramp:main/out", Kind.OFFRAMP, received=10 * number, written=10 * number),
                counted(f"onramp:main#{number}/in", Kind.ONRAMP, received=10 * number + 1),
            ),
            1,
            {"offramp:main/out: why": 1},
        )

    whole = Account.together([one(1), one(2)])
    assert [(part.name, part.received) for part in whole.components] == [
        ("offramp:main/out", 30),
        ("onramp:main#1/in", 11),
        ("onramp:main#2/in", 21),
    ]
    assert whole.equation() == "32 in = 30 written + 2 dead letters"
    assert whole.undelivered() == ["dead letters, offramp:main/out: why: 2 events"]
    assert Account.from_json(whole.to_json()) == whole


def test_what_was_under_way_in_a_process_that_died_is_lost_by_name() -> None:
    account = Account(
        (
            counted("offramp:main/out", Kind.OFFRAMP, received=5, written=5, left=2),
            counted("onramp:main/in", Kind.ONRAMP, received=10),
        )
    )
    how = "executor 1 was killed by SIGKILL"
    idle, account = Account(()).cut_off(how), account.cut_off(how)
    assert (account.lost, account.left, account.difference) == (5, 0, 0)
    why = f"{how}: what it had in hand is lost"
    assert account.undelivered() == [f"dead letters, flow:main: {why}: 5 events"]
    assert account.unaccounted == 0, "neither in one flow nor in all of them"
    assert (idle.lost, idle.undelivered()) == (0, [why]), "what nobody can count is said all the same"


def test_what_was_under_way_in_a_process_that_died_is_back_with_the_sources_of_flows_that_promise_it() -> (
    None
):
    account = Account(
        (
            counted("offramp:main/out", Kind.OFFRAMP, received=5, written=5, left=2),
            counted("onramp:main/in", Kind.ONRAMP, received=10, unconfirmed=5),
        ),
        at_least_once=("main",),
    )
    assert (account.lost, account.left) == (0, 2), "what is left is with its source, too"
    account = account.cut_off("executor 1 was killed by SIGKILL")
    assert (account.lost, account.broken_off, account.difference) == (0, (), 0)
    assert account.with_sources() == ["flow:main: executor 1 was killed by SIGKILL: 5 events"]
    assert account.equation() == "10 in = 5 written + 5 back with their source"
    assert Account.from_json(account.to_json()) == account


def test_a_process_that_died_costs_events_of_its_best_effort_flows_only() -> None:
    other = ComponentAccount("onramp:other/in", Kind.ONRAMP, "other", received=3)
    account = Account(
        (counted("onramp:main/in", Kind.ONRAMP, received=10), other), at_least_once=("main",)
    ).cut_off("executor 1 was killed by SIGKILL")
    assert (account.lost, account.went_back, account.unaccounted) == (3, 10, 0)
    assert account.broken_off == ("executor 1 was killed by SIGKILL: what it had in hand is lost",)
    assert {flow: part.equation() for flow, part in account.per_flow().items()} == {
        "main": "10 in = 0 written + 10 back with their source",
        "other": "3 in = 0 written + 3 dead letters",
    }


def test_what_is_unconfirmed_in_the_end_is_what_the_last_incarnation_had_not_confirmed() -> None:
    def life(unconfirmed: int, confirmed: int) -> Account:
        figures = {"received": unconfirmed + confirmed, "unconfirmed": unconfirmed, "confirmed": confirmed}
        return Account((counted("onramp:main/in", Kind.ONRAMP, **figures),), at_least_once=("main",))

    (whole,) = Account.together([life(5, 10), life(2, 20), life(0, 0)]).components
    assert (whole.unconfirmed, whole.confirmed) == (2, 30), "one that has read nothing changes nothing"


def test_executors_that_have_nothing_to_do_are_a_warning_with_the_remedy(problems: Check) -> None:
    text = '[supervisor]\nexecutors = 3\n[onramps.in]\ntype = "stdin"\n' + FLOW
    (problem,) = [problem for problem in problems(text) if problem.code == "idle-executors"]
    assert "executors 2 to 3 have nothing to do" in problem.message
    assert 'instances = "auto"' in problem.hint


def test_an_offramp_that_reads_metadata_is_refused_where_they_would_have_to_cross(
    problems: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ramps.offramps.stdout import StdoutOfframp

    monkeypatch.setattr(StdoutOfframp, "reads_meta", True)
    text = (
        '[supervisor]\nexecutors = 2\n[onramps.in]\ntype = "metronome"\ninterval = "1s"\n'
        '[offramps.out]\ntype = "stdout"\n[flows.main]\nlinks = ["in -> out"]\n'
        'shared = ["out"]\ninstances = '
    )
    (problem,) = problems(text + "2")
    assert "reads metadata" in problem.message
    assert [problem.code for problem in problems(text + "1")] == ["idle-executors"]
