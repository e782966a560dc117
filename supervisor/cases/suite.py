"""Reads a ``*.test.toml`` and checks it against the deployment that it is about: all that is wrong with it, at once."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.language.faults import Fault
from pipelines.language.runtime.json_text import decode
from supervisor.cases.places import BadPlace, Place, connector_named, place_of_input, place_of_output
from supervisor.cases.schema import CaseTable, ExpectTable, Failures, FailureTable, InputTable, TestFile
from supervisor.cases.stubs import stubbed
from supervisor.deployment.check import examine
from supervisor.deployment.load import Document, load
from supervisor.deployment.plan import OfframpPlan, OnrampPlan, Plan
from supervisor.deployment.problem import InvalidDeployment, KeyPath, printable
from supervisor.deployment.validate import Findings

__all__ = ["Case", "Expectation", "Feed", "Step", "Suite", "load_suite"]

_MAX_INPUT_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class Feed:
    """What comes in at a place: bytes for an onramp, or values."""

    place: Place
    items: tuple[bytes | list[Any], ...]
    meta: dict[str, Any] | None


@dataclass(frozen=True)
class Expectation:
    """What must have come out at a place. ``events`` are those of the table, or made of its JSON."""

    place: Place
    table: ExpectTable
    events: list[Any] | None
    line: int


@dataclass(frozen=True)
class Step:
    """Failures that begin, input, a passage of time in seconds, a look at what came out: in this order."""

    failures: tuple[tuple[Place, list[FailureTable]], ...] = ()
    feeds: tuple[Feed, ...] = ()
    advance: float = 0.0
    expectations: tuple[Expectation, ...] = ()


@dataclass(frozen=True)
class Case:
    """One case, with everything in it found and read. ``line`` is where it stands in the file."""

    table: CaseTable
    line: int
    steps: tuple[Step, ...]
    at_end: tuple[Expectation, ...]

    @property
    def name(self) -> str:
        """What it shows."""
        return self.table.name


@dataclass(frozen=True)
class Suite:
    """The cases of one file, and the plan that each of them runs: with stubs in place of all connectors."""

    file: Path
    plan: Plan
    cases: tuple[Case, ...] = field(repr=False)


def load_suite(path: Path) -> Suite:
    """Read a file of cases and the deployment that it names. Starts nothing, but imports what the deployment names.

    Raises `InvalidDeployment` with all problems, either of the deployment or of the cases.
    """
    document = load(path)
    findings = Findings(document)
    table = findings.validate(TestFile, document.tables, (), "the test")
    if table is None:
        raise InvalidDeployment(findings.problems)
    deployment = document.directory / table.deployment
    if not deployment.is_file():
        message = f"there is no deployment {printable(str(deployment))}"
        findings.error(
            ("deployment",), "file-not-found", message, "a path is relative to the file of the test"
        )
        raise InvalidDeployment(findings.problems)
    examination = examine(load(deployment), executors=1)
    if examination.plan is None:
        raise InvalidDeployment(list(examination.problems))
    reader = _Reader(findings, examination.plan)
    cases = tuple(reader.case(index, case) for index, case in enumerate(table.cases))
    if findings.errors:
        raise InvalidDeployment(sorted(findings.problems, key=lambda problem: problem.position or (0, 0, 0)))
    return Suite(path, stubbed(examination.plan), cases)


class _Reader:
    def __init__(self, findings: Findings, plan: Plan) -> None:
        self._findings = findings
        self._document: Document = findings.document
        self._plan = plan
        self._names: dict[str, int] = {}

    def case(self, index: int, table: CaseTable) -> Case:
        path: KeyPath = ("cases", index)
        line = self._line((*path, "name"))
        first = self._names.setdefault(table.name, line)
        if first != line:
            message = f"two cases are called `{printable(table.name)}`; the other is in line {first}"
            self._findings.error(
                (*path, "name"), "duplicate-name", message, "say in which way this one differs"
            )
        steps = [Step(self._failures(path, table.failures), self._feeds(path, table.input))]
        for number, step in enumerate(table.steps):
            inner: KeyPath = (*path, "steps", number)
            steps.append(
                Step(
                    self._failures(inner, step.failures),
                    self._feeds(inner, step.input),
                    step.advance or 0.0,
                    self._expectations(inner, step.expect),
                )
            )
        return Case(table, line, tuple(steps), self._expectations(path, table.expect))

    def _line(self, path: KeyPath) -> int:
        position = self._document.positions.value(path) or self._document.positions.key(path[:-1])
        return position.line if position else 1

    def _failures(self, path: KeyPath, failures: Failures) -> tuple[tuple[Place, list[FailureTable]], ...]:
        found = []
        for name, tables in failures.items():
            own: KeyPath = (*path, "failures", name)
            try:
                place = connector_named(self._plan, name)
            except BadPlace as error:
                self._findings.error(own, "unknown-place", str(error), error.hint, at_key=True)
                continue
            for number, table in enumerate(tables):
                self._check_failure((*own, number), place, table)
            found.append((place, tables))
        return tuple(found)

    def _check_failure(self, path: KeyPath, place: Place, table: FailureTable) -> None:
        is_onramp = isinstance(place.components[0], OnrampPlan)
        wrong = ""
        if is_onramp and (table.reject is not None or table.crash is not None):
            wrong = "only offramps reject events, or crash over them"
        elif table.on == ("write" if is_onramp else "read"):
            wrong = "an onramp does not write" if is_onramp else "an offramp does not read"
        if wrong:
            self._findings.error(path, "bad-value", f"`{place.text}`: {wrong}", "leave it out")

    def _feeds(self, path: KeyPath, tables: list[InputTable]) -> tuple[Feed, ...]:
        feeds = []
        for number, table in enumerate(tables):
            own: KeyPath = (*path, "input", number)
            try:
                place = place_of_input(self._plan, table.at)
            except BadPlace as error:
                self._findings.error((*own, "at"), "unknown-place", str(error), error.hint)
                continue
            items = self._items(own, place, table)
            if items is not None:
                feeds.append(Feed(place, items, table.meta))
        return tuple(feeds)

    def _items(self, path: KeyPath, place: Place, table: InputTable) -> tuple[bytes | list[Any], ...] | None:
        if table.events is not None:
            return (table.events,)
        if table.json_ is not None:
            values = self._json((*path, "json"), table.json_)
            return None if values is None else (values,)
        onramp = place.components[0]
        key = next(
            key for key in ("text", "lines", "bytes_base64", "file") if getattr(table, key) is not None
        )
        if not isinstance(onramp, OnrampPlan):
            message = f"`{place.text}` takes values in, no bytes"
            self._findings.error(
                (*path, key), "bad-value", message, "give it `events`, or `json`", at_key=True
            )
            return None
        if table.text is not None:
            return (table.text.encode(),)
        if table.lines is not None:
            if onramp.preprocessors and not onramp.connector.member.feeds_frames:
                return ("".join(f"{line}\n" for line in table.lines).encode(),)
            return tuple(line.encode() for line in table.lines)
        if table.file is not None:
            data = self._file((*path, "file"), table.file)
        else:
            data = self._base64((*path, "bytes_base64"), table.bytes_base64 or "")
        return None if data is None else (data,)

    def _file(self, path: KeyPath, name: Path) -> bytes | None:
        file = self._document.directory / name
        try:
            with file.open("rb") as stream:
                data = stream.read(_MAX_INPUT_BYTES + 1)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            message = f"the input {printable(str(file))} cannot be read: {printable(reason)}"
            self._findings.error(
                path, "file-unreadable", message, "a path is relative to the file of the test"
            )
            return None
        if len(data) > _MAX_INPUT_BYTES:
            message = f"the input is larger than {_MAX_INPUT_BYTES // 1024 // 1024} MiB"
            self._findings.error(path, "file-too-large", message, "a case needs a few events only")
            return None
        return data

    def _base64(self, path: KeyPath, text: str) -> bytes | None:
        try:
            return base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError) as error:
            self._findings.error(path, "bad-value", f"this is not base64: {printable(str(error))}")
            return None

    def _json(self, path: KeyPath, text: str) -> list[Any] | None:
        values = []
        for number, line in enumerate(text.splitlines(), 1):
            if not line.strip():
                continue
            try:
                values.append(decode(line))
            except Fault as fault:
                message = f"line {number} of the text is no JSON: {printable(fault.message)}"
                self._findings.error(path, "bad-value", message, "one value a line")
                return None
        return values

    def _expectations(self, path: KeyPath, tables: list[ExpectTable]) -> tuple[Expectation, ...]:
        expectations = []
        for number, table in enumerate(tables):
            own: KeyPath = (*path, "expect", number)
            try:
                place = place_of_output(self._plan, table.at)
            except BadPlace as error:
                self._findings.error((*own, "at"), "unknown-place", str(error), error.hint)
                continue
            if table.text is not None or table.lines is not None:
                self._check_bytes(own, place, "text" if table.text is not None else "lines")
            events = table.events
            if table.json_ is not None:
                events = self._json((*own, "json"), table.json_)
            expectations.append(Expectation(place, table, events, self._line((*own, "at"))))
        return tuple(expectations)

    def _check_bytes(self, path: KeyPath, place: Place, key: str) -> None:
        offramp = place.components[0]
        if not isinstance(offramp, OfframpPlan) or place.port:
            wrong = f"`{place.text}` writes no bytes"
        elif not offramp.connector.member.encodes:
            wrong = f"an offramp of type `{offramp.connector.member.name}` takes values, no bytes"
        else:
            return
        self._findings.error((*path, key), "bad-value", wrong, "expect `events`, or `json`", at_key=True)
