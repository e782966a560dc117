"""`SlidingWindow`: no more than so many events within any window of time."""

from __future__ import annotations

__all__ = ["SlidingWindow"]


class SlidingWindow:
    """Allows ``rate`` events per window of ``slots`` slots of ``slot_ns`` nanoseconds each.

    The window moves by whole slots, which are counted from the first event on, so that nothing is lost between two
    events. Where time goes backwards, it stands still. Memory is one pair of numbers per slot that is not empty.

    What happens within one slot is two comparisons and a subtraction, which generated code does itself: `left` more
    events fit in until `until_ns`; then `advance` must be called first.
    """

    __slots__ = (
        "_counts", "_left_at_start", "_slot", "_slot_ns", "_slots", "_start_ns", "left", "rate", "until_ns", "used",
    )  # fmt: skip

    def __init__(self, rate: int, slots: int, slot_ns: int, start_ns: int) -> None:
        self.rate = rate
        self.left = rate
        """How many more events fit in now."""
        self.until_ns = start_ns + slot_ns
        """When the current slot ends: nanoseconds, on the same clock as ``start_ns``."""
        self.used: int = False
        """For whoever keeps many windows: set at each use, so that those can be told that were not used lately."""
        self._slots = slots
        self._slot_ns = slot_ns
        self._start_ns = start_ns
        self._slot = 0
        self._left_at_start = rate
        # Not a deque: there may be a million windows, and an empty deque takes ten times the memory of a list.
        self._counts: list[tuple[int, int]] = []

    def allow(self, now_ns: int) -> bool:
        """Whether one more event fits in at this time; if so, it is counted."""
        if now_ns >= self.until_ns:
            self.advance(now_ns)
        if self.left <= 0:
            return False
        self.left -= 1
        return True

    def advance(self, now_ns: int) -> None:
        """Begin the slot that this time is in, and let go of those that have left the window."""
        counts = self._counts
        spent = self._left_at_start - self.left
        if spent:
            counts.append((self._slot, spent))
        self._slot = slot = (now_ns - self._start_ns) // self._slot_ns
        self.until_ns = self._start_ns + (slot + 1) * self._slot_ns
        oldest = slot - self._slots
        gone = 0
        while gone < len(counts) and counts[gone][0] <= oldest:
            self.left += counts[gone][1]
            gone += 1
        if gone:
            del counts[:gone]
        self._left_at_start = self.left
