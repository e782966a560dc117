"""`Limits`: what a script may use at most. A deployment can set each of them."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """``string`` (characters), ``array`` (elements) and ``record`` (fields) bound what one operation may make;
    ``steps`` bounds the turns of loops and the calls of functions for one event;
    ``recursion`` how often a function may call itself by ``recur``, and how deep calls may be nested in all;
    ``groups`` how many groups one window of one select remembers.
    """

    string: int = 16 * 1024 * 1024
    array: int = 1_000_000
    record: int = 1_000_000
    steps: int = 10_000_000
    recursion: int = 1024
    groups: int = 100_000
