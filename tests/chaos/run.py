"""One run of a scenario: the engine, the producer, the faults; then everything heals, and the judge looks."""

from __future__ import annotations

import random
import signal
from pathlib import Path

from supervisor.cli.exit_codes import ExitCode
from tests.chaos.deployment import Chain, deployment_toml
from tests.chaos.engine import Engine, EngineRefuses, send, until
from tests.chaos.judge import Verdict, judge
from tests.chaos.producer import Producer
from tests.chaos.scenario import Fault, Scenario
from tests.chaos.sinks import SINKS
from tests.chaos.sources import SOURCES

__all__ = ["how_it_stops", "run"]

_MOMENT_SECONDS = 20.0
_ARRIVAL_SECONDS = 40.0
_FRESH_EVENTS = 20
_JITTER_SECONDS = 0.05


class _Run:
    def __init__(self, scenario: Scenario, directory: Path) -> None:
        self.scenario = scenario
        self.chance = random.Random(scenario.seed)
        self.source = SOURCES[scenario.source](directory)
        self.sink = SINKS[scenario.sink](directory)
        self.engine = Engine(directory)
        self.points = list(scenario.points)
        chain = Chain("main", self.source, self.sink, scenario.has_branch)
        (directory / "deployment.toml").write_text(deployment_toml([chain], scenario.executors))

    def close(self) -> None:
        self.engine.kill()
        self.source.close()
        self.sink.close()

    def keep_going(self) -> None:
        """What an operator does: start it when it is gone, let it go on when it has stopped itself."""
        if not self.engine.is_alive:
            self.engine.start(self.points.pop(0) if self.points else "")
        elif self.engine.is_stopped:
            self.engine.go_on()

    def wait(self, condition: object, seconds: float) -> bool:
        """Until something is so, while the engine is kept going."""

        def look() -> bool:
            self.keep_going()
            return bool(condition())  # type: ignore[operator]

        return until(look, seconds)

    def moment(self, fault: Fault) -> None:
        self.wait(lambda: len(self.sink.arrived()) >= fault.after, _MOMENT_SECONDS)
        # The seed alone decides how long: this is the fault's moment, and nothing is waited for.
        until(lambda: False, self.chance.random() * _JITTER_SECONDS)

    def commit(self, fault: Fault) -> None:
        """Do it, once. What lasts is undone by `heal`."""
        engine, sink = self.engine, self.sink
        if fault.kind == "kill-engine":
            engine.kill(with_executors=self.chance.random() < 0.5)
        elif fault.kind == "kill-executor":
            executors = engine.executors() if engine.is_alive else []
            if executors:
                send(self.chance.choice(executors), signal.SIGKILL)
        elif fault.kind == "pause":
            engine.pause()
            until(lambda: False, 0.2)
            engine.go_on()
        elif fault.kind == "rotation":
            self.source.rotate()
        elif fault.kind == "torn-memory":
            engine.kill()
            self.source.tear(fault.detail)
        elif fault.kind in ("torn-sink", "torn-wal"):
            engine.kill()
            sink.tear()
        elif fault.kind == "misdeed" and sink.server is not None:
            sink.server.misbehave(*fault.detail)
        elif fault.kind == "full-disk" and sink.file is not None:
            self.fill_the_disk(sink.file, fault.detail)
        else:
            self.disturb(fault)

    def fill_the_disk(self, file: Path, room: int) -> None:
        size = file.stat().st_size if file.exists() else 0
        self.engine.limit_files(size + room)
        self.wait(lambda: file.exists() and file.stat().st_size >= size + room - 500, 0.5)
        self.engine.limit_files(None)

    def disturb(self, fault: Fault) -> None:
        where, _, how = fault.kind.partition("-")
        proxy = self.sink.proxy if where == "sink" else self.source.proxy
        if proxy is None:
            return
        if how == "delay":
            proxy.delay_seconds = fault.detail
        elif how == "cut":
            proxy.cut()
        else:
            proxy.half_close()

    def heal(self) -> None:
        self.points.clear()
        self.sink.heal()
        if self.source.proxy is not None:
            self.source.proxy.delay_seconds = 0.0
        if self.engine.is_alive:
            self.engine.limit_files(None)

    def all_arrive(self, producer: Producer) -> bool:
        return self.wait(lambda: producer.is_done, _ARRIVAL_SECONDS) and self.wait(
            lambda: producer.acknowledged <= self.sink.arrived(), _ARRIVAL_SECONDS
        )


def run(scenario: Scenario, directory: Path) -> Verdict:
    """Blocks until it is over. Nothing of it is left but the files in the directory."""
    this = _Run(scenario, directory)
    producers = []
    stuck = []
    try:
        producers.append(Producer(this.source, scenario.seed, 0, scenario.events))
        this.keep_going()
        for fault in scenario.faults:
            this.moment(fault)
            this.commit(fault)
        this.wait(lambda: len(this.sink.arrived()) >= scenario.events // 2, _MOMENT_SECONDS)
        this.heal()
        if not this.all_arrive(producers[0]):
            stuck.append("not everything arrived")
        producers.append(Producer(this.source, scenario.seed, scenario.events, _FRESH_EVENTS))
        if not this.all_arrive(producers[1]):
            stuck.append("fresh events do not flow")
        # A fail point may have killed it in the very end; its successor can be stopped once it has begun.
        this.wait(lambda: this.engine.has_started, _MOMENT_SECONDS)
        stuck += how_it_stops(this.engine)
    except EngineRefuses as refusal:
        stuck.append(f"the engine does not start: {refusal}")
    finally:
        for producer in producers:
            producer.stop()
        this.close()
    obligations = set().union(*(producer.acknowledged for producer in producers))
    sent = set().union(*(producer.sent for producer in producers))
    verdict = judge(scenario.seed, obligations, sent, this.sink.ledger())
    verdict.faults += stuck
    return verdict


def how_it_stops(engine: Engine) -> list[str]:
    """What is wrong with an orderly stop after all that."""
    if not engine.is_alive:
        return ["it does not run at the end"]
    code = engine.stop()
    said = engine.log.read_text(errors="replace")
    allowed = {ExitCode.OK, ExitCode.TERMINATED}
    killed_by_itself = code == -signal.SIGKILL and ":kill" in engine.points
    faults = [] if code in allowed or killed_by_itself else [f"the orderly stop ended with {code}"]
    if "unaccounted for" in said:
        faults.append("the account does not balance")
    return faults
