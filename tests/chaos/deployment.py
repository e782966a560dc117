"""The text of a deployment of the suite, from its sources and sinks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tests.chaos.sinks import Sink
from tests.chaos.sources import Source

__all__ = ["Chain", "deployment_toml"]

_HEAD = """
[supervisor]
executors = {executors}
heartbeat_timeout = "5s"
drain_timeout = "10s"
dead_letters = "dead-letters.sqlite"

[supervisor.restart]
max_restarts = 50
backoff = {{ initial = "20ms", maximum = "100ms" }}
"""

_CHAIN = """
[onramps.in-{name}]
{source}

[pipelines.stage-{name}]
python = "tests.chaos.stage:stage"
mailbox_events = 256
poison_after = 10

[offramps.out-{name}]
mailbox_events = 256
poison_after = 10
{sink}

[offramps.errors-{name}]
type = "chaos-ledger"
path = "errors-{name}.jsonl"

[flows.{name}]
guarantee = "at-least-once"
links = {links}
"""

_WAL = """
[pipelines.keep-{name}]
operators = [
    {{ type = "wal", path = "{path}", max_events = 300, backoff = {{ initial = "20ms", maximum = "200ms" }} }},
]
mailbox_events = 256
poison_after = 10
"""

_BRANCH = """
[offramps.branch-{name}]
type = "blackhole"
"""


@dataclass
class Chain:
    """One flow: a source, a pipeline, a sink, and maybe a second one."""

    name: str
    source: Source
    sink: Sink
    has_branch: bool = False

    def toml(self, executors: int) -> str:
        """Its components and its flow."""
        name = self.name
        source, stage, out, errors = (f"{part}-{name}" for part in ("in", "stage", "out", "errors"))
        keep = [] if self.sink.wal is None else [f"keep-{name}"]
        links = [" -> ".join([source, *keep, stage, out])]
        links += [f"{part}/err -> {errors}" for part in (source, *keep, stage, out)]
        if self.has_branch:
            links += [f"{stage} -> branch-{name}", f"branch-{name}/err -> {errors}"]
        text = _CHAIN.format(name=name, source=self.source.toml(), sink=self.sink.toml(), links=links)
        if self.sink.wal is not None:
            text = _WAL.format(name=name, path=self.sink.wal) + text
        # Copies of a wal would have one file.
        if executors > 1 and self.sink.wal is None:
            text += f"instances = {executors}\nshared = {[source, out, errors]}\n"
        return text + (_BRANCH.format(name=name) if self.has_branch else "")


def deployment_toml(chains: Iterable[Chain], executors: int = 1) -> str:
    """The whole text."""
    return _HEAD.format(executors=executors) + "".join(chain.toml(executors) for chain in chains)
