"""One pair of deployments: reload(A -> B) against start(B), under load."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import gevent

from actors import ActorRef, ActorSystem
from ramps.errors import EndOfInput, IntakeFull
from ramps.offramps.memory import MemoryOfframp
from ramps.onramp_actor import OnrampPart
from ramps.onramps.memory import MemoryOnramp
from ramps.testing.accounting import assert_balanced
from supervisor import Deployment
from supervisor.deployment.difference import How
from supervisor.deployment.running import plan_source

Tables = dict[str, Any]


class Load:
    """Puts numbered events into every memory onramp that there is, also while others take their place."""

    def __init__(self, deployment: Deployment) -> None:
        self.put: set[int] = set()
        """The numbers that were taken."""
        self.delivered: set[int] = set()
        self._deployment = deployment
        self._next = 0
        self._greenlet = gevent.spawn(self._run)

    def burst(self, count: int) -> None:
        """So many into each."""
        for _ in range(count):
            for part in self._deployment._parts().values():
                connector = part.connector if isinstance(part, OnrampPart) else None
                if isinstance(connector, MemoryOnramp):
                    self._put_one(connector)

    def stop(self) -> None:
        """No more."""
        self._greenlet.kill()

    def _put_one(self, connector: MemoryOnramp) -> None:
        number = self._next
        try:
            connector.put({"id": number}, timeout=0.05, on_delivered=lambda: self.delivered.add(number))
        except (EndOfInput, IntakeFull):
            # It was about to be replaced, or is full; nothing was taken.
            return
        self._next += 1
        self.put.add(number)

    def _run(self) -> None:
        while True:
            self.burst(3)
            gevent.sleep(0)


def check_pair(before: Tables, after: Tables) -> None:
    """Raises ``AssertionError``, or whatever went wrong."""
    plan = plan_source(after)
    with Deployment.load(before) as deployment:
        offramps = _offramps(deployment)
        load = Load(deployment)
        load.burst(5)
        gevent.sleep(0)
        identities = _identities(deployment)
        found = deployment.reload(plan)
        offramps |= _offramps(deployment)
        load.burst(5)
        load.stop()
        _assert_identities(identities, deployment, found.by(How.STAYS, How.RELINKED))
        with Deployment.load(after) as fresh:
            assert structure(deployment) == structure(fresh)
            assert _deliveries(deployment, offramps) == _deliveries(fresh, _offramps(fresh))
        account = deployment.stop()
        assert_balanced(deployment)
        assert account.lost == 0, account.undelivered()
        if not any("blackhole" in str(used_offramps(tables)) for tables in (before, after)):
            arrived = {
                number
                for offramp in offramps.values()
                for value in offramp.events
                for number, _tags in marks(value)
            }
            missing = load.put - arrived
            assert not missing, f"{len(missing)} events did not arrive, such as {sorted(missing)[:5]}"


def used_offramps(tables: Tables) -> Tables:
    """Those that a flow names. A blackhole remembers nothing."""
    links = str([flow["links"] for flow in tables["flows"].values()])
    return {name: table for name, table in tables["offramps"].items() if name in links}


def structure(deployment: Deployment) -> Tables:
    """All that a start decides, as plain data."""
    builder = deployment._made()
    return {
        "plan": deployment.plan.to_json(),
        "tree": _shape(deployment.tree()),
        "parts": [*builder.parts],
        "plans": [*builder.plans],
        "links": {name: _links(part, deployment.system) for name, part in builder.parts.items()},
        "upstream": {
            name: sorted(ref.name for ref in getattr(part, "upstream", ()))
            for name, part in builder.parts.items()
        },
        "settings": {name: _settings(builder, name, deployment.system) for name in builder.parts},
        "components": [
            (each.name, each.type, each.state, each.max_waiting, each.links)
            for each in deployment.snapshot().components
        ],
        "supervisors": {
            name: _supervision(deployment.system, name) for name in _names(deployment.tree()) if ":" in name
        },
    }


def _shape(tree: Any) -> Any:
    return (tree["name"], [_shape(child) for child in tree["children"]])


def _names(tree: Any) -> Iterator[str]:
    yield tree["name"]
    for child in tree["children"]:
        yield from _names(child)


def _supervision(system: ActorSystem, name: str) -> Any:
    actor: Any = system.find(name)._cell.actor  # type: ignore[union-attr]
    history = getattr(actor, "_history", None)
    return None if history is None else (history.intensity, actor._strategy, actor._backoff)


def _links(part: Any, system: ActorSystem) -> Any:
    return {
        port: sorted((_target(link.target), link.port, link.changes_values) for link in links)
        for port, links in part.outlets._links.items()
    }


def _target(target: Any) -> str:
    if isinstance(target, ActorRef):
        assert target.is_alive
        return target.name
    inner = getattr(target, "_targets", None)
    names = [each.ref.name for each in inner] if inner is not None else [target._name]
    return f"{type(target).__name__} {names}"


def _settings(builder: Any, name: str, system: ActorSystem) -> Any:
    ref: Any = system.find(name)
    part, cell = builder.parts[name], ref._cell
    connector = getattr(part, "connector", None)
    return (
        cell.mailbox._max_events,
        cell.mailbox._max_bytes,
        cell.poison_after,
        cell.max_message_time,
        getattr(connector, "options", None),
        getattr(connector, "at_least_once", None),
        part.valve.is_open,
        part.gate.is_set if isinstance(part, OnrampPart) else None,
    )


def _identities(deployment: Deployment) -> dict[str, Any]:
    return {
        name: (
            id(deployment.system.find(name)),
            id(part),
            id(getattr(part, "connector", None)),
            id(getattr(part, "pipeline", None)),
            id(deployment.system.find(name)._cell.actor),  # type: ignore[union-attr]
        )
        for name, part in deployment._parts().items()
    }


def _assert_identities(before: dict[str, Any], deployment: Deployment, stayed: list[str]) -> None:
    after = _identities(deployment)
    assert {name: after[name] for name in stayed} == {name: before[name] for name in stayed}


def _offramps(deployment: Deployment) -> dict[int, MemoryOfframp]:
    return {
        id(part.connector): part.connector
        for part in deployment._parts().values()
        if isinstance(getattr(part, "connector", None), MemoryOfframp)
    }


def _deliveries(deployment: Deployment, offramps: dict[int, MemoryOfframp]) -> Any:
    """Where probes come out, and what they went through, when everything has come to its end."""
    probes = {}
    for number, (name, part) in enumerate(sorted(deployment._parts().items())):
        if isinstance(part, OnrampPart) and isinstance(part.connector, MemoryOnramp):
            probes[f"probe {number}"] = name
            part.connector.put({"id": f"probe {number}"})
            part.connector.close_input()
    deployment.wait(10.0)
    names = {
        id(part.connector): name for name, part in deployment._parts().items() if hasattr(part, "connector")
    }
    deployment.stop()
    return Counter(
        (_copies_alike(probes[number]), _copies_alike(names.get(key, "")), tags)
        for key, offramp in offramps.items()
        for value in offramp.events
        for number, tags in marks(value)
        if number in probes
    )


def _copies_alike(name: str) -> str:
    """Which copy it was may depend on whose turn it is."""
    head, _, short = name.rpartition("/")
    return f"{head.partition('#')[0]}/{short}"


def marks(value: Any, tags: tuple[Any, ...] = ()) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """The numbers of the events in a value, and what was set on the way."""
    if isinstance(value, list):
        for item in value:
            yield from marks(item, tags)
    elif isinstance(value, dict):
        tags = (
            *tags,
            *([("x", value["x"])] if "x" in value else []),
            *(["counted"] if "count" in value else []),
        )
        if "id" in value:
            yield value["id"], tags
        for key in ("event", "all"):
            if key in value:
                yield from marks(value[key], tags)
