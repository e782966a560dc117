"""Runs cases, and says what is not as expected."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import gevent

from supervisor.cases.matching import Difference, compare_events, show
from supervisor.cases.stage import Stage
from supervisor.cases.suite import Case, Expectation, Suite
from supervisor.deployment.outcome import StartRefused

__all__ = ["CaseResult", "Mismatch", "run_case"]

_SHOWN_EVENTS = 5


@dataclass(frozen=True)
class Mismatch:
    """One expectation that was not met. ``line`` is where it stands in the file."""

    line: int
    message: str
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True)
class CaseResult:
    """What came of one case. ``notes`` tell what else happened in it, for who looks for the reason of a failure."""

    file: Path
    name: str
    line: int
    seconds: float
    mismatches: tuple[Mismatch, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def passed(self) -> bool:
        """Whether everything was as expected."""
        return not self.mismatches


def run_case(suite: Suite, case: Case) -> CaseResult:
    """Run one case. Blocks for as long as its ``timeout`` at most. Raises nothing that a case could cause."""
    started = perf_counter()
    mismatches: list[Mismatch] = []
    notes: list[str] = []
    limit = gevent.Timeout.start_new(case.table.timeout)
    try:
        with Stage(suite.plan, case.table.now) as stage:
            try:
                _play(stage, case, mismatches)
            finally:
                notes += _notes(stage)
    except gevent.Timeout as timeout:
        if timeout is not limit:
            raise
        why = f"it had not come to rest after {case.table.timeout:g} s of real time"
        mismatches.append(Mismatch(case.line, why))
    except StartRefused as error:
        mismatches.append(Mismatch(case.line, f"the deployment does not start: {error}"))
    finally:
        limit.close()
    seconds = perf_counter() - started
    return CaseResult(suite.file, case.name, case.line, seconds, tuple(mismatches), tuple(notes))


def _play(stage: Stage, case: Case, mismatches: list[Mismatch]) -> None:
    for step in case.steps:
        for place, tables in step.failures:
            stage.fail(place, tables)
        for feed in step.feeds:
            stage.feed(feed)
        if step.advance:
            stage.advance(step.advance)
        mismatches += _look(stage, step.expectations)
    stage.end()
    mismatches += _look(stage, case.at_end)
    if stage.failed:
        mismatches.append(Mismatch(case.line, f"the deployment gave up: {stage.failed}"))
    letters, expected = sum(stage.dead_letters.values()), case.table.dead_letters or 0
    if letters != expected:
        mismatches.append(Mismatch(case.line, f"expected {_count(expected, 'dead letter')}, got {letters}"))
    account = stage.account
    if account is not None and account.left:
        mismatches.append(Mismatch(case.line, f"{_count(account.left, 'event')} had not arrived at the end"))


def _look(stage: Stage, expectations: tuple[Expectation, ...]) -> list[Mismatch]:
    """Several expectations of one look about the same place are about the same events."""
    events: dict[str, list[Any]] = {}
    texts: dict[str, bytes] = {}
    found = []
    for expectation in expectations:
        place = expectation.place
        if place.text not in events:
            events[place.text] = stage.take(place)
        got: list[Any] = events[place.text]
        if expectation.table.text is not None or expectation.table.lines is not None:
            if place.text not in texts:
                texts[place.text] = stage.take_bytes(place)
            differences = _compare_bytes(expectation, texts[place.text])
        else:
            differences = _compare(expectation, got)
        if differences:
            message = f"at {place.text}: {_wanted(expectation)}, got {_count(len(got), 'event')}"
            found.append(Mismatch(expectation.line, message, tuple(differences)))
    return found


def _wanted(expectation: Expectation) -> str:
    table = expectation.table
    if table.text is not None or table.lines is not None:
        return "expected other bytes"
    if table.where is not None:
        count = "" if table.count is None else f"{_count(table.count, 'event')} "
        return f"expected {count}where {table.where.text}"
    if expectation.events is None:
        return f"expected {_count(table.count or 0, 'event')}"
    several = _count(len(expectation.events), "event")
    return f"expected {'these ' if len(expectation.events) != 1 else 'this '}{several}"


def _compare(expectation: Expectation, got: list[Any]) -> list[Difference]:
    table = expectation.table
    found: list[Difference] = []
    if table.where is not None:
        fitting = [value for value in got if table.where(value, None)]
        others = [value for value in got if not table.where(value, None)]
        if not fitting and table.count is None:
            found.append(Difference("no event is like that", _first(got)))
        elif others and not table.others:
            found += [Difference(f"not like that: {show(value)}") for value in others[:_SHOWN_EVENTS]]
        if table.count is not None and len(fitting) != table.count:
            found.append(Difference(f"{len(fitting)} of {len(got)} events are like that", _first(got)))
    elif (
        table.count is not None and len(got) != table.count and not (table.others and len(got) > table.count)
    ):
        found.append(Difference("the events are:" if got else "there was no event", _first(got)))
    if expectation.events is not None:
        found += compare_events(
            expectation.events, got, exact=table.exact, any_order=table.any_order, others=table.others
        )
    return found


def _compare_bytes(expectation: Expectation, got: bytes) -> list[Difference]:
    table = expectation.table
    try:
        text = got.decode("utf-8")
    except UnicodeDecodeError:
        return [Difference(f"the bytes are no text: {got[:100]!r}")]
    if table.text is not None:
        if table.text == text:
            return []
        return [Difference(f"expected {show(table.text)}"), Difference(f"got      {show(text)}")]
    return compare_events(
        list(table.lines or ()),
        text.split("\n")[:-1] if text.endswith("\n") else text.split("\n") if text else [],
        exact=True,
        any_order=table.any_order,
        others=table.others,
    )


def _notes(stage: Stage) -> list[str]:
    notes = [
        f"at {name}: {_count(len(events), 'event')} that nobody asked for, the first is {show(events[0])}"
        for name, events in stage.elsewhere().items()
    ]
    return notes + [f"{_count(count, 'dead letter')} of {why}" for why, count in stage.dead_letters.items()]


def _first(events: list[Any]) -> tuple[str, ...]:
    more = len(events) - _SHOWN_EVENTS
    lines = tuple(show(value) for value in events[:_SHOWN_EVENTS])
    return (*lines, f"… and {more} more") if more > 0 else lines


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
