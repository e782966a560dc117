"""Random trees of supervisors, random failures, against a reference that has no actors and no concurrency.

The reference is naive on purpose: it keeps every time stamp, walks lists, and knows nothing of mailboxes. What is
compared is the journal (which children start and stop, in which order), who is up, and who has given up.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import event, given, reject, settings
from hypothesis import strategies as st

from actors.testing import Flawless
from supervisor.supervision import (
    ChildRunning,
    ChildSpec,
    ChildStartFailed,
    Restart,
    RestartIntensity,
    Strategy,
    restart_child,
    supervisor_spec,
    terminate_child,
    which_children,
)

# --- trees -----------------------------------------------------------------------------------------------------------


@dataclass
class Worker:
    id: str
    restart: Restart
    brutal: bool
    """Hangs on stop, and has no time for it."""


@dataclass
class Group:
    id: str
    restart: Restart
    strategy: Strategy
    intensity: RestartIntensity
    children: list[Worker | Group]

    def workers(self) -> Iterator[Worker]:
        for child in self.children:
            if isinstance(child, Group):
                yield from child.workers()
            else:
                yield child


intensities = st.builds(RestartIntensity, st.integers(0, 4), st.sampled_from([1.0, 7.0]))


@st.composite
def trees(draw: st.DrawFn) -> Group:
    def worker(id: str) -> Worker:
        return Worker(id, draw(st.sampled_from(Restart)), draw(st.booleans()))

    def group(id: str, restart: Restart, children: list[Worker | Group]) -> Group:
        return Group(id, restart, draw(st.sampled_from(Strategy)), draw(intensities), children)

    children: list[Worker | Group] = []
    for letter in "abc"[: draw(st.integers(1, 3))]:
        if draw(st.booleans()):
            children.append(worker(letter))
        else:
            inner: list[Worker | Group] = [
                worker(f"{letter}{number}") for number in range(draw(st.integers(1, 3)))
            ]
            children.append(group(letter, draw(st.sampled_from(Restart)), inner))
    return group("top", Restart.PERMANENT, children)


# --- the reference ---------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class Node:
    spec: Worker | Group
    state: str = "down"
    started: float = 0.0
    failures: int = 0


@dataclass(eq=False)
class Life:
    """One life of a supervisor: all of this is gone when it is restarted."""

    spec: Group
    parent: Life | None
    nodes: list[Node]
    times: list[float] = field(default_factory=list)


class Reference:
    def __init__(self, tree: Group) -> None:
        self.now = 0.0
        self.journal: list[str] = []
        self.failing_starts: Counter[str] = Counter()
        self.timers: list[tuple[float, int, Life, list[str]]] = []
        self.lives: dict[str, Life] = {}
        self.over = False
        self.begin(tree, None)

    # starting and stopping

    def begin(self, spec: Group, parent: Life | None) -> bool:
        life = self.lives[spec.id] = Life(spec, parent, [Node(child) for child in spec.children])
        for node in life.nodes:
            if not self.start(life, node):
                self.end(life)
                return False
        return True

    def end(self, life: Life) -> None:
        del self.lives[life.spec.id]
        for node in reversed(life.nodes):
            self.stop(node)

    def start(self, life: Life, node: Node) -> bool:
        id = node.spec.id
        node.started = self.now
        if isinstance(node.spec, Group):
            ready = self.begin(node.spec, life)
        else:
            self.journal.append(f"start {id}")
            ready = not self.failing_starts[id]
            if not ready:
                self.failing_starts[id] -= 1
                self.journal.append(f"stop {id}")
        node.state = "up" if ready else "down"
        return ready

    def stop(self, node: Node) -> None:
        if node.state == "up":
            if isinstance(node.spec, Group):
                self.end(self.lives[node.spec.id])
            else:
                self.journal.append(f"stop {node.spec.id}")
        node.state = "down"

    # failures

    def fail(self, id: str, *, normal: bool) -> None:
        life, node = self.find(id)
        self.journal.append(f"stop {id}")
        self.after(life, node, normal=normal)

    def after(self, life: Life, node: Node, *, normal: bool) -> None:
        node.state = "down"
        restart = node.spec.restart
        if restart is Restart.TEMPORARY:
            life.nodes.remove(node)
        elif restart is Restart.PERMANENT or not normal:
            self.restart_later(life, node)

    def restart_later(self, life: Life, node: Node) -> None:
        intensity = life.spec.intensity
        life.times.append(self.now)
        if sum(self.now - time <= intensity.within_seconds for time in life.times) > intensity.max_restarts:
            self.give_up(life)
            return
        if self.now - node.started >= intensity.within_seconds:
            node.failures = 0
        delay = min(2.0, 0.1 * 2**node.failures)
        node.failures += 1

        node.state = "restarting"
        position = life.nodes.index(node)
        first = {Strategy.ONE_FOR_ALL: 0, Strategy.REST_FOR_ONE: position}.get(life.spec.strategy)
        for other in reversed(life.nodes[first:] if first is not None else []):
            if other.state == "up":
                self.stop(other)
                if other.spec.restart is Restart.TEMPORARY:
                    life.nodes.remove(other)
                else:
                    other.state = "restarting"
        affected = life.nodes[first:] if first is not None else [node]
        ids = [other.spec.id for other in affected if other.state == "restarting"]
        self.timers = [timer for timer in self.timers if timer[2] is not life or not set(timer[3]) & set(ids)]
        heapq.heapify(self.timers)
        heapq.heappush(self.timers, (self.now + delay, id(ids), life, ids))

    def give_up(self, life: Life) -> None:
        self.end(life)
        if life.parent is None:
            self.over = True
        else:
            node = next(node for node in life.parent.nodes if node.spec is life.spec)
            self.after(life.parent, node, normal=False)

    # time

    def advance(self, seconds: float) -> None:
        end = self.now + seconds
        while self.timers and self.timers[0][0] <= end:
            due, _, life, ids = heapq.heappop(self.timers)
            if self.timers and self.timers[0][0] - due < 1e-6:
                reject()  # at the same moment, either may come first
            self.now = due
            if self.lives.get(life.spec.id) is life:
                self.restart_due(life, ids)
        self.now = end

    def restart_due(self, life: Life, ids: list[str]) -> None:
        for id in ids:
            node = next((node for node in life.nodes if node.spec.id == id), None)
            if node is not None and node.state == "restarting" and not self.start(life, node):
                self.after(life, node, normal=False)
                return

    # what can be seen

    def find(self, id: str) -> tuple[Life, Node]:
        for life in self.lives.values():
            for node in life.nodes:
                if node.spec.id == id:
                    return life, node
        raise KeyError(id)

    def up(self) -> set[str]:
        return {
            node.spec.id
            for life in self.lives.values()
            for node in life.nodes
            if node.state == "up" and isinstance(node.spec, Worker)
        }

    def states(self) -> dict[str, list[tuple[str, str]]]:
        return {id: [(node.spec.id, node.state) for node in life.nodes] for id, life in self.lives.items()}


# --- the real thing --------------------------------------------------------------------------------------------------


class Obedient(Flawless):
    """Fails as it is told to, and hangs when it is told to stop if it is ``brutal``."""

    def __init__(self, spec: Worker, failing_starts: Counter[str], **options: Any) -> None:
        super().__init__(**options)
        self.spec = spec
        self.failing_starts = failing_starts

    def on_start(self) -> None:
        super().on_start()
        if self.failing_starts[self.spec.id]:
            self.failing_starts[self.spec.id] -= 1
            raise RuntimeError("told to fail its start")

    def on_message(self, message: Any) -> None:
        if message == "crash":
            raise RuntimeError("told to crash")
        self.stop()

    def on_stop(self, reason: Any) -> None:
        super().on_stop(reason)
        if self.spec.brutal and reason.kind.value == "shutdown":
            self.sleep(1e9)  # the thing under test


class Real:
    def __init__(self, stage: Any, tree: Group) -> None:
        self.stage = stage
        self.failing_starts: Counter[str] = Counter()
        self.top = stage.supervise(
            *map(self.spec, tree.children), strategy=tree.strategy, intensity=tree.intensity
        )

    def spec(self, node: Worker | Group) -> ChildSpec:
        if isinstance(node, Group):
            return supervisor_spec(
                node.id,
                [self.spec(child) for child in node.children],
                strategy=node.strategy,
                intensity=node.intensity,
                backoff=self.stage.backoff,
                restart=node.restart,
            )
        return self.stage.child(
            node.id,
            Obedient,
            node,
            self.failing_starts,
            restart=node.restart,
            shutdown_timeout_seconds=0 if node.brutal else 5.0,
            poison_after=1,
        )

    def states(self) -> dict[str, list[tuple[str, str]]]:
        return {
            ref.name: [(child.id, child.state.value) for child in which_children(ref)]
            for ref in self.stage.system.actors()
            if ref.statistics().state.value == "running" and type(ref._cell.actor).__name__ == "Supervisor"
        }


# --- together --------------------------------------------------------------------------------------------------------

ACTIONS = ["crash", "kill", "finish", "fail starts", "terminate", "restart", "wait"]


@settings(deadline=None, max_examples=150)
@given(tree=trees(), data=st.data())
def test_a_tree_of_supervisors_does_what_a_naive_reference_does(make_stage, tree, data):
    with make_stage() as stage:
        real, reference = Real(stage, tree), Reference(tree)
        for _ in range(data.draw(st.integers(1, 15), label="steps")):
            act(data, stage, real, reference)
            assert stage.news() == news(reference)
            assert real.top.is_alive is not reference.over
            if reference.over:
                event("the top gave up")
                return
            assert real.states() == reference.states()
        real.top.stop()
        stage.settle()
        reference.end(reference.lives["top"])
        assert stage.news() == news(reference)


def news(reference: Reference) -> list[str]:
    lines, reference.journal[:] = list(reference.journal), []
    return lines


def act(data: Any, stage: Any, real: Real, reference: Reference) -> None:
    action = data.draw(st.sampled_from(ACTIONS), label="action")
    children = [node.spec.id for life in reference.lives.values() for node in life.nodes]
    if action == "wait":
        seconds = data.draw(st.sampled_from([0.013, 0.117, 0.29, 1.03, 7.3]), label="seconds")
        stage.advance(seconds)
        reference.advance(seconds)
    elif action in ("crash", "kill", "finish"):
        up = sorted(reference.up())
        if not up:
            return
        id = data.draw(st.sampled_from(up), label="child")
        if action == "kill":
            stage.find(id).kill()
            stage.settle()
        else:
            stage.tell(id, action)
        reference.fail(id, normal=action == "finish")
    elif action == "fail starts":
        workers = sorted({worker.id for worker in Group.workers(reference.lives["top"].spec)})
        id = data.draw(st.sampled_from(workers), label="child")
        real.failing_starts[id] = reference.failing_starts[id] = data.draw(st.integers(1, 3), label="times")
    elif children:
        id = data.draw(st.sampled_from(children), label="child")
        request(action, id, stage, reference)
    # No two things at one moment: their order would be nobody's business.
    stage.advance(0.001)
    reference.advance(0.001)


def request(action: str, id: str, stage: Any, reference: Reference) -> None:
    life, node = reference.find(id)
    supervisor = stage.find(life.spec.id)
    if action == "terminate":
        terminate_child(supervisor, id)
        reference.stop(node)
        if node.spec.restart is Restart.TEMPORARY:
            life.nodes.remove(node)
    elif node.state != "down":
        with pytest.raises(ChildRunning):
            restart_child(supervisor, id)
    elif reference.start(life, node):
        restart_child(supervisor, id)
    else:
        with pytest.raises(ChildStartFailed):
            restart_child(supervisor, id)
    stage.settle()
