"""``chash``: consistent hashing."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.language.calling import call, fault
from tests.language.values_of_scripts import few, json_values, texts


@pytest.mark.parametrize(("key", "slots", "slot"), [("snot", 9, 8), ("badger", 9, 2), ("snot", 1, 0)])
def test_known_keys_have_known_slots(key: str, slots: int, slot: int) -> None:
    assert call("chash::jump", key, slots) == slot


def test_own_keys_of_the_hash_give_other_slots() -> None:
    assert call("chash::jump_with_keys", 8, 2, "badger", 9) == 3
    assert call("chash::jump_with_keys", 8390880576440238080, 128034676764530, "badger", 9) == 2


@given(texts, st.integers(1, 200))
def test_with_one_more_slot_a_key_stays_or_moves_to_the_new_one(key: str, slots: int) -> None:
    before, after = call("chash::jump", key, slots), call("chash::jump", key, slots + 1)

    assert 0 <= before < slots
    assert after in (before, slots)


def test_keys_are_spread() -> None:
    slots = [call("chash::jump", f"key {number}", 10) for number in range(1000)]

    assert all(60 < slots.count(slot) < 140 for slot in range(10))


def test_very_many_slots_are_possible() -> None:
    assert 0 <= call("chash::jump", "snot", 2**32 - 1) < 2**32 - 1


@pytest.mark.parametrize("slots", [0, 2**32])
def test_a_senseless_number_of_slots_is_refused(slots: int) -> None:
    message = f"the number of slots must be from 1 to 4294967295, not {slots}"

    assert fault("chash::jump", "snot", slots) == message
    assert fault("chash::jump_with_keys", 1, 2, "snot", slots) == message


def test_an_endless_key_is_refused() -> None:
    assert fault("chash::jump", "ä" * 40_000, 2) == "the key is longer than 65536 bytes"


@few
@given(st.dictionaries(texts, json_values))
def test_equal_records_are_serialized_equally(record: dict[str, Any]) -> None:
    turned = dict(reversed(record.items()))

    assert call("chash::sorted_serialize", record) == call("chash::sorted_serialize", turned)


def test_serialized_records_are_sorted_at_each_level() -> None:
    assert call("chash::sorted_serialize", {"b": [{"d": 1, "c": 1e16}], "a": 0.5}) == (
        '{"a":0.5,"b":[{"c":1e16,"d":1}]}'
    )
