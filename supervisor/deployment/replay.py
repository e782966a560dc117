"""`Replay`: puts dead letters back into the components that gave them up, while the deployment runs."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import gevent

from actors import ActorRef, ActorSystem, MailboxFull, State
from pipelines.batch import Batch
from pipelines.ticket import Outcome, Ticket
from ramps.errors import IntakeFull
from ramps.onramp_actor import OnrampPart
from supervisor.deployment.build import Builder, Part

__all__ = ["CannotReplay", "Replayed", "event_of", "replay"]

_LOOK_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class Replayed:
    """A letter to be replayed, as far as that needs it. ``id`` is whatever the caller knows it by; the rest as in
    `supervisor.dead_letters.Letter`.
    """

    id: str
    component: str
    origin: str
    original: bytes
    details: str


class CannotReplay(Exception):
    """What is kept of it is not enough. The text says why."""


class _Fate:
    """What became of one letter: nothing is known before its ticket is settled."""

    __slots__ = ("outcome",)

    def __init__(self) -> None:
        self.outcome: Outcome | None = None

    def settle(self, outcome: Outcome) -> None:
        self.outcome = outcome


def replay(
    builder: Builder, system: ActorSystem, letters: Iterable[Replayed], seconds: float
) -> dict[str, str]:
    """By id, why each was not delivered; an empty text where it was: written, dropped on purpose, or a dead letter
    again. Those of components that are not here are left out. Blocks for so many seconds at most, and little more.

    One at a time for a deployment, because of the count that its account needs.
    """
    deadline = system.clock.now() + seconds
    reasons: dict[str, str] = {}
    fates: dict[str, _Fate] = {}
    for letter in letters:
        part = builder.parts.get(letter.component)
        if part is None:
            continue
        fate = fates[letter.id] = _Fate()
        try:
            _put(builder, system, part, letter, fate, max(0.0, deadline - system.clock.now()))
        except (CannotReplay, MailboxFull, IntakeFull) as error:
            reasons[letter.id] = str(error)
            del fates[letter.id]
    while system.clock.now() < deadline and any(fate.outcome is None for fate in fates.values()):
        gevent.sleep(_LOOK_SECONDS)
    return reasons | {id: _reason(fate) for id, fate in fates.items()}


def _reason(fate: _Fate) -> str:
    if fate.outcome is None:
        return "it is under way, and was not delivered in time"
    return "" if fate.outcome is Outcome.DELIVERED else "it failed again"


def _put(
    builder: Builder, system: ActorSystem, part: Part, letter: Replayed, fate: _Fate, seconds: float
) -> None:
    ref = system.find(letter.component)
    if ref is None or ref.state is not State.RUNNING:
        raise CannotReplay(f"{letter.component} does not run now")
    if isinstance(part, OnrampPart):
        _feed(builder, part, letter, fate, seconds)
    else:
        _tell(builder, system, ref, letter, fate, seconds)


def _tell(
    builder: Builder, system: ActorSystem, ref: ActorRef[Any], letter: Replayed, fate: _Fate, seconds: float
) -> None:
    batch = Batch(
        [event_of(letter)],
        ingest_ns=system.clock.time_ns(),
        origin=letter.origin,
        size=len(letter.original),
        ticket=Ticket(fate.settle),
    )
    # Before: whoever gets it may be done with it at once.
    builder.replayed[letter.component] += 1
    try:
        ref.tell(("in", batch), size=batch.size, timeout=seconds)
    except BaseException:
        builder.replayed[letter.component] -= 1
        raise


def _feed(builder: Builder, part: OnrampPart, letter: Replayed, fate: _Fate, seconds: float) -> None:
    """What an onramp could not frame or decode: once more, as it may have learnt to by a new configuration."""
    data, framed = _bytes_of(letter)
    # A frame went through all preprocessors before its codec failed.
    stream = part.intake.stream(letter.origin, preprocessors=[] if framed else None, framed=framed)
    for count in _fed(stream, data, fate, seconds):
        builder.replayed[letter.component] += count


def _fed(stream: Any, data: bytes, fate: _Fate, seconds: float) -> Iterator[int]:
    whole = Ticket(fate.settle)
    try:
        yield sum(stream.feed(data, timeout=seconds, ticket=whole.fork()))
        yield sum(stream.end(ticket=whole.fork()))
    except BaseException:
        whole.answer(Outcome.FAILED)
        raise
    whole.answer()


def _bytes_of(letter: Replayed) -> tuple[bytes, bool]:
    """The bytes that an onramp refused, and whether they are one frame, as its codec got it."""
    details = json.loads(letter.details)
    if not isinstance(details, dict) or "data_bytes" in details:
        raise CannotReplay("only the beginning of its bytes is kept")
    data = letter.original
    if isinstance(details.get("data_base64"), str):
        data = base64.b64decode(details["data_base64"])
    return data, details.get("kind") == "decode"


def event_of(letter: Replayed) -> Any:
    """The event that the component got, from what it said when it gave up. Raises `CannotReplay` where that does not
    say it.
    """
    try:
        value = json.loads(letter.details)
    except (ValueError, RecursionError):
        raise CannotReplay("its event is kept as text only") from None
    if isinstance(value, dict) and "error" in value and value.get("component") == letter.component:
        if "event" not in value:
            raise CannotReplay("its event is kept as text only")
        value = value["event"]
    # JSON has no bytes.
    return letter.original if value == repr(letter.original) else value
