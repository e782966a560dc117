"""The bytes that events came with: kept in one piece, cut apart only for who asks."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pipelines import Batch
from pipelines.frames import Frames


def of_text(*values: int) -> Batch:
    batch = Batch(list(values), ingest_ns=0, raw_codec="json", size=10 * len(values))
    batch.frames = Frames(text=b"".join(b"%d\n" % value for value in values))
    return batch


def test_raws_are_cut_out_of_the_text_when_somebody_asks() -> None:
    batch = of_text(1, 2, 3)
    assert batch.raws == [b"1", b"2", b"3"]
    assert batch.raws is batch.raws


def test_a_part_with_all_events_in_order_keeps_the_text_whole() -> None:
    part = of_text(1, 2).part([1, 2], None, [0, 1])
    assert part.places is None
    assert part.frames is not None
    assert part.frames.text == b"1\n2\n"


def test_who_sets_a_raw_to_none_does_so_for_his_own_batch_only() -> None:
    batch = of_text(1, 2)
    first, second = batch.part([1], None, [0]), batch.copy()
    assert first.raws is not None
    first.raws[0] = None
    assert (first.raws, second.raws, batch.raws) == ([None], [b"1", b"2"], [b"1", b"2"])


def test_a_part_that_knows_no_bytes_has_no_raws() -> None:
    part = of_text(1, 2).part([7, 8], None, [None, None])
    assert (part.raws, part.raw_codec) == (None, "")


def test_a_few_events_do_not_keep_hold_of_the_text_of_a_whole_chunk() -> None:
    batch = of_text(*range(100))
    part = batch.part([7], None, [7])
    assert part.frames is not None
    assert part.frames.text is None
    assert part.raws == [b"7"]


def test_parts_of_one_batch_do_not_share_a_list_of_raws() -> None:
    batch = Batch([1, 2], ingest_ns=0, raws=[b"1", b"2"], raw_codec="json")
    first, second = batch.part([1, 2], None, [0, 1]), batch.part([1, 2], None, [0, 1])
    assert first.raws is not None
    first.raws[0] = None
    assert second.raws == [b"1", b"2"]


@given(st.data())
def test_parts_of_parts_find_the_bytes_of_their_events_as_lists_would(data: st.DataObject) -> None:
    values = data.draw(st.lists(st.integers(0, 9), min_size=1, max_size=8))
    batch = of_text(*values)
    naive: list[Any] = [b"%d" % value for value in values]
    for _ in range(data.draw(st.integers(0, 3))):
        places = data.draw(
            st.lists(st.none() | st.integers(0, len(naive) - 1), min_size=1, max_size=8), label="places"
        )
        step = data.draw(st.sampled_from(["part", "select", "copy", "ask"]))
        if step == "part":
            batch = batch.part([0] * len(places), None, list(places))
            naive = [None if place is None else naive[place] for place in places]
        elif step == "select":
            indices = [place or 0 for place in places]
            batch, naive = batch.select(indices), [naive[index] for index in indices]
        elif step == "copy":
            batch = batch.copy()
        else:
            assert len(batch.raws or naive) == len(naive)
    assert (batch.raws or [None] * len(naive)) == naive
