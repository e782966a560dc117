"""All metrics of a deployment, in one list: names, units, labels, and what each is made from.

Names and units follow Prometheus (https://prometheus.io/docs/practices/naming/): seconds and bytes, ``_total`` for what
only grows. All come from a `Snapshot`, so that none costs anything per event, and executors are in all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from supervisor.observation.snapshot import ComponentSnapshot, ProcessSnapshot, Snapshot

__all__ = ["METRICS", "Metric", "Sample"]

_COMPONENT = ("component", "kind", "flow", "executor")
_PROCESS = ("executor",)


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of a metric, with its labels in the metric's order. Of a histogram, ``value`` is the sum of what was
    observed and ``buckets`` the counts by `ramps.latency.BOUNDS_SECONDS`, one more than there are bounds.
    """

    labels: tuple[str, ...]
    value: float
    buckets: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. ``name`` is without the ``_total`` of a counter."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...]
    samples: Callable[[Snapshot], Iterable[Sample]]


def _of_components(
    value: Callable[[ComponentSnapshot], float | None],
) -> Callable[[Snapshot], Iterator[Sample]]:
    def samples(snapshot: Snapshot) -> Iterator[Sample]:
        for component in snapshot.components:
            found = value(component)
            if found is not None:
                yield Sample(_labels(component), found)

    return samples


def _by_key(
    pairs: Callable[[ComponentSnapshot], Iterable[tuple[tuple[str, ...], float]]],
) -> Callable[[Snapshot], Iterator[Sample]]:
    def samples(snapshot: Snapshot) -> Iterator[Sample]:
        for component in snapshot.components:
            for more, value in pairs(component):
                yield Sample((*_labels(component), *more), value)

    return samples


def _of_processes(value: Callable[[ProcessSnapshot], float]) -> Callable[[Snapshot], Iterator[Sample]]:
    def samples(snapshot: Snapshot) -> Iterator[Sample]:
        return (Sample((str(process.executor),), value(process)) for process in snapshot.processes)

    return samples


def _labels(component: ComponentSnapshot) -> tuple[str, ...]:
    return component.name, component.kind, component.flow, str(component.executor)


def _dropped(component: ComponentSnapshot) -> Iterator[tuple[tuple[str, ...], float]]:
    for reason, count in component.dropped.items():
        yield (reason,), count
    for port, count in component.unlinked.items():
        yield (f"unlinked {port}",), count


def _latencies(snapshot: Snapshot) -> Iterator[Sample]:
    for component in snapshot.components:
        if component.latencies:
            yield Sample(_labels(component), component.latency_seconds, component.latencies)


def _only(
    kind: str, value: Callable[[ComponentSnapshot], float]
) -> Callable[[ComponentSnapshot], float | None]:
    return lambda component: value(component) if component.kind == kind else None


METRICS: tuple[Metric, ...] = (
    Metric("aftershock_events_received", "counter", "Events that came into a component.", _COMPONENT,
           _of_components(lambda component: component.received)),
    Metric("aftershock_events_sent", "counter", "Events that left a component by a port that is linked.",
           (*_COMPONENT, "port"),
           _by_key(lambda component: (((port,), count) for port, count in component.sent.items()))),
    Metric("aftershock_events_written", "counter", "Events that an offramp has handed over to the outside.",
           _COMPONENT, _of_components(_only("offramp", lambda component: component.written))),
    Metric("aftershock_events_dropped", "counter",
           "Events dropped on purpose, by operator and reason, or because nobody reads the port that they left by.",
           (*_COMPONENT, "reason"), _by_key(_dropped)),
    Metric("aftershock_errors", "counter", "Events that left a component by `err`.", _COMPONENT,
           _of_components(lambda component: component.errors)),
    Metric("aftershock_read_bytes", "counter", "Bytes that an onramp has read.", _COMPONENT,
           _of_components(_only("onramp", lambda component: component.read_bytes))),
    Metric("aftershock_written_bytes", "counter", "Bytes that an offramp has written.", _COMPONENT,
           _of_components(_only("offramp", lambda component: component.written_bytes))),
    Metric("aftershock_latency_seconds", "histogram",
           "Age of events when an offramp had written them: from the moment at which they came in.", _COMPONENT,
           _latencies),
    Metric("aftershock_events_in_hand", "gauge", "Events that a component works on, holds, or has not sent yet.",
           _COMPONENT, _of_components(lambda component: component.in_hand)),
    Metric("aftershock_mailbox_events", "gauge", "Events that wait in a component's mailbox.", _COMPONENT,
           _of_components(lambda component: component.waiting if component.max_waiting else None)),
    Metric("aftershock_mailbox_max_events", "gauge", "Events that a component's mailbox has room for.", _COMPONENT,
           _of_components(lambda component: component.max_waiting or None)),
    Metric("aftershock_mailbox_bytes", "gauge", "Bytes that wait in a component's mailbox.", _COMPONENT,
           _of_components(lambda component: component.waiting_bytes if component.max_waiting else None)),
    Metric("aftershock_mailbox_blocked_seconds", "counter",
           "Time that others have spent waiting for room in a component's mailbox.", _COMPONENT,
           _of_components(lambda component: component.blocked_seconds)),
    Metric("aftershock_blocked", "gauge", "1 for each component that waits now, by whom or what it waits for.",
           (*_COMPONENT, "waits_for"),
           _by_key(lambda component: [((component.blocked_on,), 1.0)] if component.blocked_on else [])),
    Metric("aftershock_component_cpu_seconds", "counter", "Processor time that a component has used (sampled).",
           _COMPONENT, _of_components(lambda component: component.cpu_seconds)),
    Metric("aftershock_component_restarts", "counter", "How often a component was started again.", _COMPONENT,
           _of_components(lambda component: component.restarts)),
    Metric("aftershock_component_state", "gauge",
           "1 for the state that a component is in: starting, running, paused, connecting, restarting, ended, down, "
           "stopped.",
           (*_COMPONENT, "state"), _by_key(lambda component: [((component.state,), 1.0)])),
    Metric("aftershock_dead_letters", "counter", "Events that became dead letters.", (),
           lambda snapshot: [Sample((), snapshot.dead_letters)]),
    Metric("aftershock_dead_letters_kept", "counter", "Dead letters that were put into the store.", (),
           lambda snapshot: [Sample((), snapshot.kept_dead_letters)]),
    Metric("aftershock_process_cpu_seconds", "counter", "Processor time that a process has used.", _PROCESS,
           _of_processes(lambda process: process.cpu_seconds)),
    Metric("aftershock_process_memory_bytes", "gauge", "Memory that a process occupies.", _PROCESS,
           _of_processes(lambda process: process.memory_bytes)),
    Metric("aftershock_process_descriptors", "gauge", "Open files and sockets of a process.", _PROCESS,
           _of_processes(lambda process: process.descriptors)),
    Metric("aftershock_process_restarts", "counter", "How often an executor was started again.", _PROCESS,
           _of_processes(lambda process: process.restarts)),
    Metric("aftershock_process_uptime_seconds", "gauge", "How long a process has been running.", _PROCESS,
           _of_processes(lambda process: process.uptime_seconds)),
    Metric("aftershock_hub_lag_seconds", "gauge",
           "How late a timer came at the latest look: how long all others keep everybody waiting.", _PROCESS,
           _of_processes(lambda process: process.hub_lag_seconds)),
)  # fmt: skip
"""In the order in which they are shown and documented."""
