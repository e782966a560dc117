"""``type``, ``test``, ``json``, ``origin``, ``system`` and ``cncf::otel``."""

import socket
import time
from typing import Any

import pytest

from tests.language.calling import call, fault

TESTS = [
    "is_null",
    "is_bool",
    "is_integer",
    "is_float",
    "is_number",
    "is_string",
    "is_array",
    "is_record",
    "is_binary",
]


@pytest.mark.parametrize(
    ("value", "name", "true"),
    [
        (None, "null", ["is_null"]),
        (True, "bool", ["is_bool"]),
        (1, "integer", ["is_integer", "is_number"]),
        (2**63 - 1, "integer", ["is_integer", "is_number"]),
        (2**63, "integer", ["is_number"]),
        (1.0, "float", ["is_float", "is_number"]),
        ("a", "string", ["is_string"]),
        ([], "array", ["is_array"]),
        ({}, "record", ["is_record"]),
        (b"", "binary", ["is_binary"]),
    ],
)
def test_types(value: Any, name: str, true: list[str]) -> None:
    assert call("type::as_string", value) == name
    assert [test for test in TESTS if call(f"type::{test}", value)] == true


def test_assert_compares_strictly() -> None:
    assert call("test::assert", "same", {"a": [1]}, {"a": [1]}) is True
    assert call("test::assert", "types differ", 1, 1.0) is False
    assert call("test::assert", "values differ", 1, 2) is False


def test_json_is_read_and_written() -> None:
    assert call("json::decode", '{"a": [1, 2.0]}') == {"a": [1, 2.0]}
    assert call("json::encode", {"a": [1, 2.0]}) == '{"a":[1,2.0]}'
    assert call("json::encode_pretty", {"a": []}) == '{\n  "a": []\n}'
    assert fault("json::decode", "{") == (
        "the text is not JSON: expecting property name enclosed in double quotes at line 1, column 2"
    )


@pytest.mark.parametrize(
    ("origin", "scheme", "host", "port", "path"),
    [
        ("tcp://127.0.0.1:51234", "tcp", "127.0.0.1", 51234, []),
        ("udp://example.com", "udp", "example.com", None, []),
        ("tremor-udp://127.0.0.1:41371/12202", "tremor-udp", "127.0.0.1", 41371, ["12202"]),
        ("tcp://[::1]:80/a//b/", "tcp", "::1", 80, ["a", "b"]),
        ("unix:///run/socket", "unix", "", None, ["run", "socket"]),
        ("x://host:port", "x", "host:port", None, []),
        ("x://host:999999", "x", "host:999999", None, []),
        ("/var/log/messages", None, None, None, ["var", "log", "messages"]),
        ("metronome", None, None, None, ["metronome"]),
    ],
)
def test_an_origin_has_parts(origin: str, scheme: Any, host: Any, port: Any, path: list[str]) -> None:
    parts = {"scheme": scheme, "host": host, "port": port, "path": path}

    assert {name: call(f"origin::{name}", origin=origin) for name in parts} == parts
    assert call("origin::as_uri_record", origin=origin) == parts
    assert call("origin::as_uri_string", origin=origin) == origin


@pytest.mark.parametrize("name", ["scheme", "host", "port", "path", "as_uri_string", "as_uri_record"])
def test_without_an_origin_all_is_null(name: str) -> None:
    assert call(f"origin::{name}") is None


def test_the_system() -> None:
    assert call("system::hostname") == socket.gethostname()
    assert call("system::ingest_ns", ingest_ns=42) == 42
    assert abs(call("system::nanotime") - time.time_ns()) < 60 * 10**9
    assert call("system::instance") == "tremor"
    assert call("system::version")


@pytest.mark.parametrize(("kind", "size"), [("span", 8), ("trace", 16)])
def test_identifiers_come_in_three_forms(kind: str, size: int) -> None:
    text, array, binary = (
        call(f"cncf::otel::gen_{kind}_id_{form}", ingest_ns=7) for form in ("string", "array", "bytes")
    )

    assert len(binary) == size
    assert list(binary) == array
    assert binary.hex() == text
    for identifier in (text, array, binary, text.upper()):
        assert call(f"cncf::otel::{kind}_id::is_valid", identifier) is True


@pytest.mark.parametrize(("kind", "size"), [("span", 8), ("trace", 16)])
def test_what_is_no_identifier_is_not_valid(kind: str, size: int) -> None:
    for identifier in (
        "0" * 2 * size,
        [0] * size,
        bytes(size),
        "1" * (2 * size - 1),
        [1] * (size + 1),
        b"1" * (size - 1),
        "g" * 2 * size,
        [256] * size,
        [True] * size,
        ["1"] * size,
        None,
        1,
        {},
    ):
        assert call(f"cncf::otel::{kind}_id::is_valid", identifier) is False
