"""Measures all variants one after the other, and those that are compared in turns, again and again, so that what the
machine does meanwhile hits all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from benchmarks.throughput.measurement import Measurement
from benchmarks.throughput.process import RunFailed
from benchmarks.throughput.turns import Rate
from benchmarks.throughput.variants import Duel, Variant

__all__ = ["Failure", "Measure", "MeasureInTurns", "Results", "Round", "run_rounds"]

Round = Mapping[Variant, Measurement]
Measure = Callable[[Variant, Round], Measurement]
"""Measures one variant; it is given what its round has shown so far. Raises `RunFailed`."""
MeasureInTurns = Callable[[Duel], tuple[Rate, Rate]]
"""Measures both, of which one runs at any time. Raises `RunFailed`."""
Result = TypeVar("Result", bound="Measurement | tuple[Rate, Rate]")


def _not_in_turns(duel: Duel) -> tuple[Rate, Rate]:
    raise RunFailed(f"nobody can measure {duel}")


@dataclass(frozen=True)
class Failure:
    """What gave no figures."""

    what: Variant | Duel
    why: str


@dataclass
class Results:
    """Everything that was measured, round by round."""

    asked: list[Variant]
    rounds: list[dict[Variant, Measurement]] = field(default_factory=list)
    """What ran alone."""
    turns: list[dict[Duel, tuple[Rate, Rate]]] = field(default_factory=list)
    """What took turns."""
    failures: list[Failure] = field(default_factory=list)
    interrupted: bool = False

    def of(self, variant: Variant) -> list[Measurement]:
        """All measurements of one variant that ran alone."""
        return [each[variant] for each in self.rounds if variant in each]


def run_rounds(
    variants: Sequence[Variant],
    repeat: int,
    measure: Measure,
    *,
    duels: Sequence[Duel] = (),
    measure_in_turns: MeasureInTurns = _not_in_turns,
    refused: Mapping[Variant, str] | None = None,
    before: Callable[[int, Variant | Duel], None] = lambda _round, _what: None,
    after: Callable[[Variant | Duel, Measurement | tuple[Rate, Rate] | str], None] = lambda _what, _result: (
        None
    ),
) -> Results:
    """Measure each variant once a round, and then all duels. One that fails does not keep the others from being
    measured.

    ``refused`` are not run, and say why. Ctrl-C ends it; what was measured until then is returned.
    """
    results = Results(list(variants))
    refused = refused or {}
    results.failures += [Failure(variant, why) for variant, why in refused.items()]

    def attempt(number: int, what: Variant | Duel, act: Callable[[], Result]) -> Result | None:
        before(number, what)
        try:
            result = act()
        except (RunFailed, ValueError) as error:
            results.failures.append(Failure(what, str(error)))
            after(what, str(error))
            return None
        after(what, result)
        return result

    try:
        for number in range(1, repeat + 1):
            this: dict[Variant, Measurement] = {}
            turns: dict[Duel, tuple[Rate, Rate]] = {}
            results.rounds.append(this)
            results.turns.append(turns)
            for variant in variants:
                if variant not in refused:
                    found = attempt(number, variant, partial(measure, variant, this))
                    if found is not None:
                        this[variant] = found
            for duel in duels:
                both = attempt(number, duel, partial(measure_in_turns, duel))
                if both is not None:
                    turns[duel] = both
    except KeyboardInterrupt:
        results.interrupted = True
    return results
