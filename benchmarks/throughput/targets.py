"""The ratios and figures that the measurements come down to, and what they are held against."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from benchmarks.throughput.measurement import Measurement
from benchmarks.throughput.rounds import Results
from benchmarks.throughput.turns import Rate
from benchmarks.throughput.variants import Duel, Variant

__all__ = ["TARGETS", "Bound", "Figure", "Target", "duels_of", "evaluate", "missed"]


class Bound(NamedTuple):
    """What a figure has to be, in words and as a test."""

    text: str
    holds: Callable[[float], bool]


def at_least(number: float) -> Bound:
    return Bound(f">= {number:g}", lambda value: value >= number)


def above(number: float) -> Bound:
    return Bound(f"> {number:g}", lambda value: value > number)


def at_most(number: float) -> Bound:
    return Bound(f"<= {number:g}", lambda value: value <= number)


def below(number: float) -> Bound:
    return Bound(f"< {number:g}", lambda value: value < number)


@dataclass(frozen=True)
class Target:
    """A figure of each round, from the measurements of the variants that it needs. Without a bound it only informs.

    ``in_turns``: from their rates when they took turns, and not when each ran alone.
    """

    name: str
    needs: tuple[Variant, ...]
    value: Callable[..., float | None]
    bound: Bound | None = None
    in_turns: bool = False


@dataclass(frozen=True)
class Figure:
    """A target with its values, one for each round that has them."""

    target: Target
    values: list[float]
    asked: bool
    """Whether the command line asked for all that it needs."""

    @property
    def median(self) -> float | None:
        """The median over the rounds; None without any."""
        return statistics.median(self.values) if self.values else None

    @property
    def verdict(self) -> str:
        """``met``, ``MISSED``, ``failed`` (nothing could be measured), ``not asked``, or nothing to say."""
        if not self.asked:
            return "not asked"
        if self.median is None:
            return "failed"
        if self.target.bound is None:
            return ""
        return "met" if self.target.bound.holds(self.median) else "MISSED"


def _rate(one: Rate, other: Rate) -> float:
    return one.mib_per_s / other.mib_per_s


def _kept(part: Measurement, whole: Measurement) -> float:
    """How much of a tenth of the whole's rate came through."""
    return part.events_per_s / (0.1 * whole.events_per_s)


def _ratio(name: str, one: Variant, other: Variant, bound: Bound | None = None) -> Target:
    return Target(name, (one, other), _rate, bound, in_turns=True)


def _targets() -> Iterable[Target]:
    one, limit = Variant("greenlets"), Variant("limit")
    many = Variant("greenlets", 64)
    for engine, suffix in (("ujson", ""), ("orjson", "_orjson")):
        yield _ratio(
            f"limit_ratio{suffix}",
            replace(one, engine=engine),
            replace(limit, engine=engine),
            at_least(0.85),
        )
        yield _ratio(
            f"limit_ratio_routing{suffix}",
            replace(one, engine=engine, flow="routing"),
            replace(limit, engine=engine, flow="routing"),
            above(1.0),
        )
    yield _ratio("flat_64", many, one, at_least(0.95))
    yield _ratio("flat_1024", Variant("greenlets", 1024), one, at_least(0.85))
    two = Variant("greenlets", 64, 2)
    yield _ratio("executors_2", two, many, at_least(1.85))
    yield _ratio("threads_64", many, Variant("threads", 64), at_least(4))
    yield _ratio("threads_batch_64", many, Variant("threads-batch", 64))
    yield _ratio("limit_ratio_executors_2", two, two.limit)
    two_orjson = replace(two, engine="orjson")
    yield _ratio("limit_ratio_executors_2_orjson", two_orjson, two_orjson.limit, at_least(0.85))
    # Tremor's own figure for this workload is an aim: what a machine can do is no property of the program.
    yield Target("mib_per_s_executors_2_orjson", (two_orjson,), lambda run: run.mib_per_s)
    for engine, suffix in (("ujson", ""), ("orjson", "_orjson")):
        yield _ratio(
            f"limit_by_hundreds{suffix}",
            Variant("limit-by-hundreds", engine=engine),
            Variant("limit", engine=engine),
        )
    yield Target("p99_ms_64", (many,), lambda run: run.p99_ms)
    tenth = replace(many, load=0.1)
    yield Target("p99_ms_at_10_percent", (tenth,), lambda run: run.p99_ms, below(5))
    # A latency at a rate that was not kept would be one of another load.
    yield Target("kept_at_10_percent", (tenth, many), _kept, at_least(0.95))
    yield Target("memory_mib_64", (many,), lambda run: run.peak_mib, below(80))
    yield Target("memory_growth", (many,), lambda run: run.memory_growth, at_most(1.05))


TARGETS = tuple(_targets())
"""In the order in which they are printed."""


def duels_of(asked: Iterable[Variant]) -> list[Duel]:
    """What has to be measured in turns for the ratios of these."""
    known = set(asked)
    return [Duel(*target.needs) for target in TARGETS if target.in_turns and known.issuperset(target.needs)]


def evaluate(results: Results, targets: Iterable[Target] = TARGETS) -> list[Figure]:
    """The value of each target in each round; ratios never mix rounds."""
    figures = []
    for target in targets:
        rounds = [runs for runs in _measured(results, target) if runs]
        values = [value for runs in rounds if (value := target.value(*runs)) is not None]
        asked = all(variant in results.asked for variant in target.needs)
        figures.append(Figure(target, values, asked))
    return figures


def _measured(results: Results, target: Target) -> Iterable[Sequence[Measurement | Rate]]:
    """What the target needs, of each round; nothing where it is not all there."""
    if target.in_turns:
        return [each.get(Duel(*target.needs), ()) for each in results.turns]
    return [
        [each[variant] for variant in target.needs]
        if all(variant in each for variant in target.needs)
        else ()
        for each in results.rounds
    ]


def missed(figures: Iterable[Figure]) -> list[str]:
    """The names of what was asked for and does not hold, or could not be measured although there is a bound."""
    return [
        figure.target.name
        for figure in figures
        if figure.verdict == "MISSED" or (figure.verdict == "failed" and figure.target.bound is not None)
    ]
