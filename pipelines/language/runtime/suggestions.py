"""Did you mean: the known name that is nearest to a wrong one."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["nearest"]

MOST_NAMES = 200
LONGEST_NAME = 60


def _distance(one: str, other: str, most: int) -> int:
    """Damerau-Levenshtein distance (optimal string alignment); anything above ``most`` may come out as ``most + 1``."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for line, first in enumerate(one, 1):
        above, row = row, [line]
        for column, second in enumerate(other, 1):
            cost = min(above[column] + 1, row[-1] + 1, above[column - 1] + (first != second))
            if line > 1 and column > 1 and first == other[column - 2] and one[line - 2] == second:
                cost = min(cost, before[column - 2] + 1)
            row.append(cost)
        before = above
    return row[-1]


def nearest(wrong: str, known: Iterable[str], most: int = 2) -> str | None:
    """The one of ``known`` that is nearest to ``wrong``, if it is within ``most`` changes; the smallest of several."""
    if len(wrong) > LONGEST_NAME:
        return None
    best: tuple[int, str] | None = None
    for number, name in enumerate(known):
        if number == MOST_NAMES:
            break
        if name.__class__ is str and (distance := _distance(wrong, name, most)) <= most:
            best = min(best or (distance, name), (distance, name))
    return best[1] if best else None
