"""The judge: is every obligation in the ledger, with the payload that it had, and nothing that nobody sent?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.events import event

__all__ = ["Verdict", "judge"]

_SHOWN = 5


@dataclass
class Verdict:
    """What became of a run."""

    obligations: int
    duplicates: int = 0
    faults: list[str] = field(default_factory=list)
    """What is wrong, for people; empty for a run without a loss."""


def judge(seed: int, obligations: set[int], sent: set[int], ledger: Iterable[dict[str, Any]]) -> Verdict:
    """``obligations`` were acknowledged; ``sent`` are all that were ever sent, acknowledged or not."""
    verdict = Verdict(len(obligations))
    seen: set[int] = set()
    changed, unknown = [], []
    for entry in ledger:
        number = entry.get("id")
        if number not in sent:
            unknown.append(entry)
            continue
        if entry != event(seed, number):
            changed.append(number)
        verdict.duplicates += number in seen
        seen.add(number)
    missing = sorted(obligations - seen)
    for what, which in (("lost", missing), ("changed", changed), ("unknown", unknown)):
        if which:
            verdict.faults.append(f"{len(which)} {what}: {which[:_SHOWN]}")
    return verdict
