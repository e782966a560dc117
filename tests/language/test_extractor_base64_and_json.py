"""``base64`` and ``json``: texts that hold something encoded."""

from base64 import b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.language.extractors.extractor import make_extractor
from pipelines.language.values import MISSING
from tests.language.extracting import OCCASION, extract


@pytest.mark.parametrize(("string", "value"), [("", ""), ("YQ==", "a"), ("YWI=", "ab"), ("8J+Mig==", "🌊")])
def test_base64_is_decoded(string: str, value: str) -> None:
    assert extract("base64", "", string) == value


@pytest.mark.parametrize(
    "string",
    [
        "YQ",
        "YQ=",
        "YR==",
        "YWJ=",
        "YQ==YQ==",
        "YQ==\n",
        " YQ==",
        "Y Q==",
        "8J-Mig==",
        "=",
        "====",
        "é",
        "\udc80",
    ],
)
def test_only_the_standard_alphabet_with_padding_and_no_stray_bits_is_base64(string: str) -> None:
    assert extract("base64", "", string) is MISSING


def test_bytes_that_are_no_text_match_where_no_result_is_wanted() -> None:
    extractor = make_extractor("base64", "")
    assert extractor.matches("/w==") is True
    assert extractor.extract("/w==", OCCASION) is MISSING


@settings(deadline=None)
@given(st.binary())
def test_what_is_encoded_matches(data: bytes) -> None:
    assert make_extractor("base64", "").matches(b64encode(data).decode())


@pytest.mark.parametrize(
    ("string", "value"),
    [("null", None), (" [1, 2.5, \"a\"] ", [1, 2.5, "a"]), ('{"a": {"b": true}}', {"a": {"b": True}}),
     ("18446744073709551615", 2**64 - 1), ("", MISSING), ("{", MISSING), ("NaN", MISSING), ("01", MISSING),
     ("18446744073709551616", MISSING), ("[" * 100_000, MISSING), ("'a'", MISSING)],
)  # fmt: skip
def test_json_is_decoded(string: str, value: object) -> None:
    found = extract("json", "", string)
    assert found == value
    assert type(found) is type(value)
