"""`Archive`: all files of dead letters that a deployment names, as one. Its letters have ids in place of numbers."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from supervisor.dead_letters.store import BadStore, Choice, DeadLetterStore, Letter, LetterSummary

if TYPE_CHECKING:
    from supervisor.deployment.plan import Plan

__all__ = ["Archive", "LetterHead", "UnknownLetter", "head_of"]

_MOST = 2**63 - 1
_Result = TypeVar("_Result")


class UnknownLetter(LookupError):
    """There is no letter of this id, or no longer."""


@dataclass(frozen=True, slots=True)
class LetterHead:
    """What is known of a letter, without the event itself. Times are ISO 8601, UTC."""

    id: str
    """Its number in the file that `[supervisor]` names; behind ``FLOW:`` that in a file of a flow's own."""
    time: str
    """When it was given up."""
    first_time: str
    """When it was first tried or, where that is not known, came in."""
    attempts: int
    flow: str
    component: str
    reason: str
    error: str
    origin: str
    bytes: int
    """Of the event as it came."""


class Archive:
    """Opens the files for each call, which blocks on the disk: for native threads. Raises `BadStore` where one cannot
    be read or written.
    """

    def __init__(self, plan: Plan) -> None:
        self._paths: dict[str, Path] = {}
        named = [("", plan.supervisor.dead_letters), *((flow.name, flow.dead_letters) for flow in plan.flows)]
        for name, path in named:
            if path is not None and path not in self._paths.values():
                self._paths[name] = path

    def heads(self, choice: Choice, limit: int, after: str | None = None) -> list[LetterHead]:
        """The latest, so many at most, newest last; or those that follow the one with the id ``after``, which may be
        gone by now, file by file. Raises `UnknownLetter` for an id that can be none.
        """
        if after is None:
            found = [(key, row) for key in self._paths for row in self._in(key, _latest, choice, limit)]
            found.sort(key=lambda pair: pair[1].time_ns)
            return [head_of(key, row) for key, row in found[-limit:]]
        key, number = self._split(after)
        keys = list(self._paths)
        heads: list[LetterHead] = []
        for each in keys[keys.index(key) :]:
            rest = replace(choice, after=number if each == key else 0)
            heads += [head_of(each, row) for row in self._in(each, _oldest, rest, limit - len(heads))]
            if len(heads) >= limit:
                break
        return heads

    def letter(self, id: str) -> Letter:
        """One of them, whole. Raises `UnknownLetter`."""
        key, number = self._split(id)
        found = self._in(key, _whole, Choice(ids=[number]), 1)
        if not found:
            raise UnknownLetter(f"there is no dead letter {id!r}")
        return found[0]

    def remove(self, ids: Iterable[str]) -> int:
        """Forget these; how many there were. Raises `UnknownLetter` for an id that can be none."""
        numbers: dict[str, list[int]] = {}
        for id in ids:
            key, number = self._split(id)
            numbers.setdefault(key, []).append(number)
        return sum(self._in(key, _purge, Choice(ids=found), 0) for key, found in numbers.items())

    def _split(self, id: str) -> tuple[str, int]:
        key, _, digits = id.rpartition(":")
        if key in self._paths and digits.isascii() and digits.isdigit() and len(digits) < 20:
            return key, min(int(digits), _MOST)
        raise UnknownLetter(f"there is no dead letter {id!r}")

    def _in(
        self,
        key: str,
        work: Callable[[DeadLetterStore, Choice, int], _Result],
        choice: Choice,
        limit: int,
    ) -> _Result:
        with _opened(self._paths[key]) as store:
            return work(store, choice, limit)


def head_of(key: str, row: LetterSummary) -> LetterHead:
    """The head of what stands in a file; ``key`` is the flow whose own file that is, if it is one's."""
    return LetterHead(
        id=f"{key}:{row.id}" if key else str(row.id),
        time=_time(row.time_ns),
        first_time=_time(row.first_ns),
        attempts=row.attempts,
        flow=row.flow,
        component=row.component,
        reason=row.reason,
        error=row.error,
        origin=row.origin,
        bytes=row.bytes,
    )


@contextmanager
def _opened(path: Path) -> Iterator[DeadLetterStore]:
    store = DeadLetterStore(path, must_exist=True)
    try:
        yield store
    except sqlite3.Error as error:
        raise BadStore(f"{str(path)!r}: {error}; is something else at work on it? try again") from None
    finally:
        store.close()


def _latest(store: DeadLetterStore, choice: Choice, limit: int) -> list[LetterSummary]:
    return store.summaries(choice, limit, latest=True)


def _oldest(store: DeadLetterStore, choice: Choice, limit: int) -> list[LetterSummary]:
    return store.summaries(choice, limit)


def _whole(store: DeadLetterStore, choice: Choice, limit: int) -> list[Letter]:
    return [stored.letter for stored in store.find(choice, most=limit)]


def _purge(store: DeadLetterStore, choice: Choice, _limit: int) -> int:
    return store.purge(choice)


def _time(time_ns: int) -> str:
    try:
        return datetime.fromtimestamp(time_ns / 1e9, UTC).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError):
        # The number may be a user's.
        return str(time_ns)
