"""What the string, binary and null codecs do with values of other kinds."""

from __future__ import annotations

import pytest

from ramps.codec import SKIP
from ramps.codecs.binary import Binary
from ramps.codecs.null import Null
from ramps.codecs.string import String
from ramps.errors import DecodeError, EncodeError


def test_what_is_no_text_is_written_as_json() -> None:
    assert String().encode_many(["é", {"a": [1, True]}, None]) == (
        ["é".encode(), b'{"a":[1,true]}', b"null"],
        [],
    )


def test_bytes_are_not_written_as_text() -> None:
    with pytest.raises(EncodeError, match="bytes cannot be written"):
        String().encode(b"x")


def test_a_frame_that_is_not_utf_8_is_refused_with_its_position() -> None:
    values, errors = String().decode_many([b"a", b"ab\xff", b"c"])
    assert values == ["a", SKIP, "c"]
    assert [(index, error.position) for index, error in errors] == [(1, 2)]
    assert isinstance(errors[0][1], DecodeError)


def test_binary_writes_bytes_and_text_and_nothing_else() -> None:
    assert Binary().encode(b"\xff") == b"\xff"
    assert Binary().encode("é") == "é".encode()
    with pytest.raises(EncodeError, match="not int"):
        Binary().encode(1)


def test_null_reads_and_writes_nothing() -> None:
    assert Null().decode(b"anything") is None
    assert Null().encode({"a": 1}) == b""
