"""Whatever is killed in a running deployment is started again, and no event that was waiting is lost."""

from __future__ import annotations

import logging
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent
import pytest

from actors.testing import VirtualClock, settle, wait_until
from supervisor import Deployment

Deploy = Callable[..., Deployment]
Flow = Callable[..., dict[str, Any]]

PATIENT = {"max_restarts": 1000, "within": "10s", "backoff": {"initial": "1ms", "maximum": "2ms"}}
NEVER_POISON = 1000
KILLS = 40
SMALL = {"mailbox_events": 100, "poison_after": NEVER_POISON}


def tables(flow: Flow) -> dict[str, Any]:
    """A chain with small mailboxes, so that everybody waits for somebody most of the time."""
    whole = flow(
        "in -> number -> join -> out",
        flow={"restart": PATIENT},
        pipelines={
            "number": {"operators": [{"type": "set", "fields": {"seen": True}}], **SMALL},
            "join": {"operators": [{"type": "batch", "count": 7}], **SMALL},
        },
    )
    whole["offramps"]["out"] = {"type": "memory", **SMALL}
    return whole


class Feeder:
    """Puts one event after the other into the onramp ``in``, until it is told to end."""

    def __init__(self, deployment: Deployment) -> None:
        self.count = 0
        self._ending = False
        self._onramp = deployment.onramp("in")
        self._putting = gevent.spawn(self._put)

    def _put(self) -> None:
        while not self._ending:
            self._onramp.put({"n": self.count})
            self.count += 1
        self._onramp.close_input()

    def end(self) -> set[int]:
        """End the input; the numbers of all events."""
        self._ending = True
        self._putting.get(timeout=5.0)
        return set(range(self.count))


def arrived(deployment: Deployment) -> Counter[int]:
    return Counter(event["n"] for joined in deployment.offramp("out").events for event in joined)


NAMES = ["onramp:main/in", "pipeline:main/number", "pipeline:main/join", "offramp:main/out"]


@pytest.mark.parametrize("name", NAMES)
def test_a_killed_component_is_restarted_and_no_event_is_lost(
    deploy: Deploy, flow: Flow, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    deployment = deploy(tables(flow))
    feeder = Feeder(deployment)
    deployment.offramp("out").wait_for(100)
    with caplog.at_level(logging.INFO):
        deployment.actors()[name].kill()
        wait_until(lambda: deployment.actors()[name].statistics().restarts == 1)
    put = feeder.end()
    assert deployment.wait(10.0) is not None
    account = deployment.stop()
    assert set(arrived(deployment)) == put
    assert account.lost == 0
    (line,) = [record.getMessage() for record in caplog.records if name in record.getMessage()]
    assert line.startswith(f"{name} was killed; restart 1 of 1000 within 10 s, in 0")


def test_a_supervisor_that_is_killed_is_restarted_with_all_that_it_supervises(
    deploy: Deploy, flow: Flow
) -> None:
    deployment = deploy(tables(flow))
    before = deployment.actors()
    supervisor = deployment.system.find("flow:main")
    assert supervisor is not None
    supervisor.kill()
    wait_until(lambda: deployment.actors().keys() == before.keys() and deployment.actors() != before)
    feeder = Feeder(deployment)
    deployment.offramp("out").wait_for(100)
    put = feeder.end()
    assert deployment.wait(10.0) is not None
    assert deployment.stop().lost == 0
    assert set(arrived(deployment)) == put


@pytest.mark.parametrize("seed", range(4))
def test_kills_at_random_lose_nothing_and_repeat_at_most_the_batch_in_hand(
    deploy: Deploy, flow: Flow, seed: int
) -> None:
    print(f"seed {seed}")
    chance = random.Random(seed)
    deployment = deploy(tables(flow))
    feeder = Feeder(deployment)
    sink = deployment.offramp("out")
    for _ in range(KILLS):
        sink.wait_for(sink.received + chance.randrange(1, 30))
        deployment.actors()[chance.choice(NAMES)].kill()
    put = feeder.end()
    assert deployment.wait(10.0) is not None
    account = deployment.stop()
    counts = arrived(deployment)
    assert set(counts) == put
    repeated = counts.total() - len(put)
    assert repeated <= KILLS * 128
    assert account.lost == 0
    assert -repeated <= account.difference <= 0


def test_the_events_that_an_operator_holds_survive_its_crash(deploy: Deploy, flow: Flow) -> None:
    whole = tables(flow)
    whole["pipelines"]["join"]["operators"] = [{"type": "batch", "count": 1000}]
    deployment = deploy(whole)
    deployment.onramp("in").put_all({"n": n} for n in range(300))
    join = deployment.actors()["pipeline:main/join"]
    wait_until(lambda: join.statistics().processed == 300 and not join.depth)
    join.kill()
    wait_until(lambda: join.statistics().restarts == 1)
    deployment.stop()
    assert arrived(deployment) == Counter(range(300))


@pytest.mark.parametrize(
    ("links", "name"),
    [("in -> out", "onramp:main/in"), ("in -> count -> out", "pipeline:main/count")],
)
def test_whoever_is_killed_while_waiting_for_room_neither_loses_nor_repeats_anything(
    deploy: Deploy, flow: Flow, links: str, name: str
) -> None:
    tables = flow(links, flow={"restart": PATIENT})
    if "count" in links:
        tables["pipelines"] = {"count": {"operators": [{"type": "set", "fields": {"seen": True}}]}}
    tables["onramps"]["in"]["batch_max"] = 4
    tables["offramps"]["out"] = {"type": "memory", "max_events": 1, "mailbox_events": 1}
    deployment = deploy(tables)
    deployment.onramp("in").put_all({"n": n} for n in range(100))
    actor = deployment.actors()[name]
    for kills in range(1, 4):
        wait_until(lambda: actor.statistics().blocked_on == "offramp:main/out")
        actor.kill()
        wait_until(lambda kills=kills: actor.statistics().restarts == kills)  # type: ignore[misc]
    sink = deployment.offramp("out")
    taken: list[Any] = []
    taking = gevent.spawn(lambda: taken.extend(sink))
    account = deployment.stop()
    taking.get(timeout=5.0)
    assert Counter(event["n"] for event in taken) == Counter(range(100))
    assert (account.lost, account.difference) == (0, 0)


def crashing_write(deployment: Deployment, poison: int) -> Callable[[], int]:
    """Make the memory offramp fail on one event; the result counts how often."""
    sink = deployment.offramp("out")
    write = sink.write
    failures = 0

    def crash(outgoing: Any) -> None:
        nonlocal failures
        if any(event["n"] == poison for event in outgoing.batch.values):
            failures += 1
            raise ZeroDivisionError("poison")
        write(outgoing)

    sink.write = crash
    return lambda: failures


def test_a_message_that_crashes_its_actor_again_and_again_becomes_a_dead_letter(
    deploy: Deploy, flow: Flow, caplog: pytest.LogCaptureFixture
) -> None:
    whole = flow("in -> out", flow={"restart": PATIENT})
    whole["onramps"]["in"]["batch_max"] = 1
    whole["offramps"]["out"]["poison_after"] = 3
    deployment = deploy(whole)
    failures = crashing_write(deployment, poison=5)
    deployment.onramp("in").put_all({"n": n} for n in range(20))
    deployment.offramp("out").wait_for(19)
    account = deployment.stop()
    assert failures() == 3
    assert [event["n"] for event in deployment.offramp("out").events] == [n for n in range(20) if n != 5]
    assert account.undelivered() == ["dead letters, offramp:main/out: it crashed the actor 3 times: 1 event"]
    assert account.difference == 0
    lines = [record.getMessage() for record in caplog.records if "crashed" in record.getMessage()]
    assert [line.partition(";")[0] for line in lines] == [
        "offramp:main/out crashed: ZeroDivisionError: poison"
    ] * 3


def test_an_onramp_that_raises_is_restarted_and_reads_on(
    deploy: Deploy, flow: Flow, caplog: pytest.LogCaptureFixture
) -> None:
    deployment = deploy(flow("in -> out", flow={"restart": PATIENT}))
    onramp = deployment.onramp("in")
    read, crashes = onramp.read, iter([ZeroDivisionError("in the connector")])

    def crash_once(intake: Any) -> None:
        for error in crashes:
            raise error
        read(intake)

    deployment.onramp("in").put(1)
    deployment.offramp("out").wait_for(1)
    onramp.read = crash_once
    onramp.put_all([2, 3])
    deployment.offramp("out").wait_for(3)
    onramp.put(4)
    assert deployment.offramp("out").wait_for(4) == [1, 2, 3, 4]
    lines = [record.getMessage() for record in caplog.records]
    assert [line.partition(";")[0] for line in lines] == [
        "onramp:main/in crashed: ZeroDivisionError: in the connector"
    ]


def test_a_pipeline_that_hangs_while_events_wait_is_restarted_and_goes_on(
    deploy: Deploy, flow: Flow, directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (directory / "hang.py").write_text(
        "from gevent.event import Event\n"
        "hung = []\n"
        "def once(event):\n"
        "    if event == 2 and not hung:\n"
        "        hung.append(event)\n"
        "        Event().wait()\n"
        "    return event\n"
    )
    clock = VirtualClock()
    tables = flow("in -> hang -> out", pipelines={"hang": {"python": "hang:once", "stall_after": "20s"}})
    tables["onramps"]["in"]["batch_max"] = 1
    deployment = deploy(tables, clock=clock)
    deployment.onramp("in").put_all([1, 2, 3])
    for _ in range(40):
        settle()
        clock.advance(1.0)
    assert list(deployment.offramp("out").events) == [1, 2, 3]
    assert "pipeline:main/hang was killed: Stalled: pipeline:main/hang processed nothing for" in caplog.text


def test_a_flow_that_keeps_failing_is_started_anew_and_then_given_up_with_the_reason(
    deploy: Deploy, flow: Flow
) -> None:
    clock = VirtualClock()
    restart = {"max_restarts": 2, "within": "10s", "backoff": {"initial": "10ms", "jitter": 0.0}}
    whole = flow("in -> out", flow={"restart": restart}, supervisor={"restart": restart})
    whole["supervisor"] = {"restart": restart}
    whole["offramps"]["out"]["poison_after"] = 1000
    deployment = deploy(whole, clock=clock)
    failures = crashing_write(deployment, poison=0)
    flows = {deployment.system.find("flow:main")}
    waiting = gevent.spawn(deployment.wait)
    for _ in range(400):
        if deployment.outcome is not None:
            break
        deployment.onramp("in").put({"n": 0})
        flows.add(deployment.system.find("flow:main"))
        clock.advance(0.05)
    outcome = waiting.get(timeout=5.0)
    assert outcome.failed
    assert outcome.why == "offramp:main/out: ZeroDivisionError: poison"
    assert failures() == 9, "three times three: the flow itself may be started anew twice"


def test_the_command_gives_up_with_a_clear_line_and_its_own_exit_code(
    supervisor: Callable[..., Any], write: Callable[[str, str], Path]
) -> None:
    write(
        "config.toml",
        """
        [supervisor]
        restart = { max_restarts = 1, within = "5s", backoff = { initial = "1ms" } }
        [onramps.in]
        type = "metronome"
        interval = "1ms"
        [pipelines.hot]
        python = "hot:spin"
        max_message_time = "10ms"
        poison_after = 1000
        [offramps.out]
        type = "blackhole"
        [flows.main]
        links = ["in -> hot -> out"]
        """,
    )
    write("hot.py", "def spin(event):\n    while True:\n        pass\n")
    run = supervisor("run")
    assert run.wait() == 5, run.errors
    assert "error: gave up: pipeline:main/hot: HotLoop: pipeline:main/hot has computed for" in run.errors
    assert "Traceback" not in run.errors
    assert sum("restart 1 of 1 within 5 s" in line for line in run.err) >= 1


def test_a_file_onramp_that_is_restarted_goes_on_where_it_was(
    deploy: Deploy, flow: Flow, directory: Path
) -> None:
    (directory / "in.log").write_text("".join(f"{n}\n" for n in range(400_000)))
    file = {"type": "file", "path": "in.log", "codec": "string"}
    whole = flow("in -> out", flow={"restart": PATIENT}, onramps={"in": file})
    whole["offramps"]["out"] = {"type": "memory", **SMALL}
    deployment = deploy(whole)
    sink = deployment.offramp("out")
    for _ in range(5):
        sink.wait_for(sink.received + 1000)
        deployment.actors()["onramp:main/in"].kill()
    assert deployment.wait(10.0) is not None
    account = deployment.stop()
    counts = Counter(map(int, sink.events))
    assert set(counts) == set(range(400_000))
    assert counts.total() <= 400_000 + 5 * 128
    assert account.lost == 0


def test_an_onramp_that_is_restarted_at_its_end_reads_nothing_again(
    deploy: Deploy, flow: Flow, directory: Path
) -> None:
    (directory / "in.log").write_text("1\n2\n")
    whole = flow("in -> out", "file -> out", onramps={"file": {"type": "file", "path": "in.log"}})
    deployment = deploy(whole)
    deployment.offramp("out").wait_for(2)
    wait_until(lambda: "onramp:main/file" not in deployment.actors())
    supervisor = deployment.system.find("flow:main")
    assert supervisor is not None
    supervisor.kill()
    wait_until(lambda: supervisor.statistics().restarts == 1 and "onramp:main/in" in deployment.actors())
    deployment.onramp("in").put(3)
    deployment.offramp("out").wait_for(3)
    settle()
    assert list(deployment.offramp("out").events) == [1, 2, 3]


def test_a_permanent_onramp_reads_its_input_again_until_it_is_told_to_stop(
    deploy: Deploy, flow: Flow, directory: Path
) -> None:
    (directory / "in.log").write_text("1\n2\n")
    file = {"type": "file", "path": "in.log", "restart": "permanent"}
    deployment = deploy(flow("in -> out", flow={"restart": PATIENT}, onramps={"in": file}))
    deployment.offramp("out").wait_for(6)
    assert deployment.outcome is None
    account = deployment.stop()
    assert (account.lost, account.difference) == (0, 0)
