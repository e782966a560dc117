"""Several `Deployment`s in this process that stand for the executors of one plan."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from actors.testing import wait_until
from ramps.offramp import Outgoing
from ramps.offramp_actor import OfframpPart
from ramps.offramps.file import FileOfframp
from supervisor import Deployment
from supervisor.deployment.account import Account, ComponentAccount
from supervisor.deployment.check import examine
from supervisor.deployment.load import parse
from supervisor.deployment.plan import Plan
from supervisor.deployment.toml_text import toml_document
from supervisor.executors.placement import place
from supervisor.executors.subplan import part_of

Tables = dict[str, Any]

FAST = {"initial": "5ms", "maximum": "20ms"}


def plan_of(tables: Tables) -> Plan:
    examination = examine(parse(toml_document(tables), "deployment.toml"))
    assert examination.plan is not None, examination.problems
    return examination.plan


class Parts:
    """All parts of one plan: started from the lowest, stopped from the highest."""

    def __init__(self, tables: Tables, directory: Path, executors: int = 2) -> None:
        self.plan = plan_of(tables)
        self.placement = place(self.plan, executors)
        self.directory = directory
        self.executors = {number: self._deployment(number) for number in range(1, executors + 1)}
        self.running: set[int] = set()
        self.accounts: dict[int, Account] = {}

    def _deployment(self, number: int) -> Deployment:
        return Deployment(part_of(self.plan, self.placement, number, self.directory))

    def __enter__(self) -> Parts:
        for number in self.executors:
            self.start(number)
        return self

    def __exit__(self, *_error: object) -> None:
        for number in sorted(self.running, reverse=True):
            self.executors[number].stop(0.0)

    def __getitem__(self, number: int) -> Deployment:
        return self.executors[number]

    def start(self, number: int) -> None:
        self.running.add(number)
        self.executors[number].start()

    def die(self, number: int) -> None:
        """As if its process were gone: nothing of it is left but its sockets."""
        self.running.discard(number)
        self.executors[number].stop(0.0)
        self.executors[number] = self._deployment(number)

    def wait(self, timeout: float = 10.0) -> None:
        """Until all of them have come to their end."""
        for number, deployment in self.executors.items():
            assert deployment.wait(timeout) is not None, f"executor {number} did not come to its end"

    def stop(self, drain_timeout: float = 5.0) -> Account:
        """Stop all, and add up what they say."""
        for number in sorted(self.running, reverse=True):
            self.accounts[number] = self.executors[number].stop(drain_timeout)
        self.running.clear()
        return added_up(list(self.accounts.values()))


def added_up(accounts: list[Account]) -> Account:
    """The figures of components of one name, added up."""
    components: dict[str, ComponentAccount] = {}
    for account in accounts:
        for component in account.components:
            known = components.get(component.name)
            components[component.name] = component if known is None else _sum(known, component)
    reasons: Counter[str] = Counter()
    for account in accounts:
        reasons.update(account.dead_letter_reasons)
    return Account(
        tuple(components.values()), sum(account.dead_letters for account in accounts), dict(reasons)
    )


def _sum(one: ComponentAccount, other: ComponentAccount) -> ComponentAccount:
    figures: dict[str, Any] = {}
    for name in ComponentAccount.__dataclass_fields__:
        mine, theirs = getattr(one, name), getattr(other, name)
        if isinstance(mine, dict):
            figures[name] = dict(Counter(mine) + Counter(theirs))
        elif isinstance(mine, int):
            figures[name] = mine + theirs
    return replace(one, **figures)


def to_one_file(instances: int = 2, **out: Any) -> Tables:
    return {
        "onramps": {"in": {"type": "memory"}},
        "pipelines": {"work": {"operators": [{"type": "filter", "expression": "event.n >= 0"}]}},
        "offramps": {"out": {"type": "file", "path": "out.jsonl", "retry": FAST, **out}},
        "flows": {"main": {"links": ["in -> work -> out"], "instances": instances, "shared": ["out"]}},
    }


def from_one_file(instances: int = 4, codec: Any = "json", **more: Any) -> Tables:
    return {
        "onramps": {"in": {"type": "file", "path": "in.txt", "codec": codec}},
        "pipelines": {"work": {"operators": [{"type": "filter", "expression": "event != 'x'"}]}},
        "offramps": {"out": {"type": "file", "path": "out.jsonl"}},
        "flows": {
            "main": {"links": ["in -> work -> out"], "instances": instances, "shared": ["in", "out"], **more}
        },
    }


def lines(directory: Path, name: str = "out.jsonl") -> list[Any]:
    path = directory / name
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def wait_for_lines(directory: Path, count: int, name: str = "out.jsonl") -> None:
    """Until there are so many, or more."""
    path = directory / name
    wait_until(lambda: path.exists() and path.read_bytes().count(b"\n") >= count, 20.0, f"{count} lines")


def put(parts: Parts, executor: int, numbers: range, name: str = "in") -> None:
    parts[executor].onramp(name).put_all({"n": n} for n in numbers)


def dealt_from_memory(**out: Any) -> Tables:
    tables = from_one_file()
    tables["onramps"]["in"] = {"type": "memory", "codec": "json"}
    tables["offramps"]["out"] = {"type": "file", "path": "out.jsonl", **out}
    return tables


def frames(numbers: range) -> Iterator[bytes]:
    return (b'{"n":%d}' % n for n in numbers)


def wait_until_linked(parts: Parts) -> None:
    """Until all that forwards is connected."""
    links = [
        part
        for deployment in parts.executors.values()
        for part in deployment._parts().values()
        if isinstance(part, OfframpPart) and part.connector.forwards
    ]
    wait_until(lambda: all(part.connected and not part.outage_told for part in links))


def numbers_in(directory: Path) -> list[int]:
    return [event["n"] for event in lines(directory)]


class Scripted(FileOfframp):
    """A file that first does what a test says."""

    script: ClassVar[list[Any]] = []

    def write(self, outgoing: Outgoing) -> None:
        if self.script and outgoing.batch.origin:
            step = self.script.pop(0)
            if isinstance(step, Exception):
                raise step
            step(outgoing)
        super().write(outgoing)
