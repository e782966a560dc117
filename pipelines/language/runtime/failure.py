"""From an exception in generated code to a `ScriptError`: what went wrong, at which place of the script."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from types import TracebackType
from typing import Any, NamedTuple

from pipelines.language.diagnostic import Diagnostic, ScriptError
from pipelines.language.faults import Fault
from pipelines.language.runtime.diagnosis import (
    Finding,
    Step,
    explain_assignment,
    explain_presence,
    explain_reading,
)
from pipelines.language.source import Span
from pipelines.language.values import MISSING, Value

__all__ = ["Access", "Operand", "PathSite", "SegmentSite", "Site", "make_failure", "no_leaving"]


class Operand(NamedTuple):
    """Something that the failed function knew: a variable by its Python name, or a constant if there is none."""

    variable: str | None
    value: Value = None

    def get(self, variables: Mapping[str, Value]) -> Value:
        """Its value; `MISSING` if the variable has none."""
        return self.value if self.variable is None else variables.get(self.variable, MISSING)


class SegmentSite(NamedTuple):
    """One segment of a path: its keys, and where those stand. ``spans`` is empty for a key that is a literal."""

    span: Span
    keys: tuple[Operand, ...]
    spans: tuple[Span, ...]

    def step(self, variables: Mapping[str, Value]) -> Step:
        """With its keys as they were."""
        return Step(self.span, tuple(key.get(variables) for key in self.keys), self.spans)


class Access:
    """What is done with a path."""

    READ = "read"
    PRESENT = "present"
    ASSIGN = "assign"


@dataclass(frozen=True, slots=True)
class PathSite:
    """What must be known of a path to walk it again. ``scope`` and ``name`` are for messages."""

    access: str
    root: Operand
    scope: str
    name: str
    segments: tuple[SegmentSite, ...]

    def find(self, span: Span, variables: Mapping[str, Value]) -> Finding | None:
        """What is wrong with it; ``None`` if nothing is."""
        root = self.root.get(variables)
        steps = [segment.step(variables) for segment in self.segments]
        if self.access == Access.READ:
            return explain_reading(root, steps, span, self.scope, self.name)
        if self.access == Access.PRESENT:
            return explain_presence(root, steps)
        return explain_assignment(root, steps, span, self.scope, self.name)


@dataclass(frozen=True, slots=True)
class Site:
    """A place that can fail. ``path``: what fails in here without a `Fault` is a path that cannot be followed."""

    span: Span
    path: PathSite | None = None


def _position(trace: TracebackType) -> tuple[int | None, ...] | None:
    positions = trace.tb_frame.f_code.co_positions()
    return next(islice(positions, trace.tb_lasti // 2, None), None)


def _finding(site: Site, error: Exception, variables: Mapping[str, Value]) -> Finding | None:
    if isinstance(error, Fault):
        return Finding(error.message, site.span, error.hint, error.code)
    if isinstance(error, MemoryError):
        return Finding("there is not enough memory for this", site.span, "", "no-memory")
    if isinstance(error, RecursionError):
        hint = "make the value flatter, or let fewer functions call each other"
        return Finding("this is nested too deeply", site.span, hint, "too-deep")
    if site.path is None or not isinstance(
        error, LookupError | TypeError | UnboundLocalError | AttributeError
    ):
        return None
    return site.path.find(site.span, variables)


def make_failure(
    sites: Mapping[Any, Site], leaving: Callable[[Value], Value]
) -> Callable[[Exception], ScriptError]:
    """The function that generated functions call in their ``except``. ``sites`` are by position.

    It returns the exception to raise, with the event and the metadata as they are: ``leaving`` is applied to both. What
    is no mistake of the script, but one of ours, it raises again as it is.
    """

    def fail(error: Exception) -> ScriptError:
        trace = error.__traceback__
        if trace is None:
            raise error
        # Constants, and a script's `args`, are globals of its function.
        variables = ChainMap(trace.tb_frame.f_locals, trace.tb_frame.f_globals)
        if not isinstance(error, ScriptError):
            position = _position(trace)
            place = position and (position[0], position[2], position[1], position[3])
            site = sites.get(place)
            finding = _finding(site, error, variables) if site else None
            if finding is None:
                raise error
            # A match is told at its end, as the warning that it has no default is.
            below = finding.code == "no-clause"
            error = ScriptError(
                Diagnostic(finding.message, finding.span, finding.hint, finding.code, below=below)
            )
        error.event = leaving(variables.get("event"))
        error.meta = leaving(variables.get("meta"))
        return error

    return fail


def no_leaving(value: Value) -> Value:
    """``leaving`` for scripts whose values cannot stand for more than they hold."""
    return value
