"""`ComponentAccount`: what one component counted, and how several such accounts become one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from supervisor.deployment.plan import Kind

__all__ = ["ComponentAccount", "copies_added_up", "count_events", "over_time"]


@dataclass(frozen=True, slots=True)
class ComponentAccount:
    """What one component counted. All numbers are events."""

    name: str
    kind: Kind
    flow: str
    received: int = 0
    """Taken in: decoded or refused by an onramp, worked on by a pipeline, written or refused by an offramp."""
    sent: dict[str, int] = field(default_factory=dict)
    """Left by each port that is linked, counted once however many links it has."""
    copied: int = 0
    """Additional copies for ports with several links."""
    created: int = 0
    filtered: dict[str, int] = field(default_factory=dict)
    """Dropped on purpose, by operator and reason."""
    merged: int = 0
    unlinked: dict[str, int] = field(default_factory=dict)
    """Left by each port that nobody reads, ``err`` excepted: that is a dead letter."""
    discarded: dict[str, int] = field(default_factory=dict)
    """Not sent because an offramp was closed and its mailbox full, by the offramp: its flow says so."""
    written: int = 0
    written_bytes: int = 0
    forwarded: int = 0
    """Taken over by another executor, which counts what becomes of them."""
    taken_over: int = 0
    """Came over from another executor, where they came in."""
    rejected: int = 0
    """Left by ``err``."""
    left: int = 0
    """Still in its mailbox, in hand or held by its operators."""
    confirmed: int = 0
    """Delivered, and the source knows it. This and the next three are an onramp's in a flow that promises
    at-least-once (`ramps.confirmations`), as far as it can know."""
    sent_again: int = 0
    """Read or sent once more, as it was not known whether they were delivered."""
    unconfirmed: int = 0
    """Not known to be delivered: still with their source."""
    remains: str = ""
    """Where what is unconfirmed remains, and when it comes again."""
    restarts: int = 0
    last_error: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain data for ``--json`` and logs; what is empty is left out."""
        plain: dict[str, Any] = {"component": self.name, "kind": self.kind.value, "flow": self.flow}
        for name in ("received", "sent", "copied", "created", "filtered", "merged", "unlinked", "discarded",
                     "written", "written_bytes", "forwarded", "taken_over", "rejected", "left", "confirmed",
                     "sent_again", "unconfirmed", "remains", "restarts", "last_error"):  # fmt: skip
            value = getattr(self, name)
            if value:
                plain[name] = value
        return plain

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> ComponentAccount:
        """The same again from what `to_json` gave. Raises ``KeyError``, ``TypeError`` and ``ValueError`` for others."""
        rest = {name: value for name, value in plain.items() if name not in ("component", "kind", "flow")}
        return cls(plain["component"], Kind(plain["kind"]), plain["flow"], **rest)


def count_events(count: int) -> str:
    """``"1 event"``, ``"1,234 events"``."""
    return f"{count:,} event{'' if count == 1 else 's'}"


def copies_added_up(group: list[ComponentAccount]) -> ComponentAccount:
    """One account for all copies of a component, which are shown as one."""
    first = group[0]
    short = first.name.rpartition("/")[2]
    return _added_up(group, f"{first.kind.value}:{first.flow}/{short} x{len(group)}")


def over_time(group: list[ComponentAccount], name: str) -> ComponentAccount:
    """One account of the incarnations of one component: the last one that has read anything has read again what those
    before it had not confirmed.
    """
    last = next((account for account in reversed(group) if account.received), group[-1])
    return replace(_added_up(group, name), unconfirmed=last.unconfirmed, remains=last.remains)


def _added_up(group: list[ComponentAccount], name: str) -> ComponentAccount:
    """One account for all of the group, called ``name``; a single one stays as it is."""
    first = group[0]
    if len(group) == 1:
        return first
    totals: dict[str, Any] = {}
    for field_name in (
        "received",
        "copied",
        "created",
        "merged",
        "written",
        "written_bytes",
        "forwarded",
        "taken_over",
        "rejected",
        "left",
        "confirmed",
        "sent_again",
        "unconfirmed",
        "restarts",
    ):
        totals[field_name] = sum(getattr(component, field_name) for component in group)
    for field_name in ("sent", "filtered", "unlinked", "discarded"):
        counter: Counter[str] = Counter()
        for component in group:
            counter.update(getattr(component, field_name))
        totals[field_name] = dict(counter)
    errors = [component.last_error for component in group if component.last_error]
    return ComponentAccount(
        name=name,
        kind=first.kind,
        flow=first.flow,
        last_error=errors[-1] if errors else "",
        **totals,
    )
