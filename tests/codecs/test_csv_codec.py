"""What the csv codec makes of headers, quotes and records that do not fit."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from ramps.codec import SKIP
from ramps.codecs.csv import Csv
from ramps.errors import DecodeError, EncodeError


def test_the_first_line_names_the_columns_and_is_no_event() -> None:
    codec = Csv()
    assert codec.decode_many([b"a,b", b"1,2", b"", b'"x, ""y""",\r']) == (
        [SKIP, {"a": "1", "b": "2"}, SKIP, {"a": 'x, "y"', "b": ""}],
        [],
    )


def test_a_byte_order_mark_is_no_part_of_the_first_name() -> None:
    codec = Csv()
    values, errors = codec.decode_many([b'\xef\xbb\xbf"a",b', b"1,2", b"\xef\xbb\xbf3,4"])
    assert (values, errors) == ([SKIP, {"a": "1", "b": "2"}, {"a": "\ufeff3", "b": "4"}], [])


def test_with_columns_there_is_no_header_line_unless_it_is_said() -> None:
    assert Csv(Csv.Options(columns=["a"])).decode(b"a") == {"a": "a"}
    assert Csv(Csv.Options(columns=["a"], header=True)).decode(b"x") is SKIP


def test_delimiter_and_quote_are_options() -> None:
    codec = Csv(Csv.Options(columns=["a", "b"], delimiter="\t", quote="'"))
    assert codec.decode(b"'x\ty'\t\"") == {"a": "x\ty", "b": '"'}
    assert codec.encode({"a": "x\ty", "b": "it's"}) == b"'x\ty'\t'it''s'"


@pytest.mark.parametrize(
    ("frame", "what"),
    [
        (b"1", "too few fields: 1 where there are 2 columns"),
        (b"1,2,3", "too many fields"),
        (b'"1,2', "not CSV"),
        (b'"1"x,2', "not CSV"),
        (b"1,2\n3,4", "not CSV|2 records"),
        (b"\xff,1", "not UTF-8"),
        (b"x" * 200_000 + b",1", "field larger than"),
    ],
)
def test_a_record_that_does_not_fit_is_refused_with_the_reason(frame: bytes, what: str) -> None:
    with pytest.raises(DecodeError, match=what):
        Csv(Csv.Options(columns=["a", "b"])).decode(frame)


@pytest.mark.parametrize("header", [b"a,a", b"a" + b",a" * 2000])
def test_a_header_that_cannot_name_columns_is_refused(header: bytes) -> None:
    with pytest.raises(DecodeError, match="header line"):
        Csv().decode(header)


def test_numbers_booleans_and_null_are_written_as_text_in_column_order() -> None:
    codec = Csv(Csv.Options(columns=["a", "b", "c", "d", "e"]))
    event = {"e": "x\ny", "d": None, "c": True, "b": 1.5, "a": 1}
    assert codec.encode(event) == b'1,1.5,true,,"x\ny"'


@pytest.mark.parametrize(
    ("event", "what"),
    [
        ({"a": 1}, "has no b"),
        ({"a": 1, "b": 2, "c": 3}, "more than the columns: c"),
        ({"a": [1], "b": 2}, "column a holds a list"),
        ([1, 2], "records"),
        ({"a": "\ud800", "b": ""}, "surrogate"),
    ],
)
def test_an_event_that_is_no_record_of_the_columns_is_refused(event: Any, what: str) -> None:
    with pytest.raises(EncodeError, match=what):
        Csv(Csv.Options(columns=["a", "b"])).encode(event)


def test_writing_without_known_columns_says_what_to_set() -> None:
    with pytest.raises(EncodeError, match="columns = "):
        Csv().encode({"a": 1})


@pytest.mark.parametrize(
    "options",
    [
        {"header": False},
        {"columns": ["a", "a"]},
        {"columns": []},
        {"delimiter": '"'},
        {"quote": "\n"},
        {"delimiter": ""},
    ],
)
def test_options_that_cannot_work_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Csv.Options(**options)
