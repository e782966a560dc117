"""Several offramps, one of them closed: whether the others go on, and what that costs, is the flow's choice."""

from __future__ import annotations

import socket as constants
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import gevent
import pytest
from gevent import socket

from actors import ActorSystem, MailboxFull
from actors.actor import Actor
from actors.mailbox import MailboxLimits
from actors.testing import wait_until
from pipelines import Batch
from pipelines.contraflow import InsightKind, Route
from pipelines.outlets import Outlets
from supervisor import Deployment
from supervisor.deployment.closed_offramps import DroppingTarget, others_of
from supervisor.deployment.running import plan_source

Deploy = Callable[..., Deployment]
Flow = Callable[..., dict[str, Any]]

COUNT = 500
ROOM = 50
RETRY = {"initial": "1ms", "maximum": "5ms"}
DEAD = {"type": "unix", "path": "nobody.sock", "mailbox_events": ROOM, "retry": RETRY}


@pytest.fixture
def flow(flow: Flow) -> Flow:
    """The same, stopped soon: what is for a closed offramp never arrives."""
    return partial(flow, supervisor={"drain_timeout": "200ms"})


def dead_name(instance: int = 0) -> str:
    return f"offramp:main{f'#{instance}' if instance else ''}/dead"


def component(deployment: Deployment, name: str) -> Any:
    return next(each for each in deployment.account().components if each.name == name)


@contextmanager
def server(path: str) -> Iterator[list[bytes]]:
    """Somebody who listens there at last; the bytes of each connection."""
    got: list[bytes] = []
    listener = socket.socket(constants.AF_UNIX)
    listener.bind(path)
    listener.listen()
    greenlets: list[gevent.Greenlet[..., None]] = []

    def serve(connection: Any) -> None:
        with connection:
            while data := connection.recv(65536):
                got.append(data)

    def accept() -> None:
        while True:
            greenlets.append(gevent.spawn(serve, listener.accept()[0]))

    greenlets.append(gevent.spawn(accept))
    try:
        yield got
    finally:
        gevent.killall(greenlets)
        listener.close()


@pytest.mark.parametrize(
    "links",
    [
        ("in -> out", "in -> dead"),
        ("in -> stage", "stage -> dead", "stage -> out"),
        ("in -> stage -> dead", "in -> other -> out"),
    ],
)
def test_a_flow_that_drops_lets_all_others_go_on_and_counts_what_it_dropped(
    deploy: Deploy, flow: Flow, links: tuple[str, ...]
) -> None:
    stage = {"operators": [{"type": "counter"}]}
    pipelines = {name: stage for name in ("stage", "other") if any(name in link for link in links)}
    tables = flow(*links, offramps={"dead": DEAD}, flow={"when_closed": "drop"}, pipelines=pipelines)
    deployment = deploy(tables)
    for number in range(COUNT):
        deployment.onramp("in").put(number)
    assert len(deployment.offramp("out").wait_for(COUNT)) == COUNT
    wait_until(lambda: deployment.account().difference == 0)
    account = deployment.account()
    dropped = account.dropped()[f"closed: {dead_name()}"]
    assert dropped == sum(sum(each.discarded.values()) for each in account.components)
    assert dropped + component(deployment, dead_name()).left == COUNT
    assert f"{dropped:,} dropped for closed offramps" in account.equation()
    assert account.to_json()["flows"]["main"]["dropped"] == {f"closed: {dead_name()}": dropped}


def test_by_default_the_source_is_held_back_and_nothing_is_dropped(deploy: Deploy, flow: Flow) -> None:
    deployment = deploy(flow("in -> out", "in -> dead", offramps={"dead": DEAD}))
    for number in range(COUNT):
        deployment.onramp("in").put(number)
    wait_until(lambda: (ref := deployment.system.find(dead_name())) is not None and ref.depth >= 1)
    wait_until(lambda: deployment.offramp("out").received > 0)
    assert deployment.offramp("out").received < COUNT
    with server("nobody.sock") as got:
        deployment.offramp("out").wait_for(COUNT)
        wait_until(lambda: b"".join(got).count(b"\n") == COUNT)
        assert [int(line) for line in b"".join(got).split()] == list(range(COUNT))
    assert deployment.account().dropped() == {}


def test_an_offramp_that_is_back_gets_what_waited_for_it_and_all_that_comes_after(
    deploy: Deploy, flow: Flow
) -> None:
    deployment = deploy(
        flow("in -> out", "in -> dead", offramps={"dead": DEAD}, flow={"when_closed": "drop"})
    )
    onramp, out = deployment.onramp("in"), deployment.offramp("out")
    onramp.put_all(range(COUNT))
    out.wait_for(COUNT)
    with server("nobody.sock") as got:
        wait_until(lambda: component(deployment, dead_name()).left == 0)
        onramp.put_all(range(COUNT, COUNT + 10))
        out.wait_for(COUNT + 10)
        wait_until(lambda: b"".join(got).endswith(b"%d\n" % (COUNT + 9)))
        numbers = [int(line) for line in b"".join(got).split()]
    assert numbers == sorted(set(numbers))
    assert numbers[-10:] == list(range(COUNT, COUNT + 10))
    dropped = deployment.account().dropped()[f"closed: {dead_name()}"]
    assert len(numbers) + dropped == COUNT + 10


def test_when_all_of_them_are_closed_the_source_is_held_back_and_nothing_is_dropped(
    deploy: Deploy, flow: Flow
) -> None:
    offramps = {"dead": DEAD, "gone": {**DEAD, "path": "gone.sock"}}
    # That one who gets only errors is open is no reason to drop anything.
    links = ("in -> dead", "in -> gone", "in/err -> out")
    deployment = deploy(flow(*links, offramps=offramps, flow={"when_closed": "drop"}))
    deployment.onramp("in").put_all(range(COUNT))
    parts = deployment._parts()
    names = (dead_name(), "offramp:main/gone")
    wait_until(lambda: all(parts[name].outage_told for name in names))
    wait_until(lambda: any(deployment.system.find(name)._mailbox._senders for name in names))
    assert deployment.account().dropped() == {}
    # As soon as one of them is back, what does not fit into the other's mailbox may be dropped.
    with server("nobody.sock") as first, server("gone.sock") as second:
        wait_until(lambda: first and second and deployment.account().left == 0)
    assert deployment.account().difference == 0


def test_what_is_dropped_and_what_waits_is_kept_through_restarts_of_the_pipeline(
    deploy: Deploy, flow: Flow
) -> None:
    tables = flow(
        "in -> stage",
        "stage -> dead",
        "stage -> out",
        offramps={"dead": DEAD},
        flow={"when_closed": "drop", "restart": {"backoff": RETRY, "max_restarts": 100}},
        pipelines={"stage": {"python": "stage:stage"}},
    )
    Path("stage.py").write_text(
        "failed = set()\n"
        "def stage(event):\n"
        "    if event % 100 == 50 and event not in failed:\n"
        "        failed.add(event)\n"
        "        raise BaseException('a bug')\n"
        "    return event\n"
    )
    deployment = deploy(tables)
    deployment.onramp("in").put_all(range(COUNT))
    out = deployment.offramp("out")
    wait_until(lambda: set(out.events) == set(range(COUNT)))
    assert component(deployment, "pipeline:main/stage").restarts > 0
    wait_until(lambda: deployment.account().difference == 0)
    dropped = deployment.account().dropped()[f"closed: {dead_name()}"]
    assert dropped + component(deployment, dead_name()).left == out.received


def test_each_copy_of_a_flow_decides_by_its_own_offramps(deploy: Deploy, flow: Flow) -> None:
    tables = flow(
        "in -> out",
        "in -> dead",
        offramps={"dead": DEAD},
        flow={"when_closed": "drop", "instances": 3},
    )
    deployment = deploy(tables)
    for instance in (1, 2, 3):
        deployment.onramp("in", instance).put_all(range(COUNT))
        deployment.offramp("out", instance).wait_for(COUNT)
    wait_until(lambda: deployment.account().difference == 0)
    dropped = deployment.account().dropped()
    assert set(dropped) == {f"closed: {dead_name(instance)}" for instance in (1, 2, 3)}


@pytest.mark.parametrize(
    ("links", "extra", "others"),
    [
        (["in -> out", "in -> dead"], {}, {"dead": {"out"}, "out": {"dead"}}),
        (["in -> out", "in/err -> dead"], {}, {"out": set(), "dead": {"out"}}),
        (["in -> out", "second -> dead"], {}, {"out": set(), "dead": set()}),
        (["in -> out", "out/err -> dead"], {}, {"out": set(), "dead": {"out"}}),
        (["in -> stage -> out", "in -> dead"], {}, {"out": {"dead"}, "dead": {"out"}}),
    ],
)
def test_only_offramps_of_the_same_source_that_get_more_than_errors_count_as_others(
    flow: Flow, links: list[str], extra: dict[str, Any], others: dict[str, set[str]]
) -> None:
    tables = flow(
        *links,
        onramps={"second": {"type": "memory"}},
        offramps={"dead": DEAD},
        pipelines={"stage": {"operators": [{"type": "counter"}]}},
        flow=extra,
    )
    (plan,) = plan_source(tables).flows
    found = {offramp.name: {other.name for other in rest} for offramp, rest in others_of(plan).items()}
    assert found == others


def test_copies_that_an_onramp_deals_to_are_no_others_of_each_other(flow: Flow) -> None:
    tables = flow(
        "in -> stage -> out",
        "stage -> dead",
        offramps={"dead": DEAD},
        pipelines={"stage": {"operators": [{"type": "counter"}]}},
        flow={"shared": ["in"], "instances": 2},
    )
    (plan,) = plan_source(tables).flows
    for offramp, others in others_of(plan).items():
        assert {other.instance for other in others} == {offramp.instance}


class Idle(Actor[Any]):
    """Never gets to what it is sent: its mailbox has room for one."""

    def on_start(self) -> None:
        self.stop_waiting = gevent.event.Event()

    def on_message(self, message: Any) -> None:
        self.stop_waiting.wait()


class Owner:
    def __init__(self) -> None:
        self.insights: list[Any] = []

    def tell(self, insight: Any, lane: Any) -> None:
        self.insights.append(insight)


@pytest.fixture
def full() -> Iterator[Any]:
    """A target whose mailbox is full, and what it needs."""
    with ActorSystem() as system:
        ref = system.spawn(partial(Idle), name="offramp:main/dead", limits=MailboxLimits(events=1))
        ref.tell(("in", Batch([0], ingest_ns=0)))
        wait_until(lambda: ref.depth == 0)
        ref.tell(("in", Batch([1], ingest_ns=0)))
        yield system, ref
        ref.kill()


def test_a_sender_that_waits_already_hears_that_the_offramp_has_closed_meanwhile(full: Any) -> None:
    system, ref = full
    closed, outlets, owner = [False], Outlets(), Owner()
    target = DroppingTarget(ref, "offramp:main/dead", lambda: closed[0], outlets, system.clock)
    batch = Batch([2, 3], ingest_ns=0, route=Route(owner=owner))
    sender = gevent.spawn(target.tell, ("in", batch), events=2)
    gevent.idle()
    assert not sender.dead
    closed[0] = True
    sender.get(timeout=5.0)
    assert outlets.discarded == {"offramp:main/dead": 2}
    assert [(insight.kind, insight.events) for insight in owner.insights] == [(InsightKind.FAIL, 2)]


def test_the_time_that_a_sender_gives_is_kept_while_nothing_may_be_dropped(full: Any) -> None:
    system, ref = full
    target = DroppingTarget(ref, "offramp:main/dead", lambda: False, Outlets(), system.clock)
    with pytest.raises(MailboxFull):
        target.tell(("in", Batch([2], ingest_ns=0)), timeout=0.12)
