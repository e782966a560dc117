"""A shared onramp deals its events out to the copies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import gevent
import pytest

from actors import ActorSystem, MailboxFull
from actors.testing import settle, wait_until
from supervisor import Deployment
from supervisor.deployment.check import examine
from supervisor.deployment.dealing import Dealer, Standing
from supervisor.deployment.drawing.diagram import diagram_of
from supervisor.deployment.load import parse
from supervisor.deployment.plan import Plan
from supervisor.deployment.show import plan_to_toml
from supervisor.deployment.toml_text import toml_document

Tables = dict[str, Any]


def tables(*links: str, shared: tuple[str, ...] = ("in",), instances: int = 3, **offramps: Tables) -> Tables:
    return {
        "onramps": {"in": {"type": "memory", "batch_max": 1}},
        "pipelines": {"work": {"operators": [{"type": "counter"}]}},
        "offramps": {"out": {"type": "memory"}, **offramps},
        "flows": {"main": {"links": list(links), "instances": instances, "shared": list(shared)}},
    }


def plan_of(source: Tables) -> Plan:
    examination = examine(parse(toml_document(source), "deployment.toml"))
    assert examination.plan is not None, examination.problems
    return examination.plan


@pytest.fixture
def deploy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Tables], Deployment]]:
    monkeypatch.chdir(tmp_path)
    with ExitStack() as stack:
        yield lambda source: stack.enter_context(Deployment.load(source))


def copies(deployment: Deployment, name: str = "out", instances: int = 3) -> list[list[Any]]:
    return [list(deployment.offramp(name, number).events) for number in range(1, instances + 1)]


def test_the_copies_take_turns_and_each_event_goes_to_one_of_them(
    deploy: Callable[[Tables], Deployment],
) -> None:
    deployment = deploy(tables("in -> out"))
    deployment.onramp("in").put_all(range(9))
    wait_until(lambda: sum(map(len, copies(deployment))) == 9)
    assert copies(deployment) == [[0, 3, 6], [1, 4, 7], [2, 5, 8]]
    account = deployment.stop()
    assert (account.equation(), account.additional) == ("9 in = 9 written", 0)


def test_a_pipeline_of_each_copy_may_be_in_between(deploy: Callable[[Tables], Deployment]) -> None:
    deployment = deploy(tables("in -> work -> out", shared=("in", "out")))
    deployment.onramp("in").put_all(range(100))
    deployment.offramp("out").wait_for(100)
    account = deployment.stop()
    assert account.equation() == "100 in = 100 written"
    received = [part.received for part in account.components if "work" in part.name]
    assert received == [34, 33, 33]


def test_a_shared_target_and_a_second_one_get_every_event_too(deploy: Callable[[Tables], Deployment]) -> None:
    deployment = deploy(
        tables(
            "in -> out",
            "in -> other",
            "in -> all",
            shared=("in", "all"),
            other={"type": "memory"},
            all={"type": "memory"},
        )
    )
    deployment.onramp("in").put_all(range(9))
    deployment.offramp("all").wait_for(9)
    wait_until(lambda: sum(map(len, copies(deployment) + copies(deployment, "other"))) == 18)
    assert list(deployment.offramp("all").events) == list(range(9))
    for name in ("out", "other"):
        assert sorted(event for copy in copies(deployment, name) for event in copy) == list(range(9))
    assert deployment.stop().equation() == "9 in + 18 copied or created = 27 written"


def test_a_full_copy_is_passed_over_and_order_is_kept_in_each(deploy: Callable[[Tables], Deployment]) -> None:
    source = tables("in -> out", instances=2)
    source["offramps"]["out"] = {"type": "memory", "max_events": 1, "mailbox_events": 1}
    deployment = deploy(source)
    first, second = deployment.offramp("out", 1), deployment.offramp("out", 2)
    taken: list[int] = []
    # The first copy is stuck for good, the second one is emptied all the time.
    taking = gevent.spawn(lambda: taken.extend(second))
    deployment.onramp("in").put_all(range(400))
    wait_until(lambda: len(second.events) == 0 and first.received + second.received >= 397)
    assert second.received >= 394
    taking2 = gevent.spawn(lambda: taken_first.extend(first))
    taken_first: list[int] = []
    account = deployment.stop()
    gevent.joinall([taking, taking2], timeout=5.0)
    assert sorted(taken + taken_first) == list(range(400))
    assert taken == sorted(taken)
    assert taken_first == sorted(taken_first)
    assert account.lost == 0


def test_shared_onramps_start_when_all_copies_are_ready() -> None:
    plan = plan_of(tables("in -> work -> out", shared=("in", "out"), instances=2))
    assert [str(component.id) for component in plan.components()] == [
        "main/out",
        "main#1/work",
        "main#2/work",
        "main/in",
    ]


def test_a_plan_that_deals_can_be_shown_and_read_again_and_drawn_with_one_arrow() -> None:
    source = tables("in -> work -> out", "in/err -> out", shared=("in", "out"))
    plan = plan_of(source)
    shown = examine(parse(plan_to_toml(plan), "deployment.toml")).plan
    assert shown == plan
    (cluster,) = diagram_of(plan)
    assert len(cluster.arrows) == 3
    assert cluster.boxes[0].name == "in"


@pytest.fixture
def system() -> Iterator[ActorSystem]:
    system = ActorSystem()
    yield system
    system.shutdown()


class Stuck:
    """Actors that keep the first message in hand until they are released."""

    def __init__(self, system: ActorSystem, count: int) -> None:
        from gevent.event import Event

        from actors import Actor, MailboxLimits

        self.released = [Event() for _ in range(count)]
        self.seen: list[list[Any]] = [[] for _ in range(count)]

        class Sink(Actor[Any]):
            def __init__(actor, number: int) -> None:  # noqa: N805
                actor.number = number

            def on_message(actor, message: Any) -> None:  # noqa: N805
                self.released[actor.number].wait()
                self.seen[actor.number].append(message)

        self.refs = [
            system.spawn(lambda number=number: Sink(number), limits=MailboxLimits(events=1))
            for number in range(count)
        ]


def test_when_all_are_full_the_first_that_has_room_again_gets_it(system: ActorSystem) -> None:
    sinks = Stuck(system, 3)
    dealer = Dealer(system.clock)
    for ref in sinks.refs:
        dealer.add(ref, lambda: Standing.OPEN)
    # One in each hand, one in each mailbox, and one that waits.
    sending = gevent.spawn(lambda: [dealer.tell(number) for number in range(7)])
    settle()
    assert not sending.dead
    sinks.released[2].set()
    sending.join(5.0)
    assert sending.successful()
    for released in sinks.released:
        released.set()
    wait_until(lambda: sum(map(len, sinks.seen)) == 7)
    assert all(seen == sorted(seen) for seen in sinks.seen)


def test_a_dealer_gives_up_after_the_timeout_and_has_sent_nothing(system: ActorSystem) -> None:
    sinks = Stuck(system, 2)
    dealer = Dealer(system.clock)
    for ref in sinks.refs:
        dealer.add(ref, lambda: Standing.OPEN)
    # A message in the hand of each first.
    for number in range(4):
        dealer.tell(number)
        settle()
    with pytest.raises(MailboxFull):
        dealer.tell("late", timeout=0.12)
    for released in sinks.released:
        released.set()
    wait_until(lambda: sum(map(len, sinks.seen)) == 4)


def test_a_closed_target_is_passed_over_and_gets_its_turn_when_it_is_open(system: ActorSystem) -> None:
    sinks = Stuck(system, 2)
    for released in sinks.released:
        released.set()
    open_ones = {0}
    dealer = Dealer(system.clock)
    for number, ref in enumerate(sinks.refs):
        dealer.add(ref, lambda number=number: Standing.OPEN if number in open_ones else Standing.CLOSED)
    for number in range(4):
        dealer.tell(number)
        settle()
    open_ones.add(1)
    for number in range(4, 8):
        dealer.tell(number)
        settle()
    wait_until(lambda: sum(map(len, sinks.seen)) == 8)
    assert sinks.seen == [[0, 1, 2, 3, 4, 6], [5, 7]] or sinks.seen == [[0, 1, 2, 3, 5, 7], [4, 6]]
