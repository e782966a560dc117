"""What there is to measure, and in which order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

__all__ = ["FLOWS", "SCHEDULERS", "Duel", "Variant", "variants_of"]

SCHEDULERS = ("greenlets", "threads", "threads-batch")
FLOWS = ("changing", "routing")


@dataclass(frozen=True)
class Variant:
    """One thing to measure.

    ``kind`` is a scheduler, or ``limit`` or ``limit-by-hundreds``; ``executors`` are processes. ``load`` is the part of
    the full rate of the same variant that it is to send; None: as much as it can.
    """

    kind: str
    shape: int = 1
    executors: int = 1
    engine: str = "ujson"
    flow: str = "changing"
    load: float | None = None

    @property
    def is_limit(self) -> bool:
        """Whether it is a plain loop instead of a flow."""
        return self.kind.startswith("limit")

    @property
    def limit(self) -> Variant:
        """What it is held against."""
        return Variant("limit", 1, self.executors, self.engine, self.flow)

    @property
    def full_load(self) -> Variant:
        """The same, sending as much as it can."""
        return replace(self, load=None)

    def __str__(self) -> str:
        words = [self.kind] if self.is_limit else [self.kind, f"{self.shape}:{self.shape}:1"]
        words.append(self.engine)
        if self.executors > 1:
            words.append(f"{self.executors} {'processes' if self.is_limit else 'executors'}")
        if self.flow != "changing":
            words.append(self.flow)
        if self.load is not None:
            words.append(f"at {self.load:.0%}")
        return " ".join(words)


@dataclass(frozen=True)
class Duel:
    """Two variants that take turns, because they are held against each other."""

    one: Variant
    other: Variant

    def __str__(self) -> str:
        return f"{self.one} and {self.other} in turns"


def variants_of(
    shapes: Sequence[int], schedulers: Sequence[str], executors: Sequence[int], engines: Sequence[str]
) -> list[Variant]:
    """All variants of a round, in its order: what is compared stands as near together as may be."""
    variants: list[Variant] = []
    for engine in engines:
        variants += _limits(engine, executors)
        if "greenlets" in schedulers and 1 in shapes and 1 in executors:
            variants.append(Variant("greenlets", engine=engine, flow="routing"))
        for shape in sorted(shapes):
            variants += _flows(shape, schedulers, executors, engine)
    full = Variant("greenlets", 64, engine=engines[0])
    if full in variants:
        variants.insert(variants.index(full) + 1, replace(full, load=0.1))
    return variants


def _limits(engine: str, executors: Iterable[int]) -> list[Variant]:
    limits = [Variant("limit", executors=number, engine=engine) for number in sorted({1, *executors})]
    by_hundreds = Variant("limit-by-hundreds", engine=engine)
    return [by_hundreds, *reversed(limits), Variant("limit", engine=engine, flow="routing")]


def _flows(shape: int, schedulers: Sequence[str], executors: Iterable[int], engine: str) -> list[Variant]:
    flows = []
    if "greenlets" in schedulers:
        # More executors than copies would have nothing to do.
        flows += [
            Variant("greenlets", shape, number, engine) for number in sorted(executors) if number <= shape
        ]
    return flows + [Variant(kind, shape, engine=engine) for kind in schedulers if kind != "greenlets"]
