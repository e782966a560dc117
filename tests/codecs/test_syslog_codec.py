"""What the syslog codec reads and writes, with the examples of the two RFCs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from ramps.codecs.syslog import Syslog
from ramps.errors import DecodeError, EncodeError
from ramps.testing.codec_battery import same


def ns(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp()) * 10**9  # type: ignore[misc,arg-type]


def codec_at(*now: int, **options: Any) -> Syslog:
    codec = Syslog(Syslog.Options(**options))
    codec.clock_ns = lambda: ns(*now)
    return codec


@pytest.fixture
def codec() -> Syslog:
    return codec_at(2024, 6, 1)


NIL = dict.fromkeys(("hostname", "appname", "procid", "msgid", "timestamp", "structured_data", "msg"))
RFC5424 = {**NIL, "protocol": "RFC5424", "protocol_version": 1}
RFC3164 = {**NIL, "protocol": "RFC3164", "protocol_version": None}

BOTH_WAYS: list[tuple[str, dict[str, Any]]] = [
    (
        "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - 'su root' failed for lonvick",
        {
            **RFC5424,
            "severity": "crit",
            "facility": "auth",
            "timestamp": ns(2003, 10, 11, 22, 14, 15) + 3_000_000,
            "hostname": "mymachine.example.com",
            "appname": "su",
            "msgid": "ID47",
            "msg": "'su root' failed for lonvick",
        },
    ),
    (
        '<165>1 - - evntslog 8710 ID47 [ex@32473 iut="3" iut="4"][b@1 q="\\"\\]\\\\"][c] \ufeffä',
        {
            **RFC5424,
            "severity": "notice",
            "facility": "local4",
            "appname": "evntslog",
            "procid": 8710,
            "msgid": "ID47",
            "structured_data": {"ex@32473": [{"iut": "3"}, {"iut": "4"}], "b@1": [{"q": '"]\\'}], "c": []},
            "msg": "ä",
        },
    ),
    ("<0>1 - - - - - -", {**RFC5424, "severity": "emerg", "facility": "kern"}),
    (
        "<191>1 - - - 007 - - ",
        {**RFC5424, "severity": "debug", "facility": "local7", "procid": "007", "msg": ""},
    ),
    (
        "<34>Oct 11 22:14:15 mymachine su: 'su root' failed",
        {
            **RFC3164,
            "severity": "crit",
            "facility": "auth",
            "timestamp": ns(2024, 10, 11, 22, 14, 15),
            "hostname": "mymachine",
            "appname": "su",
            "msg": "'su root' failed",
        },
    ),
    (
        "<13>Feb  5 17:32:18 10.0.0.99 sshd[42]: hello",
        {
            **RFC3164,
            "severity": "notice",
            "facility": "user",
            "timestamp": ns(2024, 2, 5, 17, 32, 18),
            "hostname": "10.0.0.99",
            "appname": "sshd",
            "procid": 42,
            "msg": "hello",
        },
    ),
    (
        "<13>no header at all",
        {**RFC3164, "severity": "notice", "facility": "user", "msg": "no header at all"},
    ),
]


@pytest.mark.parametrize(("text", "event"), BOTH_WAYS)
def test_messages_go_both_ways(codec: Syslog, text: str, event: dict[str, Any]) -> None:
    assert same(codec.decode(text.encode()), event)
    assert codec.encode(event).decode() == text


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [
        ("1985-04-12T19:20:50.52-04:00", ns(1985, 4, 12, 23, 20, 50) + 520_000_000),
        ("2003-08-24T05:14:15.000003-07:00", ns(2003, 8, 24, 12, 14, 15) + 3_000),
        ("1960-01-01T00:00:00.5+01:30", ns(1959, 12, 31, 22, 30) + 500_000_000),
    ],
)
def test_time_stamps_with_offsets_are_nanoseconds_since_1970(
    codec: Syslog, stamp: str, expected: int
) -> None:
    assert codec.decode(f"<1>1 {stamp} - - - - -".encode())["timestamp"] == expected


def test_a_backslash_before_anything_else_is_itself(codec: Syslog) -> None:
    assert codec.decode(rb'<1>1 - - - - - [a b="c\d\\"]')["structured_data"] == {"a": [{"b": "c\\d\\"}]}


@pytest.mark.parametrize(
    "text",
    [
        "", "hello", "<>x", "<192>x", "<01>x", "<1234>x", "<1x", "<1>1 ", "<1>1 - - - - -", "<1>1 x - - - - -",
        "<1>1 2003-02-30T00:00:00Z - - - - -", "<1>1 2003-01-01T00:00:60Z - - - - -", "<1>1 2003-01-01 - - - - -",
        "<1>1 2003-01-01T00:00:00+24:00 - - - - -", "<1>1 0000-01-01T00:00:00Z - - - - -",
        "<1>1 - - - - - [", "<1>1 - - - - - []", "<1>1 - - - - - [a b]", '<1>1 - - - - - [a b="c]', "<1>1 - - - - - -x",
        '<1>1 - - - - - [a b="c"', '<1>1 - - - - - [a b="c"]x', "<1>1 - - - - - [a][a]", "<1>1 - ä - - - -",
        '<1>1 - - - - - [a b="]"]', "<1>Feb 30 00:00:00 host x", "<1>Jan 01 24:00:00 host x",
    ],
)  # fmt: skip
def test_a_broken_message_is_refused(codec: Syslog, text: str) -> None:
    with pytest.raises(DecodeError):
        codec.decode(text.encode())


@pytest.mark.parametrize(
    ("now", "stamp", "expected"),
    [
        ((2024, 1, 1), "Dec 31 23:59:59", (2023, 12, 31, 23, 59, 59)),
        ((2023, 12, 31), "Jan  1 00:00:00", (2024, 1, 1)),
        ((2025, 3, 1), "Feb 29 12:00:00", (2024, 2, 29, 12)),
        ((2099, 3, 1), "Feb 29 12:00:00", (2096, 2, 29, 12)),
    ],
)
def test_a_missing_year_is_the_one_closest_to_now(
    now: tuple[int, ...], stamp: str, expected: tuple[int, ...]
) -> None:
    assert codec_at(*now).decode(f"<1>{stamp} host x".encode())["timestamp"] == ns(*expected)


def test_a_missing_year_may_be_given() -> None:
    codec = codec_at(2024, 1, 1, year=1999)
    assert codec.decode(b"<1>Dec 31 00:00:00 host x")["timestamp"] == ns(1999, 12, 31)
    with pytest.raises(DecodeError, match="day is out of range"):
        codec.decode(b"<1>Feb 29 00:00:00 host x")


def test_a_missing_zone_is_the_option_both_ways() -> None:
    codec = codec_at(2024, 6, 1, timezone="Europe/Berlin")
    event = codec.decode(b"<1>Jul  1 12:00:00 host x")
    assert event["timestamp"] == ns(2024, 7, 1, 10)
    assert codec.encode(event) == b"<1>Jul  1 12:00:00 host x"


@pytest.mark.parametrize(
    "options", [{"timezone": "Mars/Base"}, {"timezone": "../etc/passwd"}, {"year": 1}, {"year": "x"}]
)
def test_options_that_cannot_work_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Syslog.Options(**options)


def test_without_a_protocol_it_is_rfc_5424(codec: Syslog) -> None:
    assert codec.encode({"severity": "info", "facility": "user", "msg": "x"}) == b"<14>1 - - - - - - x"


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"severity": "loud"}, "severity"),
        ({"facility": 1}, "facility"),
        ({"protocol": "RFC1"}, "protocol must be"),
        ({"protocol": []}, "protocol must be"),
        ({"protocol_version": True}, "protocol_version"),
        ({"hostname": "a b"}, "hostname must be"),
        ({"hostname": "-"}, "hostname must be"),
        ({"appname": "x" * 49}, "appname must be"),
        ({"procid": True}, "procid must be"),
        ({"msg": b"x"}, "msg must be"),
        ({"timestamp": True}, "timestamp must be"),
        ({"timestamp": 10**30}, "years 1 to 9999"),
        ({"structured_data": {}}, "at least one element"),
        ({"structured_data": {"a b": []}}, "cannot be a name"),
        ({"structured_data": {"a": {}}}, "list of records"),
        ({"structured_data": {"a": [{"b": 1}]}}, "must be text"),
        ({"structured_data": {"a": [{"b=": "1"}]}}, "cannot be a name"),
        ({"message": 1}, "no place for message"),
        ({"protocol": "RFC3164", "msgid": "x"}, "no place for msgid"),
        ({"protocol": "RFC3164", "hostname": "x"}, "both timestamp and hostname"),
        ({"protocol": "RFC3164", "hostname": "x", "timestamp": 0, "procid": 1}, "procid without appname"),
        ({"protocol": "RFC3164", "hostname": "x", "timestamp": 0, "appname": "a:b"}, "appname cannot hold"),
    ],
)
def test_what_syslog_cannot_carry_is_refused(codec: Syslog, change: dict[str, Any], what: str) -> None:
    with pytest.raises(EncodeError, match=what):
        codec.encode({"severity": "info", "facility": "user", **change})
