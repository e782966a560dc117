"""The account of a deployment: where every event went, by component, and whether the sum is right.

Each event that came in is followed until it ends in one of these: written by an offramp, dropped on purpose by an
operator, joined with others into one, sent to a port that nobody reads, a dead letter, or still somewhere in the
engine. A copy (fan-out) and an event that an operator made count as one more that came in. An event that leaves by an
``err`` port is still the same event, in another form.

In a flow that promises at-least-once, an event that the engine could not deliver went back to its source, which still
has it; sent again, it comes in again. So more events may come in than there are.

Where a deployment runs in several executors, each has an account of its own. What one passes on to another is neither
written there nor does it come in again: it is ``forwarded`` here and ``taken_over`` there. So each account is right by
itself, and so is their sum, for which the figures of components of one name are added up.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from supervisor.deployment.component_account import (
    ComponentAccount,
    copies_added_up,
    count_events,
    over_time,
)
from supervisor.deployment.plan import ComponentPlan, Kind

__all__ = ["Account", "ComponentAccount", "count_events"]


@dataclass(frozen=True, slots=True)
class Account:
    """The accounts of all components, and what became of the whole."""

    components: tuple[ComponentAccount, ...]
    dead_letters: int = 0
    """Events that nobody will process any more."""
    dead_letter_reasons: dict[str, int] = field(default_factory=dict)
    broken_off: tuple[str, ...] = ()
    """Processes that died with what they had in hand of best-effort flows, in a sentence each: more may be lost than
    anybody can count."""
    kept: int = 0
    """Dead letters that lie in the file that ``dead_letters`` names: nobody has processed them, and none is lost."""
    returned: dict[str, int] = field(default_factory=dict)
    """Events that the engine gave up and whose source still has them, by where and why."""
    at_least_once: tuple[str, ...] = ()
    """The flows that promise it: their sources still have what is left."""

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
    def went_back(self) -> int:
        """Events that went back to their sources."""
        return sum(self.returned.values())

    @property
    def lost(self) -> int:
        """Events that are gone: dead letters that nobody kept, and what is left of best-effort flows when the engine
        has stopped.
        """
        return self.dead_letters - self.kept + sum(component.left for component in self._best_effort())

    def _best_effort(self) -> Iterator[ComponentAccount]:
        return (component for component in self.components if component.flow not in self.at_least_once)

    @property
    def additional(self) -> int:
        """Copies and events that operators made."""
        return self._sum("copied") + self._sum("created")

    @property
    def difference(self) -> int:
        """Events that came in and are accounted for nowhere (positive), or are counted twice (negative)."""
        ended = self.written + self._sum("filtered") + self._sum("merged") + self._sum("unlinked")
        ended += self._sum("discarded") + self.dead_letters + self.went_back
        return self.came_in + self.additional - ended - self.left - self.passed_on

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
        if self.went_back:
            ended.append(f"{self.went_back:,} back with their source{' or wal' if self.has_stores else ''}")
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

    @property
    def has_stores(self) -> bool:
        """Whether some of what is not delivered is kept by a pipeline, and not by its source."""
        return any(component.remains and component.kind is Kind.PIPELINE for component in self.components)

    def undelivered(self) -> list[str]:
        """What is left or lost, by name, one line each."""
        return [*_left(self.components), *self._gone()]

    def losses(self) -> list[str]:
        """What is lost when the engine has stopped, by name, one line each."""
        return [*_left(self._best_effort()), *self._gone()]

    def with_sources(self) -> list[str]:
        """What the sources of at-least-once flows still have when the engine has stopped, and what came of it in the
        engine, by name, one line each.
        """
        lines = [
            f"{component.name}: {count_events(component.unconfirmed)} unconfirmed; {component.remains}"
            for component in self.components
            if component.remains
        ]
        lines += _left(component for component in self.components if component.flow in self.at_least_once)
        lines += [
            f"{why}: {count_events(count) if count else 'nobody can know how many events'}"
            for why, count in self.returned.items()
        ]
        return lines

    def _gone(self) -> list[str]:
        lines = [
            f"dead letters, {why}: {count_events(count)}" for why, count in self.dead_letter_reasons.items()
        ]
        told = " ".join(lines)
        return lines + [why for why in self.broken_off if why not in told]

    def by_flow(self) -> dict[str, list[ComponentAccount]]:
        """The components of each flow; copies of one component are added up, so that 64 instances are one line."""
        flows: dict[str, dict[tuple[Kind, str], list[ComponentAccount]]] = {}
        for component in self.components:
            short = component.name.rpartition("/")[2]
            flows.setdefault(component.flow, {}).setdefault((component.kind, short), []).append(component)
        return {flow: list(map(copies_added_up, groups.values())) for flow, groups in flows.items()}

    def per_flow(self) -> dict[str, Account]:
        """An account for each flow by itself. A dead letter whose recipient was no component belongs to none."""
        flows: dict[str, list[ComponentAccount]] = {}
        for component in self.components:
            flows.setdefault(component.flow, []).append(component)
        letters = _by_flow(self.dead_letter_reasons, flows)
        returned = _by_flow(self.returned, flows)
        return {
            flow: Account(
                tuple(components),
                sum(letters[flow].values()),
                letters[flow],
                returned=returned[flow],
                at_least_once=(flow,) if flow in self.at_least_once else (),
            )
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
            "back_with_source": self.returned,
            "in_flight": self.left,
            "passed_on": self.passed_on,
            "difference": self.difference,
            "confirmed": self._sum("confirmed"),
            "sent_again": self._sum("sent_again"),
            "unconfirmed": self._sum("unconfirmed"),
        }

    def to_json(self) -> dict[str, Any]:
        """Plain data for programs. In each of ``flows``: in + made = out + merged + all that was dropped + all dead
        letters + all that is back with its source + in flight + passed on + difference.
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
            "back_with_source": self.returned,
            "at_least_once": list(self.at_least_once),
            "lost": self.lost,
            "broken_off": list(self.broken_off),
            "left": self.left,
            "passed_on": self.passed_on,
            "difference": self.difference,
            "flows": {flow: account._flow_to_json() for flow, account in self.per_flow().items()},
            "components": [component.to_json() for component in self.components],
        }

    @classmethod
    def blank(cls, components: Iterable[ComponentPlan], at_least_once: tuple[str, ...]) -> Account:
        """That of these components before anything was counted, where those flows promise at-least-once."""
        return cls(
            tuple(ComponentAccount(plan.actor_name, plan.kind, plan.id.flow) for plan in components),
            at_least_once=at_least_once,
        )

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
            plain["back_with_source"],
            tuple(plain["at_least_once"]),
        )

    @classmethod
    def together(cls, accounts: Iterable[Account]) -> Account:
        """The accounts of several processes, or of one process after the other, as one.

        A component that several of them had is one again: its figures are added up, its last error is the latest.
        """
        components: dict[str, list[ComponentAccount]] = {}
        reasons: Counter[str] = Counter()
        returned: Counter[str] = Counter()
        at_least_once: dict[str, None] = {}
        dead_letters = kept = 0
        broken_off: list[str] = []
        for account in accounts:
            for component in account.components:
                components.setdefault(component.name, []).append(component)
            reasons.update(account.dead_letter_reasons)
            dead_letters += account.dead_letters
            kept += account.kept
            broken_off += account.broken_off
            returned.update(account.returned)
            at_least_once.update(dict.fromkeys(account.at_least_once))
        added_up = tuple(over_time(group, name) for name, group in components.items())
        return cls(
            added_up,
            dead_letters,
            dict(reasons),
            tuple(broken_off),
            kept,
            dict(returned),
            tuple(at_least_once),
        )

    def cut_off(self, how: str) -> Account:
        """The account of a process that died after it, as ``how`` says (``"executor 2 was killed by SIGKILL"``): what
        was left, or under way, of at-least-once flows went back to its source, and of others it is a dead letter.
        """
        letters, returned = dict(self.dead_letter_reasons), dict(self.returned)
        lost = f"{how}: what it had in hand is lost"
        flows = self.per_flow()
        more = 0
        for flow, account in flows.items():
            count = max(0, account.left + account.difference)
            if flow in self.at_least_once:
                reason = f"flow:{flow}: {how}"
                returned[reason] = returned.get(reason, 0) + count
            elif count:
                reason = f"flow:{flow}: {lost}"
                letters[reason] = letters.get(reason, 0) + count
                more += count
        is_loss = not flows or not set(flows) <= set(self.at_least_once)
        components = tuple(
            replace(component, left=0, unconfirmed=0, remains="") for component in self.components
        )
        return replace(
            self,
            components=components,
            dead_letters=self.dead_letters + more,
            dead_letter_reasons=letters,
            returned=returned,
            broken_off=(*self.broken_off, lost) if is_loss else self.broken_off,
        )


def _left(components: Iterable[ComponentAccount]) -> list[str]:
    return [
        f"{component.name}: {count_events(component.left)} left" for component in components if component.left
    ]


def _by_flow(reasons: dict[str, int], flows: Iterable[str]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {flow: {} for flow in flows}
    for why, count in reasons.items():
        own = found.get(_flow_of(why))
        if own is not None:
            own[why] = count
    return found


def _flow_of(why: str) -> str:
    """The flow that a reason begins with: of a dead letter's recipient (``"offramp:main#2/out: …"``), or of a process
    that died (``"flow:main: …"``).
    """
    _kind, _, rest = why.partition(":")
    return re.split("[/#:]", rest, maxsplit=1)[0]
