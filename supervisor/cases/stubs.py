"""Doubles of connectors: what a test runs in place of files, sockets and processes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from gevent.event import Event

from pipelines.operator import Inline, Kind, Operator, Scope
from pipelines.options import Options
from pipelines.retry import BackoffOptions
from pipelines.values import copy_value
from ramps.errors import ConnectionLost, EndOfInput, Rejected
from ramps.offramp import Offramp, Outgoing
from ramps.onramp import InboundStream, Intake, Onramp
from supervisor.cases.schema import FailureTable
from supervisor.deployment.plan import (
    ComponentPlan,
    FlowPlan,
    OfframpPlan,
    OnrampPlan,
    PartPlan,
    PipelinePlan,
    Plan,
)
from supervisor.deployment.schema import RestartPolicy

__all__ = ["StubOfframp", "StubOnramp", "stubbed"]


@dataclass
class _Failure:
    """A failure that is still to happen; ``left`` is how often."""

    table: FailureTable
    left: float

    @classmethod
    def of(cls, table: FailureTable) -> _Failure:
        often = table.times or ("always" if table.reject is not None else 1)
        return cls(table, float("inf") if often == "always" else often)


class _Failures:
    """What is to go wrong with one connector."""

    def __init__(self) -> None:
        self._pending: list[_Failure] = []

    def add(self, tables: list[FailureTable]) -> None:
        """These happen, too, from now on."""
        self._pending += map(_Failure.of, tables)

    def lose_connection(self, when: str, *, usual: bool) -> None:
        """Raises `ConnectionLost` if that is to happen now. ``usual``: failures happen here that do not say when."""
        for failure in self._pending:
            table = failure.table
            if (
                table.reject is None
                and table.crash is None
                and (table.on == when or (usual and not table.on))
            ):
                self._happens(failure)
                raise ConnectionLost(table.error)

    def crash(self, values: list[Any]) -> None:
        """Raises ``RuntimeError`` if that is to happen over one of these."""
        for failure in self._pending:
            crash = failure.table.crash
            if crash is not None and any(crash(value, None) for value in values):
                self._happens(failure)
                raise RuntimeError(failure.table.error)

    def refused(self, values: list[Any]) -> tuple[list[int], str]:
        """Which of these are refused, and why."""
        for failure in self._pending:
            reject = failure.table.reject
            indices = [] if reject is None else [i for i, value in enumerate(values) if reject(value, None)]
            if indices:
                self._happens(failure)
                return indices, failure.table.error
        return [], ""

    def _happens(self, failure: _Failure) -> None:
        failure.left -= 1
        if failure.left <= 0:
            self._pending.remove(failure)


class StubOnrampOptions(Options):
    """``framed``: each piece is one whole frame, as it is for the connector that it stands for."""

    framed: bool = False


class StubOnramp(Onramp):
    """Brings in what the test gives it: bytes through the preprocessors and the codec of the onramp, or values."""

    name: ClassVar[str] = "stub"
    summary: ClassVar[str] = "Stands for an onramp in a test."
    replays = True
    single_owner: ClassVar[bool] = False
    Options = StubOnrampOptions
    options: StubOnrampOptions

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self.failures = _Failures()
        self.items: deque[tuple[bytes | list[Any], dict[str, Any] | None]] = deque()
        """What is still to be read."""
        self._is_open = self._at_end = False
        self._changed = Event()
        self._stream: InboundStream | None = None

    def put(self, item: bytes | list[Any], meta: dict[str, Any] | None) -> None:
        """Bring in bytes, or values. Does not block."""
        self.items.append((item, meta))
        self._changed.set()

    def end(self) -> None:
        """There is no more. Does not block."""
        self._at_end = True
        self._changed.set()

    def fail(self, tables: list[FailureTable]) -> None:
        """Fail like this from now on. Does not block."""
        self.failures.add(tables)
        self._changed.set()

    def open(self) -> None:
        """Raises `ConnectionLost` if the test says so."""
        self.failures.lose_connection("open", usual=False)
        self._is_open = True

    def read(self, intake: Intake) -> None:
        """Move one item; blocks until there is one, or the end."""
        self._changed.clear()
        try:
            self.failures.lose_connection("read", usual=True)
        except ConnectionLost as error:
            stream, self._stream = self._stream, None
            if stream is not None:
                stream.abort(str(error))
            raise
        if self.items:
            item, meta = self.items.popleft()
            self._move(intake, item, meta)
        elif self._at_end:
            stream, self._stream = self._stream, None
            if stream is not None:
                stream.end()
            raise EndOfInput("the test has no more input")
        elif self._is_open:
            self._changed.wait()

    def _move(self, intake: Intake, item: bytes | list[Any], meta: dict[str, Any] | None) -> None:
        if isinstance(item, bytes):
            if self._stream is None:
                self._stream = intake.stream("test", framed=self.options.framed)
            self._stream.feed(item, meta=meta)
        else:
            metas = None if meta is None else [copy_value(meta) for _value in item]
            intake.emit(item, origin="test", metas=metas)

    def close(self) -> None:
        """Let whoever reads go."""
        self._is_open = False
        self._changed.set()


class StubOfframpOptions(Options):
    """``encodes``: whether it wants bytes, as the connector that it stands for."""

    encodes: bool = True


class StubOfframp(Offramp):
    """Keeps what it is given, unless the test says that it fails."""

    name: ClassVar[str] = "stub"
    summary: ClassVar[str] = "Stands for an offramp in a test."
    confirms = "write"
    reads_meta: ClassVar[bool] = True
    single_owner: ClassVar[bool] = False
    Options = StubOfframpOptions
    options: StubOfframpOptions

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self.encodes = self.options.encodes  # type: ignore[misc]
        self.failures = _Failures()
        self.record: Callable[[list[Any]], None] = lambda values: None
        """Told the values that were written."""
        self.written = bytearray()

    def fail(self, tables: list[FailureTable]) -> None:
        """Fail like this from now on. Does not block."""
        self.failures.add(tables)

    def open(self) -> None:
        """Raises `ConnectionLost` if the test says so."""
        self.failures.lose_connection("open", usual=False)

    def write(self, outgoing: Outgoing) -> None:
        """Keep the events. Raises what the test says."""
        values = outgoing.batch.values
        self.failures.crash(values)
        self.failures.lose_connection("write", usual=True)
        refused, why = self.failures.refused(values)
        taken = [index for index in range(len(values)) if index not in set(refused)]
        self.record([values[index] for index in taken])
        if self.encodes:
            packets = outgoing.packets
            self.written += b"".join(packet for index in taken for packet in packets[index])
        if refused:
            raise Rejected(why, refused)

    def close(self) -> None:
        """Nothing is to be released."""


class StubStore(Operator):
    """In place of one that keeps events in a file: they pass, and are not kept."""

    name: ClassVar[str] = "stub"
    summary: ClassVar[str] = "Stands for a store in a test."
    kind = Kind.INLINE
    outputs = ("out", "overflow")
    changes_values = False
    may_fail = False

    def inline(self, scope: Scope) -> Inline:
        """Nothing."""
        return Inline()


def stubbed(plan: Plan) -> Plan:
    """The same plan without anything that touches the outside, and without chance in the waits for another try."""
    supervisor = plan.supervisor.model_copy(
        update={"dead_letters": None, "api": None, "restart": _without_chance(plan.supervisor.restart)}
    )
    return replace(plan, supervisor=supervisor, flows=tuple(map(_flow, plan.flows)), executors=1)


def _flow(flow: FlowPlan) -> FlowPlan:
    instances = tuple(
        replace(instance, components=tuple(map(_component, instance.components)))
        for instance in flow.instances
    )
    shared = tuple(map(_component, flow.shared))
    return replace(flow, restart=_without_chance(flow.restart), shared=shared, instances=instances)


def _component(component: ComponentPlan) -> ComponentPlan:
    if isinstance(component, OnrampPlan):
        table = component.table.model_copy(update={"retry": _certain(component.table.retry)})
        onramp = PartPlan[Onramp](
            StubOnramp, StubOnrampOptions(framed=component.connector.member.feeds_frames)
        )
        return replace(component, table=table, connector=onramp, copies_share_port=False)
    if isinstance(component, OfframpPlan):
        table_ = component.table.model_copy(update={"retry": _certain(component.table.retry)})
        offramp = PartPlan[Offramp](
            StubOfframp, StubOfframpOptions(encodes=component.connector.member.encodes)
        )
        return replace(component, table=table_, connector=offramp)
    if isinstance(component, PipelinePlan):
        operators = tuple(
            PartPlan(StubStore, Options()) if part.member.takes_over else part for part in component.operators
        )
        return replace(component, operators=operators)
    return component


def _without_chance(policy: RestartPolicy) -> RestartPolicy:
    return policy.model_copy(update={"backoff": _certain(policy.backoff)})


def _certain(backoff: BackoffOptions) -> BackoffOptions:
    return backoff.model_copy(update={"jitter": 0.0})
