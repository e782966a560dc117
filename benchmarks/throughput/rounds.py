"""Measures all variants in turns, again and again, so that what the machine does meanwhile hits all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.throughput.measurement import Measurement
from benchmarks.throughput.process import RunFailed
from benchmarks.throughput.variants import Variant

__all__ = ["Failure", "Measure", "Results", "Round", "run_rounds"]

Round = Mapping[Variant, Measurement]
Measure = Callable[[Variant, Round], Measurement]
"""Measures one variant; it is given what its round has shown so far. Raises `RunFailed`."""


@dataclass(frozen=True)
class Failure:
    """A variant that gave no figures."""

    variant: Variant
    why: str


@dataclass
class Results:
    """Everything that was measured, round by round."""

    asked: list[Variant]
    rounds: list[dict[Variant, Measurement]] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    interrupted: bool = False

    def of(self, variant: Variant) -> list[Measurement]:
        """All measurements of one variant."""
        return [each[variant] for each in self.rounds if variant in each]


def run_rounds(
    variants: Sequence[Variant],
    repeat: int,
    measure: Measure,
    *,
    refused: Mapping[Variant, str] | None = None,
    before: Callable[[int, Variant], None] = lambda _round, _variant: None,
    after: Callable[[Variant, Measurement | str], None] = lambda _variant, _result: None,
) -> Results:
    """Measure each variant once a round. One that fails does not keep the others from being measured.

    ``refused`` are not run, and say why. Ctrl-C ends it; what was measured until then is returned.
    """
    results = Results(list(variants))
    refused = refused or {}
    results.failures += [Failure(variant, why) for variant, why in refused.items()]
    try:
        for number in range(1, repeat + 1):
            this: dict[Variant, Measurement] = {}
            results.rounds.append(this)
            for variant in variants:
                if variant in refused:
                    continue
                before(number, variant)
                try:
                    this[variant] = measure(variant, this)
                except (RunFailed, ValueError) as error:
                    results.failures.append(Failure(variant, str(error)))
                    after(variant, str(error))
                else:
                    after(variant, this[variant])
    except KeyboardInterrupt:
        results.interrupted = True
    return results
