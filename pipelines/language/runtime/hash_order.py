"""The order in which upstream's 0.9 goes through a record that came with an event: that of its hash table.

That is hashbrown 0.7's open addressing with the hash function FxHash, https://docs.rs/hashbrown/0.7, for a table into
which the keys were put one after the other. Later versions keep the order of the text, as we do.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from pipelines.language.limits import Limits
from pipelines.language.runtime.access import entries
from pipelines.language.values import Value

__all__ = ["entries_by_hash", "hash_order"]

_MASK: Final = 2**64 - 1
_SEED: Final = 0x517C_C1B7_2722_0A95
MOST_KEYS: Final = 1000
"""Larger records keep their order: keys that collide on purpose would make this slow."""
_GROUP: Final = 16
"""Slots that are looked at in one go."""


def _fx_hash(key: str) -> int:
    data = key.encode("utf-8", "surrogatepass")
    whole = len(data) - len(data) % 8
    words = [int.from_bytes(data[place : place + 8], "little") for place in range(0, whole, 8)]
    if len(data) - whole >= 4:
        words.append(int.from_bytes(data[whole : whole + 4], "little"))
        whole += 4
    result = 0
    for word in [*words, *data[whole:], 0xFF]:
        result = ((((result << 5) | (result >> 59)) & _MASK) ^ word) * _SEED & _MASK
    return result


def _slots(count: int) -> int:
    if count < 8:
        return 4 if count < 4 else 8
    slots = 16
    while count > slots // 8 * 7:
        slots *= 2
    return slots


def hash_order(keys: Iterable[str]) -> list[str]:
    """``keys`` in the order of the table's slots."""
    known = list(keys)
    slots = _slots(len(known))
    table: list[str | None] = [None] * slots
    for key in known:
        start, step = _fx_hash(key) % slots, 0
        place = None
        while place is None:
            group = ((start + offset) % slots for offset in range(min(_GROUP, slots)))
            # In a table smaller than a group, the slots behind its end count as free; the first free one is taken then.
            free = next((slot for slot in group if table[slot] is None), None)
            if free is not None and slots < _GROUP and table[start] is not None:
                free = table.index(None)
            place = free
            step += _GROUP
            start = (start + step) % slots
        table[place] = key
    return [key for key in table if key is not None]


def entries_by_hash(limits: Limits, target: Value) -> Iterable[tuple[Value, Value]]:
    """`entries`, a record's in the order of its hash table."""
    pairs = entries(limits, target)
    if target.__class__ is not dict or len(target) > MOST_KEYS:
        return pairs
    return [(key, target[key]) for key in hash_order(target)]
