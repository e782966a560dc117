"""``binary`` and ``base64``."""

from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.language.faults import Fault
from pipelines.language.limits import Limits
from tests.language.calling import call, fault


@given(st.binary())
def test_bytes_and_base64_come_back(binary: bytes) -> None:
    assert call("binary::from_bytes", call("binary::into_bytes", binary)) == binary
    assert call("base64::decode", call("base64::encode", binary)) == binary
    assert call("binary::len", binary) == len(binary)


@given(st.text("AQg9/+=- \n", max_size=9))
def test_base64_is_what_an_encoder_writes_and_nothing_else(text: str) -> None:
    try:
        binary = call("base64::decode", text)
    except Fault:
        return
    assert b64encode(binary).decode() == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("YQ", "the text is not base64"),
        ("YQ=", "the text is not base64"),
        ("Y Q==", "the text is not base64"),
        ("YQ==YQ==", "the text is not base64"),
        ("_-__", "the text is not base64"),
        ("ä", "the text is not base64"),
        ("YR==", "the text is not base64: there are bits behind its last byte"),
    ],
)
def test_what_is_not_base64_is_refused(text: str, message: str) -> None:
    assert fault("base64::decode", text) == message


@pytest.mark.parametrize("byte", [256, -1, 1.0, True, "a", None])
def test_only_bytes_make_a_binary(byte: Any) -> None:
    assert fault("binary::from_bytes", [1, byte]) == (
        "every element must be an integer from 0 to 255, but element 1 is none"
    )


def test_results_stay_within_the_limits() -> None:
    limits = Limits(string=4, array=2)

    assert call("base64::encode", b"abc", limits=limits) == "YWJj"
    assert fault("base64::encode", b"abcd", limits=limits) == "the result would be longer than 4 characters"
    assert call("binary::into_bytes", b"ab", limits=limits) == [97, 98]
    assert fault("binary::into_bytes", b"abc", limits=limits) == "the result would have more than 2 elements"
