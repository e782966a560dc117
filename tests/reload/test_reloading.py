"""What a reload does to what runs, one thing at a time; and what it leaves when something fails."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import gevent
import pytest

from ramps.testing.accounting import assert_balanced
from ramps.testing.leaks import nothing_outlives
from supervisor import Deployment
from supervisor.deployment.plan import Plan
from supervisor.deployment.reload import ReloadFailed, ReloadRefused
from supervisor.deployment.replay import Replayed
from supervisor.deployment.running import plan_source
from supervisor.observation.observe import observe

Tables = dict[str, Any]
Run = Callable[[str], Deployment]

TO_A_FILE = """
[onramps.in]
type = "memory"
[offramps.old]
type = "file"
path = "out.jsonl"
[flows.main]
links = ["in -> old"]
"""


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    with nothing_outlives():
        yield tmp_path


@pytest.fixture
def planned(directory: Path) -> Callable[[str], Plan]:
    def plan(text: str) -> Plan:
        (directory / "c.toml").write_text(text)
        return plan_source(directory / "c.toml")

    return plan


@pytest.fixture
def run(planned: Callable[[str], Plan]) -> Iterator[Run]:
    started: list[Deployment] = []

    def start(text: str) -> Deployment:
        deployment = Deployment(planned(text))
        deployment.start()
        started.append(deployment)
        return deployment

    yield start
    for deployment in started:
        deployment.stop()
        assert_balanced(deployment)


WINDOW = """
[onramps.in]
type = "tcp"
address = "127.0.0.1:0"
[pipelines.sum]
query = '''
define tumbling window three with size = 3 end;
select aggr::stats::sum(event) from in[three] into out;
'''
[offramps.out]
type = "memory"
[offramps.copy]
type = "memory"
[flows.main]
links = ["in -> sum -> out"]
"""


def _until(condition: Callable[[], bool]) -> None:
    with gevent.Timeout(5.0):
        while not condition():
            gevent.sleep(0)


def test_a_socket_and_a_window_survive_that_their_neighbours_change(
    run: Run, planned: Callable[[str], Plan]
) -> None:
    deployment = run(WINDOW)
    onramp = deployment.onramp("in")
    with closing(socket.create_connection((onramp.address.host, onramp.address.port), timeout=5.0)) as client:
        client.sendall(b"1\n2\n")
        _until(lambda: deployment.account().components[1].left == 2)
        found = deployment.reload(planned(WINDOW.replace('"in -> sum -> out"', '"in -> sum -> copy"')))
        assert list(found.lines())[:2] == ["+ offramp:main/copy", "> pipeline:main/sum: links"]
        client.sendall(b"4\n")
        assert deployment.offramp("copy").wait_for(1) == [7]


def test_a_pipeline_that_changes_gives_out_what_it_held_and_keeps_its_mailbox(
    run: Run, planned: Callable[[str], Plan]
) -> None:
    text = """
        [onramps.in]
        type = "memory"
        [pipelines.join]
        operators = [{ type = "batch", count = 100 }]
        [offramps.out]
        type = "memory"
        [flows.main]
        links = ["in -> join -> out"]
    """
    deployment = run(text)
    deployment.onramp("in").put_all(range(3))
    _until(lambda: deployment.account().left == 3)
    ref = deployment.actors()["pipeline:main/join"]
    deployment.reload(planned(text.replace("100", "2")))
    deployment.onramp("in").put_all(range(3, 5))
    assert deployment.offramp("out").wait_for(2) == [[0, 1, 2], [3, 4]]
    assert deployment.actors()["pipeline:main/join"] is ref


def test_what_an_onramp_has_accepted_arrives_before_another_takes_its_place(
    run: Run, planned: Callable[[str], Plan]
) -> None:
    text = """
        [onramps.in]
        type = "memory"
        [offramps.out]
        type = "memory"
        [flows.main]
        links = ["in -> out"]
    """
    deployment = run(text)
    old = deployment.onramp("in")
    old.put_all(range(500))
    deployment.reload(
        planned(text.replace('type = "memory"\n        [off', 'type = "memory"\n capacity = 5\n[off'))
    )
    new = deployment.onramp("in")
    assert new is not old
    new.put("new")
    assert deployment.offramp("out").wait_for(501) == [*range(500), "new"]


def _listening(first: int, second: int) -> str:
    return f"""
        [onramps.one]
        type = "tcp"
        address = "127.0.0.1:{first}"
        codec = "string"
        [onramps.two]
        type = "tcp"
        address = "127.0.0.1:{second}"
        codec = "string"
        [offramps.out]
        type = "memory"
        [offramps.other]
        type = "memory"
        [flows.main]
        links = ["one -> out", "two -> other"]
    """


@pytest.fixture
def ports() -> tuple[int, int]:
    with (
        closing(socket.create_server(("127.0.0.1", 0))) as one,
        closing(socket.create_server(("127.0.0.1", 0))) as two,
    ):
        return one.getsockname()[1], two.getsockname()[1]


def _send(port: int, text: bytes) -> None:
    with closing(socket.create_connection(("127.0.0.1", port), timeout=5.0)) as client:
        client.sendall(text)


def test_two_onramps_swap_their_ports(
    run: Run, planned: Callable[[str], Plan], ports: tuple[int, int]
) -> None:
    deployment = run(_listening(*ports))
    deployment.reload(planned(_listening(ports[1], ports[0])))
    _send(ports[0], b"to two\n")
    assert deployment.offramp("other").wait_for(1) == ["to two"]


def test_a_new_onramp_gets_the_port_of_one_that_leaves(
    run: Run, planned: Callable[[str], Plan], ports: tuple[int, int]
) -> None:
    deployment = run(_listening(*ports))
    deployment.reload(planned(_listening(*ports).replace("one", "first")))
    _send(ports[0], b"hello\n")
    assert deployment.offramp("out").wait_for(1) == ["hello"]


def test_an_offramp_that_takes_over_a_file_starts_when_the_other_has_gone(
    run: Run, planned: Callable[[str], Plan], directory: Path
) -> None:
    deployment = run(TO_A_FILE)
    onramp = deployment.onramp("in")
    onramp.put_all(range(300))
    deployment.reload(planned(TO_A_FILE.replace("old", "new")))
    assert deployment.onramp("in") is onramp
    onramp.put_all(range(300, 600))
    deployment.stop()
    assert (directory / "out.jsonl").read_text().split() == [str(number) for number in range(600)]


def test_what_cannot_start_leaves_everything_as_it_was(
    run: Run, planned: Callable[[str], Plan], ports: tuple[int, int]
) -> None:
    deployment = run(_listening(*ports))
    actors, plan = deployment.actors(), deployment.plan
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        busy = planned(
            _listening(*ports)
            + f"""
            [onramps.three]
            type = "tcp"
            address = "127.0.0.1:{taken.getsockname()[1]}"
            [flows.more]
            links = ["three -> out"]
            """
        )
        with pytest.raises(
            ReloadFailed, match=r"everything is as it was: onramp:more/three did not start: .*in use"
        ):
            deployment.reload(busy)
    assert deployment.actors() == actors
    assert deployment.plan is plan
    assert [child["name"] for child in deployment.tree()["children"]] == ["flow:main"]
    _send(ports[0], b"still here\n")
    assert deployment.offramp("out").wait_for(1) == ["still here"]


def test_a_changed_onramp_that_cannot_start_is_put_back(
    run: Run, planned: Callable[[str], Plan], ports: tuple[int, int]
) -> None:
    deployment = run(_listening(*ports))
    with (
        closing(socket.create_server(("127.0.0.1", 0))) as taken,
        pytest.raises(ReloadFailed, match="onramp:main/one did not start"),
    ):
        deployment.reload(planned(_listening(taken.getsockname()[1], ports[1])))
    _send(ports[0], b"still here\n")
    assert deployment.offramp("out").wait_for(1) == ["still here"]


def test_what_waits_for_an_offramp_that_cannot_start_goes_to_the_one_that_is_put_back(
    run: Run, planned: Callable[[str], Plan], directory: Path
) -> None:
    deployment = run(TO_A_FILE)
    (directory / "nowhere").mkdir()
    new = planned(TO_A_FILE.replace("[offramps.old]", "[offramps.new]").replace("-> old", "-> new"))
    put = gevent.spawn(deployment.onramp("in").put_all, range(2000))
    original = deployment._made().make

    def broken(component: Any, flow: Any) -> Any:
        part = original(component, flow)
        if component.id.name == "new":
            (directory / "nowhere").rmdir()
            part.connector.options = part.connector.options.model_copy(
                update={"path": directory / "nowhere" / "out"}
            )
        return part

    deployment._made().make = broken  # type: ignore[method-assign]
    with pytest.raises(ReloadFailed):
        deployment.reload(new)
    put.get(timeout=5.0)
    deployment.stop()
    assert (directory / "out.jsonl").read_text().split() == [str(number) for number in range(2000)]


def test_nothing_is_touched_where_something_needs_a_restart(run: Run, planned: Callable[[str], Plan]) -> None:
    deployment = run(WINDOW)
    actors = deployment.actors()
    with pytest.raises(ReloadRefused, match="`heartbeat_timeout` of"):
        deployment.reload(planned('[supervisor]\nheartbeat_timeout = "3s"\n' + WINDOW))
    assert deployment.actors() == actors


def test_a_deployment_that_has_stopped_is_not_reloaded(run: Run, planned: Callable[[str], Plan]) -> None:
    deployment = run(WINDOW)
    deployment.stop()
    with pytest.raises(ReloadRefused, match="it is stopped"):
        deployment.reload(planned(WINDOW))


def test_what_components_counted_that_left_stays_in_the_account(
    run: Run, planned: Callable[[str], Plan]
) -> None:
    deployment = run(WINDOW.replace('"tcp"\naddress = "127.0.0.1:0"', '"memory"'))
    deployment.onramp("in").put_all(range(6))
    deployment.offramp("out").wait_for(2)
    deployment.reload(
        planned(
            '[onramps.a]\ntype = "memory"\n[offramps.b]\ntype = "memory"\n[flows.other]\nlinks = ["a -> b"]\n'
        )
    )
    deployment.onramp("a").put_all(range(4))
    deployment.offramp("b").wait_for(4)
    account = deployment.account()
    assert (account.came_in, account.written, account.difference) == (10, 6, 0)
    assert {component.flow for component in deployment.snapshot().components} == {"other"}


def test_replayed_letters_and_restarts_are_counted_once_however_often_their_component_changes(
    run: Run, planned: Callable[[str], Plan]
) -> None:
    text = """
        [onramps.in]
        type = "memory"
        [offramps.out]
        type = "memory"
        shutdown_timeout = "1s"
        [flows.main]
        links = ["in -> out"]
    """
    deployment = run(text)
    letter = Replayed("1", "offramp:main/out", "", b"{}", '{"n": 1}')
    assert deployment.replay([letter], 5.0) == {"1": ""}
    for seconds in (2, 3, 4):
        deployment.reload(planned(text.replace('"1s"', f'"{seconds}s"')))
    offramp = deployment.account().components[0]
    assert (offramp.copied, offramp.written, offramp.restarts) == (1, 1, 3)


SLOW = """
[onramps.in]
type = "memory"
batch_max = 1
[onramps.other]
type = "memory"
[pipelines.hold]
python = "holding.py:hold"
shutdown_timeout = "10ms"
[offramps.out]
type = "memory"
[offramps.left]
type = "memory"
[flows.main]
links = ["other -> left"]
[flows.slow]
links = ["in -> hold -> out"]
"""
HOLDING = """
from pathlib import Path
from gevent.event import Event
def hold(event):
    while not Path("go on").exists():
        Event().wait(0.001)
    return event
"""


@pytest.mark.parametrize("takes_over", [False, True])
def test_what_is_about_to_leave_has_the_time_of_a_stop_that_comes_meanwhile(
    run: Run, planned: Callable[[str], Plan], directory: Path, takes_over: bool
) -> None:
    (directory / "holding.py").write_text(HOLDING)
    text = SLOW.replace(
        '[offramps.out]\ntype = "memory"', '[offramps.out]\ntype = "file"\npath = "out.jsonl"'
    )
    deployment = run(text)
    deployment.onramp("in").put_all(range(5))
    _until(lambda: deployment.account().came_in == 5)
    without = text[: text.index("[flows.slow]")]
    if takes_over:
        without = without.replace("offramps.left", "offramps.unused").replace("offramps.out", "offramps.left")
    reloading = gevent.spawn(deployment.reload, planned(without))
    _until(lambda: deployment._parts()["onramp:slow/in"].closing)  # type: ignore[union-attr]
    stopping = gevent.spawn(deployment.stop, 20.0)
    reloading.join(5.0)
    (directory / "go on").touch()
    account = stopping.get(timeout=10.0)
    assert (account.lost, account.written) == (0, 5)


def test_a_flow_that_left_keeps_its_promise_in_the_account(run: Run, planned: Callable[[str], Plan]) -> None:
    text = """
        [onramps.in]
        type = "memory"
        [onramps.safe]
        type = "memory"
        [offramps.out]
        type = "memory"
        [flows.main]
        links = ["in -> out"]
        [flows.more]
        links = ["safe -> out"]
        dead_letters = "letters.db"
        guarantee = "at-least-once"
    """
    deployment = run(text)
    deployment.reload(planned(text[: text.index("[flows.more]")]))
    assert deployment.account().at_least_once == ("more",)


class _Interrupting:
    """An actor system at which somebody who looks up an actor is pre-empted, and one component leaves meanwhile."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment

    def __getattr__(self, name: str) -> Any:
        return getattr(self._deployment.system, name)

    def find(self, name: str) -> Any:
        self._deployment._made().forget(["onramp:main/in"])
        return self._deployment.system.find(name)


def test_a_look_that_is_pre_empted_while_something_leaves_goes_on(run: Run) -> None:
    deployment = run(WINDOW)
    builder = deployment._made()
    plans, parts = builder.plans, builder.parts
    system: Any = _Interrupting(deployment)
    process = deployment.snapshot().processes[0]
    seen = observe(builder, system, state="running", process=process, addresses={})
    builder.plans, builder.parts = plans, parts
    assert "pipeline:main/sum" in [component.name for component in seen.components]


def test_a_flow_is_restarted_without_what_a_reload_takes_out_meanwhile(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment = run(WINDOW)
    builder = deployment._made()
    plans, parts = builder.plans, builder.parts
    supervisor_of = builder.supervisor_of

    def find(name: str) -> Any:
        found = supervisor_of(name)
        builder.forget(["onramp:main/in"])
        return found

    monkeypatch.setattr(builder, "supervisor_of", find)
    deployment.steer("restart", "flow:main")
    builder.plans, builder.parts = plans, parts


def test_what_has_ended_and_did_not_change_is_not_read_again(
    run: Run, planned: Callable[[str], Plan], directory: Path
) -> None:
    (directory / "in.txt").write_text("1\n2\n")
    text = """
        [onramps.in]
        type = "file"
        path = "in.txt"
        [onramps.on]
        type = "memory"
        [offramps.out]
        type = "memory"
        [flows.main]
        links = ["in -> out"]
        [flows.more]
        links = ["on -> out"]
    """
    deployment = run(text)
    deployment.offramp("out").wait_for(2)
    _until(lambda: "onramp:main/in" not in deployment.actors())
    deployment.reload(planned(text + "restart = { max_restarts = 9 }\n"))
    deployment.onramp("on").close_input()
    outcome = deployment.wait(5.0)
    assert outcome is not None
    assert list(deployment.offramp("out").events) == [1, 2]
