"""Adds up what the parts of a deployment have counted: from counters to an `Account`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from actors import ActorSystem
from pipelines.actor import PipelinePart
from ramps.links.link_intake import LinkIntake
from ramps.offramp_actor import OfframpPart
from ramps.onramp_actor import OnrampPart
from supervisor.deployment.account import Account, ComponentAccount
from supervisor.deployment.build import Builder, Part
from supervisor.deployment.component_account import over_time
from supervisor.deployment.plan import ComponentId, ComponentPlan

__all__ = ["retire", "tally"]


def tally(builder: Builder, system: ActorSystem) -> Account:
    """The account as it stands now. Does not block; exact when nothing is under way."""
    intakes = _intakes(builder)
    letters = builder.dead_letters
    components = {
        plan.actor_name: _component(builder, plan, part, system, intakes)
        for plan, part in builder.pairs()
        if _intake(part) is None
    }
    for name, past in builder.retired.items():
        components[name] = over_time([past, components[name]], name) if name in components else past
    returned = dict(letters.returned)
    return Account(
        tuple(components.values()),
        system.dead_letters.events - sum(returned.values()),
        dict(letters.reasons),
        kept=letters.kept,
        returned=returned,
        at_least_once=tuple(dict.fromkeys((*builder.plan.at_least_once, *sorted(builder.past_promises)))),
    )


def retire(builder: Builder, system: ActorSystem, names: Iterable[str]) -> None:
    """Keep what these parts have counted: they are about to be replaced or forgotten. Does not block."""
    intakes = _intakes(builder)
    for name in names:
        part = builder.parts[name]
        if _intake(part) is None:
            # What waits in its mailbox is for whoever comes after it.
            account = _component(builder, builder.plans[name], part, system, intakes, mailbox=False)
            past = builder.retired.get(name)
            account = account if past is None else over_time([past, account], name)
            builder.retired = {**builder.retired, name: account}
        # The account has these now. The next start is of another incarnation all the same.
        builder.replayed.pop(name, None)
        builder.incarnations[name] = 1


def _component(
    builder: Builder,
    plan: ComponentPlan,
    part: Part,
    system: ActorSystem,
    intakes: dict[ComponentId, LinkIntake],
    *,
    mailbox: bool = True,
) -> ComponentAccount:
    ref = system.find(plan.actor_name)
    statistics = None if ref is None else ref.statistics()
    waiting = 0 if statistics is None or not mailbox else statistics.mailbox.depth + statistics.events_in_hand
    unlinked = {port: count for port, count in part.outlets.dropped.items() if port != "err"}
    replayed = builder.replayed[plan.actor_name]
    common: dict[str, Any] = {
        "name": plan.actor_name,
        "kind": plan.kind,
        "flow": plan.id.flow,
        "sent": dict(part.outlets.sent),
        "copied": part.outlets.copied + (0 if isinstance(part, OnrampPart) else replayed),
        "unlinked": unlinked,
        "discarded": dict(part.outlets.discarded),
        "rejected": part.outlets.sent.get("err", 0) + part.outlets.dropped.get("err", 0),
        "restarts": max(0, builder.incarnations[plan.actor_name] - 1),
        "last_error": "" if statistics is None else statistics.last_error,
    }
    match part:
        case OnrampPart():
            return _onramp(part, replayed, common)
        case PipelinePart():
            return _pipeline(part, waiting, common)
        case OfframpPart():
            return _offramp(part, waiting, intakes.get(plan.id), common)
    raise TypeError(part)


def _onramp(part: OnrampPart, replayed: int, common: dict[str, Any]) -> ComponentAccount:
    intake = part.intake
    # A copy, because whoever looks can be pre-empted amid a loop over what others work on.
    undelivered = tuple(intake.undelivered)
    left = sum(len(batch) for _port, batch in undelivered)
    # Those that had arrived when whoever sent them was killed, and that nobody has counted since.
    arrived = sum(batch.taken for _port, batch in undelivered)
    received = intake.events + intake.errors + arrived + left
    if part.connector.at_least_once:
        told = part.connector.confirmations()
        # A source that is held back has not counted what it is about to hand over.
        known = (
            max(told.unconfirmed, received - replayed - told.confirmed - told.sent_again)
            if told.remains
            else told.unconfirmed
        )
        common.update(told._replace(unconfirmed=known)._asdict())
    if not part.connector.takes_over:
        return ComponentAccount(received=received, left=left, **common)
    # The reader, which does not decode, has counted every frame, also those that hold no event.
    received += intake.skipped
    filtered = {"codec (no event)": intake.skipped} if intake.skipped else {}
    return ComponentAccount(received=received, taken_over=received, filtered=filtered, left=left, **common)


def _offramp(
    part: OfframpPart, waiting: int, intake: LinkIntake | None, common: dict[str, Any]
) -> ComponentAccount:
    if part.connector.forwards:
        # What was forwarded is received by the component of the same name that writes it.
        return ComponentAccount(received=part.failed, forwarded=part.written, left=waiting, **common)
    return ComponentAccount(
        received=part.written + part.failed,
        written=part.written,
        written_bytes=part.written_bytes,
        taken_over=intake.taken_over if intake is not None else 0,
        # Senders in other executors have theirs in hand until it is written here.
        left=max(0, waiting - intake.under_way) if intake is not None else waiting,
        **common,
    )


def _intake(part: Part) -> LinkIntake | None:
    """The receiving end of links that stands in front of an offramp, and is counted with it."""
    connector = part.connector if isinstance(part, OnrampPart) else None
    return connector if isinstance(connector, LinkIntake) else None


def _intakes(builder: Builder) -> dict[ComponentId, LinkIntake]:
    """By the offramp that they stand in front of."""
    return {
        plan.links[0].target: intake
        for plan, part in builder.pairs()
        if (intake := _intake(part)) is not None
    }


def _pipeline(part: PipelinePart, waiting: int, common: dict[str, Any]) -> ComponentAccount:
    created = merged = held = 0
    filtered: Counter[str] = Counter()
    sent: Counter[str] = Counter(common["sent"])
    for account in part.accounts():
        for (port, left_by), count in account["joined"].items():
            # Counted when they were worked on; some may not have been sent yet.
            moved = min(count, sent[left_by])
            sent[port] += moved
            sent[left_by] -= moved
        created += account["created"]
        merged += account["merged"]
        held += account["held"]
        filtered.update(
            {
                operator if reason == operator else f"{operator} ({reason})": count
                for operator, reasons in account["dropped"].items()
                for reason, count in reasons.items()
            }
        )
    common["sent"] = {port: count for port, count in sent.items() if count}
    if part.stored:
        common["unconfirmed"] = part.stored
        common["remains"] = f"{part.stored_where} keeps them, and they are sent again at the next start"
    outbox = sum(len(batch) for _port, batch in tuple(part.outbox))
    return ComponentAccount(
        received=part.received,
        created=created,
        merged=merged,
        filtered=dict(filtered),
        left=waiting + held + outbox,
        **common,
    )
