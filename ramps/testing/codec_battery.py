"""The conformance battery that every codec must pass, ours and other people's.

Subclass it in a test module and fill in what only you know; pytest then collects its tests::

    class TestMyCodec(CodecBattery):
        def make(self):
            return MyCodec()

        def carried_values(self):
            return event_values()

It needs Hypothesis (the extra ``test``), takes a few seconds, never blocks.
"""

# ruff: noqa: D102, PT017 - the names of the tests say it; errors are what is under test

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ramps.codec import SKIP, Codec
from ramps.errors import BadData, DecodeError, EncodeError
from ramps.formats.codec_values import INTEGER_MAX, INTEGER_MIN

__all__ = ["CodecBattery", "event_values", "hostile_values", "same"]


def same(left: Any, right: Any) -> bool:
    """Whether two values are equal in value and in type, all the way down: ``True`` is not ``1``, nor is ``1.0``.

    NaN is the same as NaN, -0.0 is not the same as 0.0.
    """
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(value, right[key]) for key, value in left.items())
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, float):
        return (math.isnan(left) and math.isnan(right)) or (
            left == right and math.copysign(1.0, left) == math.copysign(1.0, right)
        )
    return bool(left == right)


def event_values(*, with_bytes: bool = False, with_nan: bool = False) -> st.SearchStrategy[Any]:
    """Everything that an event can hold, nested a few levels deep."""
    text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
    leaves: st.SearchStrategy[Any] = st.one_of(
        st.none(),
        st.booleans(),
        st.integers(INTEGER_MIN, INTEGER_MAX),
        st.sampled_from([INTEGER_MIN, INTEGER_MAX, 0, -1, 2**63 - 1, 2**63]),
        st.floats(allow_nan=with_nan, allow_infinity=with_nan),
        text,
    )
    if with_bytes:
        leaves |= st.binary(max_size=12)
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
        max_leaves=10,
    )


def hostile_values() -> st.SearchStrategy[Any]:
    """Values of which most formats refuse some: foreign types, keys and numbers, lone surrogates, deep nesting."""
    scalars = [float("nan"), float("inf"), 2**64, -(2**63) - 1, 10**400, "\ud800", b"\xff", object, 1j]
    collections = [
        {1},
        (1, 2),
        {1: 2},
        {None: 1},
        {True: 1},
        {(1,): 1},
        {b"x": 1},
        {"\udfff": 1},
        {"a": {1: 1}},
    ]
    foreign = st.sampled_from([*scalars, *collections, _nested(600)])
    return st.recursive(
        foreign | event_values(with_bytes=True, with_nan=True),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        max_leaves=4,
    )


def _with_one_part_replaced(value: Any, at: int, part: Any) -> Any:
    """The record with another value under one of its keys, and in one of its inner records where there is one."""
    if not isinstance(value, dict) or not value:
        return part
    key = sorted(value)[at % len(value)]
    inner = value[key]
    return {
        **value,
        key: _with_one_part_replaced(inner, at // 2, part) if isinstance(inner, dict) and at % 2 else part,
    }


def _nested(depth: int) -> Any:
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


class CodecBattery:
    """For any codec."""

    max_examples = 40
    """Examples that Hypothesis tries per test."""

    @abstractmethod
    def make(self) -> Codec:
        """A new codec, ready for a new stream. Its clock, if it has one, should stand still."""

    @abstractmethod
    def carried_values(self) -> st.SearchStrategy[Any]:
        """The values that come back from ``decode(encode(value))`` as they were."""

    def frames(self) -> st.SearchStrategy[bytes]:
        """Frames to decode: by default any bytes, good frames, and good frames with some bytes replaced."""
        good = self.carried_values().map(self.make().encode)
        damaged = st.builds(
            lambda frame, at, cut, new: (
                frame[: at % (len(frame) + 1)] + new + frame[at % (len(frame) + 1) + cut :]
            ),
            good,
            st.integers(0, 200),
            st.integers(0, 3),
            st.binary(max_size=3),
        )
        return st.binary(max_size=48) | good | damaged

    def test_any_bytes_give_a_value_or_skip_or_a_decode_error_and_nothing_else(self) -> None:
        def check(frame: bytes) -> None:
            try:
                self.make().decode(frame)
            except DecodeError as error:
                assert str(error)

        self._try(self.frames(), check)

    def test_any_value_gives_bytes_or_an_encode_error_and_nothing_else(self) -> None:
        def check(value: Any) -> None:
            try:
                payload = self.make().encode(value)
            except EncodeError as error:
                assert str(error)
            else:
                assert type(payload) is bytes

        damaged = st.builds(
            _with_one_part_replaced, self.carried_values(), st.integers(0, 100), hostile_values()
        )
        self._try(hostile_values() | damaged, check)

    def test_what_it_carries_comes_back_as_it_was(self) -> None:
        def check(value: Any) -> None:
            codec = self.make()
            payload = codec.encode(value)
            decoded = codec.decode(payload)
            assert same(decoded, value), f"{value!r} went out as {payload!r} and came back as {decoded!r}"

        self._try(self.carried_values(), check)

    def test_decoding_many_is_decoding_each(self) -> None:
        def check(frames: list[bytes]) -> None:
            codec = self.make()
            values, errors = self.make().decode_many(frames)
            self._compare(frames, codec.decode, values, errors, SKIP)

        self._try(st.lists(self.frames(), max_size=12), check)

    def test_encoding_many_is_encoding_each(self) -> None:
        def check(events: list[Any]) -> None:
            codec = self.make()
            payloads, errors = self.make().encode_many(events)
            self._compare(events, codec.encode, payloads, errors, None)

        self._try(st.lists(self.carried_values() | hostile_values(), max_size=12), check)

    def test_encoding_all_at_once_is_encoding_each(self) -> None:
        def check(events: list[Any]) -> None:
            codec = self.make()
            joined = self.make().encode_joined(events)
            if joined is not None:
                payloads = [codec.encode(event) for event in events]
                assert joined.size == sum(map(len, payloads))
                assert joined.pieces == payloads

        carried = st.lists(self.carried_values(), max_size=12)
        self._try(carried | st.lists(self.carried_values() | hostile_values(), max_size=4), check)

    def _try(self, strategy: st.SearchStrategy[Any], check: Callable[[Any], None]) -> None:
        given(strategy)(
            settings(
                max_examples=self.max_examples,
                deadline=None,
                database=None,
                suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
            )(check)
        )()

    @staticmethod
    def _compare(
        given_items: list[Any],
        one: Callable[[Any], Any],
        results: list[Any],
        errors: list[tuple[int, BadData]],
        instead: object,
    ) -> None:
        assert len(results) == len(given_items)
        by_index = dict(errors)
        assert list(by_index) == sorted(by_index)
        assert len(by_index) == len(errors)
        for index, item in enumerate(given_items):
            try:
                expected = one(item)
            except BadData as error:
                assert (type(by_index[index]), str(by_index[index])) == (type(error), str(error))
                assert by_index[index].position == error.position
                assert results[index] is instead
            else:
                assert index not in by_index
                assert same(results[index], expected)
