"""Did-you-mean: the known word that is nearest to one that is not known."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["closest", "distance"]

_LONGEST = 100
"""Longer words are not compared: nobody mistypes them, and the time grows with the square."""


def closest(word: str, known: Iterable[str], most: int = 2) -> str | None:
    """The nearest of ``known``, at most ``most`` slips away and not ``word`` itself; of several, the first by letters.

    A word of which every letter would have to change is not near, however short it is.
    """
    best: tuple[int, str] | None = None
    for candidate in known:
        if candidate == word or abs(len(candidate) - len(word)) > most or len(candidate) > _LONGEST:
            continue
        slips = distance(word, candidate)
        if (
            slips <= most
            and slips < max(len(word), len(candidate))
            and (best is None or (slips, candidate) < best)
        ):
            best = (slips, candidate)
    return best[1] if best else None


def distance(first: str, second: str) -> int:
    """How many slips lie between two words: a letter more, less, wrong, or two neighbours swapped.

    This is the optimal string alignment distance (the restricted form of Damerau and Levenshtein's).
    """
    before: list[int] = []
    row = list(range(len(second) + 1))
    for i, letter in enumerate(first, 1):
        earlier, before, row = before, row, [i]
        for j, other in enumerate(second, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == second[j - 2] and first[i - 2] == other:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
    return row[-1]


def subtraction_hint(name: str) -> str:
    """What to do where a name that is not there holds a ``-``: it may have been meant as an operator; "" otherwise."""
    left, minus, right = name.partition("-")
    return (
        f"a name may hold a `-`: to subtract, write `{left} - {right}`, with blanks"
        if minus and right
        else ""
    )
