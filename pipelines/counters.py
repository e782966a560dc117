"""`Counters`: where generated code counts what becomes of events."""

from __future__ import annotations

__all__ = ["Counters"]


class Counters:
    """What generated code counts in; shared by all functions of one pipeline."""

    def __init__(self, component: str, outputs: tuple[str, ...]) -> None:
        self.component = component
        self.taken_in = 0
        self.out = dict.fromkeys(outputs, 0)
        self.created = [0]
        self.drops: list[int] = []
        self.drop_slots: dict[tuple[str, str], int] = {}
        self.joined: list[int] = []
        """Events that left by another port than their own, because both lead to the same place."""
        self.join_slots: dict[str, int] = {}

    def slot(self, operator_id: str, reason: str) -> int:
        """The index in ``drops`` of an operator's drops for one reason."""
        slot = self.drop_slots.setdefault((operator_id, reason), len(self.drop_slots))
        self.drops.extend([0] * (slot + 1 - len(self.drops)))
        return slot

    def join_slot(self, port: str) -> int:
        """The index in ``joined`` of the events of this port."""
        slot = self.join_slots.setdefault(port, len(self.join_slots))
        self.joined.extend([0] * (slot + 1 - len(self.joined)))
        return slot

    def drop(self, operator_id: str, reason: str, count: int) -> None:
        """Count events that were dropped."""
        self.drops[self.slot(operator_id, reason)] += count

    def dropped(self) -> dict[str, dict[str, int]]:
        """Drops by operator and reason, zeros left out."""
        found: dict[str, dict[str, int]] = {}
        for (operator_id, reason), slot in self.drop_slots.items():
            if self.drops[slot]:
                found.setdefault(operator_id, {})[reason] = self.drops[slot]
        return found
