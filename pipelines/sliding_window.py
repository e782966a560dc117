"""`SlidingWindow`: no more than so many events within any window of time."""

from __future__ import annotations

__all__ = ["SlidingWindow"]


class SlidingWindow:
    """Allows ``rate`` events per window of ``slots`` slots of ``slot_ns`` nanoseconds each.

    The window moves by whole slots, which are counted from the first event on, so that nothing is lost between two
    events. Where time goes backwards, it stands still. Memory is one pair of numbers per slot that is not empty.
    """

    __slots__ = ("_counts", "_slot", "_slot_ns", "_slots", "_start_ns", "_total", "rate")

    def __init__(self, rate: int, slots: int, slot_ns: int, start_ns: int) -> None:
        self.rate = rate
        self._slots = slots
        self._slot_ns = slot_ns
        self._start_ns = start_ns
        self._slot = 0
        self._total = 0
        # Not a deque: there may be a million windows, and an empty deque takes ten times the memory of a list.
        self._counts: list[list[int]] = []

    def allow(self, now_ns: int) -> bool:
        """Whether one more event fits in at this time; if so, it is counted."""
        slot = (now_ns - self._start_ns) // self._slot_ns
        counts = self._counts
        if slot > self._slot:
            self._slot = slot
            oldest = slot - self._slots
            gone = 0
            while gone < len(counts) and counts[gone][0] <= oldest:
                self._total -= counts[gone][1]
                gone += 1
            if gone:
                del counts[:gone]
        if self._total >= self.rate:
            return False
        self._total += 1
        if counts and counts[-1][0] == self._slot:
            counts[-1][1] += 1
        else:
            counts.append([self._slot, 1])
        return True
