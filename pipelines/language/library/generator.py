"""`Generator`: random numbers that depend on a seed only, so that one event always gets the same.

It is what `SmallRng` of Rust's rand 0.7 is on 64-bit machines: PCG-MCG-128 with XSL-RR output (O'Neill, "PCG: A Family
of Simple Fast Space-Efficient Statistically Good Algorithms for Random Number Generation", 2014), its state filled by
`seed_from_u64` of rand_core 0.5. Not for secrets.
"""

from __future__ import annotations

__all__ = ["Generator"]

_M32, _M64, _M128 = 2**32 - 1, 2**64 - 1, 2**128 - 1
_MULTIPLIER = 0x2360ED051FC65DA44385DF649FCCF645
_SEED_MULTIPLIER, _SEED_INCREMENT = 6364136223846793005, 11634580027462260723
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


class Generator:
    """A stream of random numbers. ``seed`` is any integer; its lowest 64 bits count."""

    __slots__ = ("_state",)

    def __init__(self, seed: int) -> None:
        seed &= _M64
        state = 0
        for place in range(0, 128, 32):
            seed = (seed * _SEED_MULTIPLIER + _SEED_INCREMENT) & _M64
            shifted = ((seed >> 18 ^ seed) >> 27) & _M32
            turn = seed >> 59
            state |= (shifted >> turn | shifted << (32 - turn) & _M32) << place
        self._state = state | 1

    def bits(self) -> int:
        """64 random bits."""
        state = self._state = self._state * _MULTIPLIER & _M128
        mixed = state >> 64 ^ state & _M64
        turn = state >> 122
        return mixed >> turn | mixed << (64 - turn) & _M64

    def below(self, end: int) -> int:
        """An integer from 0 to before ``end``, each as likely as any other. ``end`` is from 1 to 2**64 - 1."""
        zone = (end << (64 - end.bit_length())) - 1
        while True:
            product = self.bits() * end
            if product & _M64 <= zone:
                return product >> 64

    def fraction(self) -> float:
        """A float from 0 to before 1, in steps of 2**-53."""
        return (self.bits() >> 11) * 2.0**-53

    def letters(self, count: int) -> str:
        """A text of ASCII letters and digits."""
        text: list[str] = []
        while len(text) < count:
            number = (self.bits() & _M32) >> 26
            if number < len(_LETTERS):
                text.append(_LETTERS[number])
        return "".join(text)
