"""The account of a deployment: where every event went, by component, and whether the sum is right.

Each event that came in is followed until it ends in one of these: written by an offramp, dropped on purpose by an
operator, joined with others into one, sent to a port that nobody reads, a dead letter, or still somewhere in the
engine. A copy (fan-out) and an event that an operator made count as one more that came in. An event that leaves by an
``err`` port is still the same event, in another form.

Where a deployment runs in several executors, each has an account of its own. What one passes on to another is neither
written there nor does it come in again: it is ``forwarded`` here and ``taken_over`` there. So each account is right by
itself, and so is their sum, for which the figures of components of one name are added up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from supervisor.deployment.plan import Kind

__all__ = ["Account", "ComponentAccount", "count_events"]


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
    restarts: int = 0
    last_error: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain data for ``--json`` and logs; what is empty is left out."""
        plain: dict[str, Any] = {"component": self.name, "kind": self.kind.value, "flow": self.flow}
        for name in ("received", "sent", "copied", "created", "filtered", "merged", "unlinked", "discarded", "written",
                     "written_bytes", "forwarded", "taken_over", "rejected", "left", "restarts",
                     "last_error"):  # fmt: skip
            value = getattr(self, name)
            if value:
                plain[name] = value
        return plain

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> ComponentAccount:
        """The same again from what `to_json` gave. Raises ``KeyError``, ``TypeError`` and ``ValueError`` for others."""
        rest = {name: value for name, value in plain.items() if name not in ("component", "kind", "flow")}
        return cls(plain["component"], Kind(plain["kind"]), plain["flow"], **rest)


@dataclass(frozen=True, slots=True)
class Account:
    """The accounts of all components, and what became of the whole."""

    components: tuple[ComponentAccount, ...]
    dead_letters: int = 0
    """Events that nobody will process any more."""
    dead_letter_reasons: dict[str, int] = field(default_factory=dict)
    broken_off: tuple[str, ...] = ()
    """Processes that died with what they had in hand, in a sentence each: more may be lost than anybody can count."""
    kept: int = 0
    """Dead letters that lie in the file that ``dead_letters`` names: nobody has processed them, and none is lost."""

    def _sum(self, name: str) -> int:
        total = 0
        for component in self.components:
            value = getattr(component, name)
            total += sum(value.values()) if isinstance(value, dict) else value
        return total

    @property
    def came_in(self) -> int:
        """Events that the onramps brought in, what they could not decode included."""
        return sum(
            component.received - component.taken_over
            for component in self.components
            if component.kind is Kind.ONRAMP
        )

    @property
    def written(self) -> int:
        """Events that the outside took."""
        return self._sum("written")

    @property
    def passed_on(self) -> int:
        """Events that are with other executors, less those that came from there. Added up over all executors: what is
        on its way, or went to one that has died; below 0: what was handed over, and its sender did not live to know.
        """
        return self._sum("forwarded") - self._sum("taken_over")

    @property
    def rejected(self) -> int:
        """Events that left some component by ``err``."""
        return self._sum("rejected")

    @property
    def left(self) -> int:
        """Events that are still in the engine."""
        return self._sum("left")

    @property
    def lost(self) -> int:
        """Events that are gone: dead letters that nobody kept, and what is left when the engine has stopped."""
        return self.dead_letters - self.kept + self.left

    @property
    def additional(self) -> int:
        """Copies and events that operators made."""
        return self._sum("copied") + self._sum("created")

    @property
    def difference(self) -> int:
        """Events that came in and are accounted for nowhere (positive), or are counted twice (negative)."""
        ended = self.written + self._sum("filtered") + self._sum("merged") + self._sum("unlinked")
        ended += self._sum("discarded")
        return self.came_in + self.additional - ended - self.dead_letters - self.left - self.passed_on

    def equation(self) -> str:
        """One line: what came in, and what became of it."""
        terms = [f"{self.came_in:,} in"]
        if self.additional:
            terms.append(f"{self.additional:,} copied or created")
        ended = [f"{self.written:,} written"]
        for name, word in (
            ("filtered", "filtered"),
            ("merged", "merged"),
            ("unlinked", "to unread ports"),
            ("discarded", "dropped for closed offramps"),
        ):
            if self._sum(name):
                ended.append(f"{self._sum(name):,} {word}")
        if self.dead_letters:
            ended.append(f"{self.dead_letters:,} dead letter{'' if self.dead_letters == 1 else 's'}")
        if self.left:
            ended.append(f"{self.left:,} left")
        if self.passed_on > 0:
            ended.append(f"{self.passed_on:,} passed on to other executors")
        elif self.passed_on < 0:
            terms.append(f"{-self.passed_on:,} from other executors")
        line = f"{' + '.join(terms)} = {' + '.join(ended)}"
        if self.difference > 0:
            line += f" + {self.difference:,} unaccounted for"
        elif self.difference < 0:
            line += f" - {-self.difference:,} delivered twice"
        if self.rejected:
            line += f"; {self.rejected:,} of them went by err"
        return line

    def undelivered(self) -> list[str]:
        """What is left or lost, by name, one line each."""
        lines = [
            f"{component.name}: {count_events(component.left)} left"
            for component in self.components
            if component.left
        ]
        lines += [
            f"dead letters, {why}: {count_events(count)}" for why, count in self.dead_letter_reasons.items()
        ]
        lines += [why for why in self.broken_off if why not in self.dead_letter_reasons]
        return lines

    def by_flow(self) -> dict[str, list[ComponentAccount]]:
        """The components of each flow; copies of one component are added up, so that 64 instances are one line."""
        flows: dict[str, dict[tuple[Kind, str], list[ComponentAccount]]] = {}
        for component in self.components:
            short = component.name.rpartition("/")[2]
            flows.setdefault(component.flow, {}).setdefault((component.kind, short), []).append(component)
        return {flow: list(map(_copies_added_up, groups.values())) for flow, groups in flows.items()}

    def per_flow(self) -> dict[str, Account]:
        """An account for each flow by itself. A dead letter whose recipient was no component belongs to none."""
        flows: dict[str, list[ComponentAccount]] = {}
        for component in self.components:
            flows.setdefault(component.flow, []).append(component)
        reasons: dict[str, dict[str, int]] = {flow: {} for flow in flows}
        for why, count in self.dead_letter_reasons.items():
            own = reasons.get(_flow_of(why))
            if own is not None:
                own[why] = count
        return {
            flow: Account(tuple(components), sum(reasons[flow].values()), reasons[flow])
            for flow, components in flows.items()
        }

    @property
    def unaccounted(self) -> int:
        """Events that are accounted for nowhere; those of one flow are not made up for by what another has twice."""
        return max(self.difference, sum(max(0, flow.difference) for flow in self.per_flow().values()))

    def dropped(self) -> dict[str, int]:
        """Events that were dropped on purpose, by reason: the operator that did, the port that nobody reads, or the
        offramp that was closed.
        """
        reasons: Counter[str] = Counter()
        for component in self.components:
            reasons.update(component.filtered)
            reasons.update({f"unread port {port}": count for port, count in component.unlinked.items()})
            reasons.update({f"closed: {name}": count for name, count in component.discarded.items()})
        return {why: count for why, count in reasons.items() if count}

    def _flow_to_json(self) -> dict[str, Any]:
        return {
            "in": self.came_in,
            "made": self.additional,
            "out": self.written,
            "merged": self._sum("merged"),
            "dropped": self.dropped(),
            "dead_letters": self.dead_letter_reasons,
            "in_flight": self.left,
            "passed_on": self.passed_on,
            "difference": self.difference,
        }

    def to_json(self) -> dict[str, Any]:
        """Plain data for ``--json``. In each of ``flows``: in + made = out + merged + all that was dropped + all dead
        letters + in flight + passed on + difference.
        """
        return {
            "in": self.came_in,
            "copied_or_created": self.additional,
            "written": self.written,
            "filtered": self._sum("filtered"),
            "merged": self._sum("merged"),
            "to_unread_ports": self._sum("unlinked"),
            "to_closed_offramps": self._sum("discarded"),
            "rejected": self.rejected,
            "dead_letters": self.dead_letters,
            "dead_letter_reasons": self.dead_letter_reasons,
            "dead_letters_kept": self.kept,
            "broken_off": list(self.broken_off),
            "left": self.left,
            "passed_on": self.passed_on,
            "difference": self.difference,
            "flows": {flow: account._flow_to_json() for flow, account in self.per_flow().items()},
            "components": [component.to_json() for component in self.components],
        }

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> Account:
        """The same again from what `to_json` gave. Raises ``KeyError``, ``TypeError`` and ``ValueError`` for others."""
        components = tuple(map(ComponentAccount.from_json, plain["components"]))
        return cls(
            components,
            plain["dead_letters"],
            plain["dead_letter_reasons"],
            tuple(plain["broken_off"]),
            plain["dead_letters_kept"],
        )

    @classmethod
    def together(cls, accounts: Iterable[Account]) -> Account:
        """The accounts of several processes, or of one process after the other, as one.

        A component that several of them had is one again: its figures are added up, its last error is the latest.
        """
        components: dict[str, list[ComponentAccount]] = {}
        reasons: Counter[str] = Counter()
        dead_letters = kept = 0
        broken_off: list[str] = []
        for account in accounts:
            for component in account.components:
                components.setdefault(component.name, []).append(component)
            reasons.update(account.dead_letter_reasons)
            dead_letters += account.dead_letters
            kept += account.kept
            broken_off += account.broken_off
        added_up = tuple(_added_up(group, name) for name, group in components.items())
        return cls(added_up, dead_letters, dict(reasons), tuple(broken_off), kept)

    def cut_off(self, why: str) -> Account:
        """The account of a process that died after it: what was left, or under way, has become dead letters."""
        lost = max(0, self.left + self.difference)
        components = tuple(replace(component, left=0) for component in self.components)
        reasons = {**self.dead_letter_reasons, **({why: lost} if lost else {})}
        return Account(components, self.dead_letters + lost, reasons, (*self.broken_off, why), self.kept)


def _flow_of(why: str) -> str:
    """The flow of a dead letter's recipient, with whose name the reason begins (``"offramp:main#2/out: …"``)."""
    return why.partition(":")[2].partition("/")[0].partition("#")[0]


def count_events(count: int) -> str:
    """``"1 event"``, ``"1,234 events"``."""
    return f"{count:,} event{'' if count == 1 else 's'}"


def _copies_added_up(group: list[ComponentAccount]) -> ComponentAccount:
    first = group[0]
    short = first.name.rpartition("/")[2]
    return _added_up(group, f"{first.kind.value}:{first.flow}/{short} x{len(group)}")


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
