"""`DeadLetterKeeper`: where what nobody could process goes, flow by flow: a file, an offramp, or nowhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from actors import ActorSystem, DeadLetter
from actors.log import get_logger
from pipelines.batch import Batch
from pipelines.failure import describe_error
from pipelines.outlets import Outlets
from pipelines.ticket import Outcome, forked_for, settle_batch
from ramps.links.linked_batch import LinkedBatch
from supervisor.dead_letters import DeadLetterStore, Letter
from supervisor.dead_letters.letters import letters_of
from supervisor.deployment.plan import ComponentId, ComponentPlan, Kind, Plan
from supervisor.deployment.schema import SupervisorTable

__all__ = ["DeadLetterKeeper"]

_log = get_logger("supervisor")

_NOT_LINKED = "its err port is not linked"
_MOST_AT_ONCE = 100

_Entry = tuple[Batch, DeadLetter, str]
"""What is to be kept, why, and the error."""


class DeadLetterKeeper:
    """Hears of each dead letter of a system, counts it, keeps it if it can, and answers its ticket.

    ``plans()`` and ``outlets`` are those of the components, by the names of their actors. Raises `BadStore` where a
    file cannot be used.
    """

    def __init__(
        self,
        plan: Plan,
        system: ActorSystem,
        plans: Callable[[], Mapping[str, ComponentPlan]],
        outlets: Mapping[str, Outlets],
    ) -> None:
        self._system = system
        self._plans = plans
        self._outlets = outlets
        self._offramps: dict[str, str] = {}
        self._paths: dict[str, Path | None] = {}
        self._stores: dict[Path, DeadLetterStore] = {}
        self._limits = (0, 0)
        self._refusing: set[DeadLetterStore] = set()
        """Those that could not store the last letter."""
        self.kept = 0
        """Events that became dead letters, and lie in a file or were handed to an offramp."""
        self.reasons: Counter[str] = Counter()
        """Events that became dead letters, by where and why."""
        self.returned: Counter[str] = Counter()
        """Events that would have, but their source was told that they have failed, by where and why."""
        self.adopt(plan)
        system.dead_letters.subscribe(self._hear)

    def adopt(self, plan: Plan) -> None:
        """Keep them as this plan says from now on. Files that it names, too, stay open. Raises `BadStore` where one
        cannot be used, and then goes on as before.
        """
        default, table = plan.supervisor.dead_letters, plan.supervisor
        paths = {"": default, **{flow.name: flow.dead_letters or default for flow in plan.flows}}
        limits = (table.dead_letters_max, table.dead_letters_max_size)
        kept = self._stores if limits == self._limits else {}
        stores: dict[Path, DeadLetterStore] = {}
        try:
            for path in paths.values():
                if path is not None and path not in stores:
                    stores[path] = kept.get(path) or _store(path, table)
        except BaseException:
            _close(stores, kept)
            raise
        before, self._stores, self._limits = self._stores, stores, limits
        self._paths = paths
        self._offramps = {flow.name: flow.dead_letter_offramp for flow in plan.flows}
        _close(before, stores)
        self._refusing &= set(stores.values())

    def unlinked(self, component: str, port: str, batch: Batch) -> None:
        """A batch left a component by a port that nobody reads. By ``err``, it is a dead letter."""
        if port != "err":
            return
        first = batch.values[0] if batch.values else None
        why = str(first.get("error", "")) if isinstance(first, dict) else ""
        self._system.dead_letters.add(
            [DeadLetter(message=batch, recipient=component, reason=_NOT_LINKED, events=len(batch))]
        )
        letter = DeadLetter(None, component, _NOT_LINKED, events=len(batch))
        kept = self._keep(batch, letter, why)
        if self._store_of(component) not in self._refusing:
            remedy = "they are kept" if kept else "link the component's err port to keep them"
            _log.warning(
                f"Errors without a reader became dead letters; {remedy}.",
                component=component,
                events=len(batch),
                error=why,
            )

    def close(self) -> None:
        """Release the files."""
        _close(self._stores, {})

    def _hear(self, letters: Sequence[DeadLetter]) -> None:
        to_keep: dict[DeadLetterStore | None, list[_Entry]] = {}
        for letter in letters:
            entry = self._sort_out(letter)
            if entry is not None:
                to_keep.setdefault(self._store_of(letter.recipient), []).append(entry)
        for store, entries in to_keep.items():
            for start in range(0, len(entries), _MOST_AT_ONCE):
                self._keep_all(store, entries[start : start + _MOST_AT_ONCE])

    def _keep_all(self, store: DeadLetterStore | None, entries: list[_Entry]) -> None:
        """As `_keep`, but with one write for all: each waits for the disk, and a full mailbox may hold a thousand."""
        if store is not None and len(entries) > 1:
            try:
                store.add([row for entry in entries for row in self._rows(*entry)])
            except Exception:
                # Some of them may fit, and each that does not is to be told.
                pass
            else:
                for batch, letter, _error in entries:
                    self._note_kept(store, batch, letter)
                return
        for entry in entries:
            self._keep(*entry)

    def _sort_out(self, letter: DeadLetter) -> _Entry | None:
        """What is to be kept of it, if anything."""
        match letter.message:
            case (_, LinkedBatch() as batch):
                # Somebody in another executor waits for an answer.
                batch.lose()
                self._fail(batch, letter)
            case (_, Batch() as batch) if batch.ticket is not None and letter.error is None:
                # Its recipient has stopped. Nothing is wrong with it, and its source still has it.
                self._fail(batch, letter)
            case (_, Batch() as batch):
                error = "" if letter.error is None else describe_error(letter.error)
                if not self._hand_to_offramp(batch, letter, error):
                    return batch, letter, error
            case Batch():
                # `unlinked` sees to it.
                pass
            case _:
                self._count(letter)
        return None

    def _fail(self, batch: Batch, letter: DeadLetter) -> None:
        """Nobody keeps it: its source, if it can, sends it again."""
        if batch.ticket is None:
            self._count(letter)
            return
        if letter.events:
            self.returned[f"{letter.recipient}: {letter.reason}"] += letter.events
        settle_batch(batch, Outcome.FAILED)

    def _count(self, letter: DeadLetter) -> None:
        if letter.events:
            self.reasons[f"{letter.recipient}: {letter.reason}"] += letter.events

    def _flow_of(self, component: str) -> str:
        plan = self._plans().get(component)
        return "" if plan is None else plan.id.flow

    def _store_of(self, component: str) -> DeadLetterStore | None:
        path = self._paths.get(self._flow_of(component))
        return None if path is None else self._stores[path]

    def _keep(self, batch: Batch, letter: DeadLetter, error: str) -> bool:
        """Put it into the file, if there is one; otherwise its source, if it can, sends it again, and it is False."""
        component = letter.recipient
        store = self._store_of(component)
        if store is None:
            self._fail(batch, letter)
            return False
        try:
            store.add(self._rows(batch, letter, error))
        except Exception as refused:
            # Whatever is the matter with it, nobody who reports a dead letter must die of it. Once, because a source
            # that sends again gets here again.
            tell = _log.debug if store in self._refusing else _log.error
            self._refusing.add(store)
            tell(
                "Dead letters cannot be stored; in an at-least-once flow their source sends them again, otherwise they "
                "are lost.",
                component=component,
                events=len(batch),
                error=str(refused),
            )
            self._fail(batch, letter)
            return False
        self._note_kept(store, batch, letter)
        return True

    def _note_kept(self, store: DeadLetterStore, batch: Batch, letter: DeadLetter) -> None:
        if store in self._refusing:
            self._refusing.discard(store)
            _log.info("Dead letters can be stored again.", component=letter.recipient)
        self._count(letter)
        self.kept += len(batch)
        settle_batch(batch)

    def _rows(self, batch: Batch, letter: DeadLetter, error: str) -> list[Letter]:
        now_ns, component = self._system.clock.time_ns(), letter.recipient
        flow = self._flow_of(component)
        return letters_of(batch, component, flow, letter.reason, error, now_ns, letter.attempts)

    def _hand_to_offramp(self, batch: Batch, letter: DeadLetter, error: str) -> bool:
        """Send it as error events to the flow's offramp for dead letters. False where there is none to take it."""
        offramp = self._offramp_of(letter.recipient)
        if offramp is None:
            return False
        ref = self._system.find(offramp)
        if ref is None or not ref.is_alive:
            return False
        events = [batch.select([index]) for index in range(len(batch))]
        if batch.ticket is not None:
            forked_for(batch.ticket, events)
        for event in events:
            event.values = [_error_event(event.values[0], letter, error)]
            event.raws, event.route = None, None
            # One by one, because a batch would switch to its receiver, and we are called where nobody may switch.
            own = replace(letter, message=None, events=1)
            if ref.try_tell(("in", event)):
                self._count(own)
                self.kept += 1
                # The letter is counted, and what the offramp does with it will be, too.
                self._outlets[letter.recipient].copied += 1
            else:
                self._keep(event, own, error)
        settle_batch(batch)
        return True

    def _offramp_of(self, component: str) -> str | None:
        plan = self._plans().get(component)
        name = "" if plan is None else self._offramps.get(plan.id.flow)
        if plan is None or not name or plan.id.name == name:
            return None
        candidates = (ComponentId(plan.id.flow, instance, name) for instance in (plan.id.instance, 0))
        return next(
            (found for each in candidates if (found := f"{Kind.OFFRAMP.value}:{each}") in self._plans()), None
        )


def _close(stores: Mapping[Path, DeadLetterStore], without: Mapping[Path, DeadLetterStore]) -> None:
    for path, store in stores.items():
        if without.get(path) is not store:
            store.close()


def _store(path: Path, table: SupervisorTable) -> DeadLetterStore:
    return DeadLetterStore(path, most=table.dead_letters_max, most_bytes=table.dead_letters_max_size)


def _error_event(value: Any, letter: DeadLetter, error: str) -> dict[str, Any]:
    return {
        "error": error or letter.reason,
        "kind": "dead letter",
        "reason": letter.reason,
        "component": letter.recipient,
        "attempts": letter.attempts,
        "event": value,
    }
