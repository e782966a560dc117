"""Formats of dates: what each specifier prints and reads, checked against Python's own where both know it."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.language.datetime_format import (
    BadDateTimeFormat,
    DateTimeError,
    DateTimeFormat,
    format_datetime,
    parse_datetime,
)

MOMENT = 994_518_305_026_490_708
"""2001-07-07T15:05:05.026490708Z, a Saturday."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

PRINTED = {
    "%Y": "2001", "%C": "20", "%y": "01", "%G": "2001", "%g": "01", "%m": "07", "%b": "Jul", "%h": "Jul", "%B": "July",
    "%d": "07", "%e": " 7", "%a": "Sat", "%A": "Saturday", "%w": "6", "%u": "6", "%U": "26", "%W": "27", "%V": "27",
    "%j": "188", "%D": "07/07/01", "%x": "07/07/01", "%F": "2001-07-07", "%v": " 7-Jul-2001", "%H": "15", "%k": "15",
    "%I": "03", "%l": " 3", "%P": "pm", "%p": "PM", "%M": "05", "%S": "05", "%f": "026490708", "%.f": ".026490708",
    "%.3f": ".026", "%.6f": ".026490", "%.9f": ".026490708", "%3f": "026", "%6f": "026490", "%9f": "026490708",
    "%R": "15:05", "%T": "15:05:05", "%X": "15:05:05", "%r": "03:05:05 PM", "%Z": "UTC", "%z": "+0000",
    "%:z": "+00:00", "%#z": "+00", "%c": "Sat Jul  7 15:05:05 2001", "%+": "2001-07-07T15:05:05.026490708+00:00",
    "%s": "994518305", "%t": "\t", "%n": "\n", "%%": "%", "%-d": "7", "%_d": " 7", "%0e": "07", "%-j": "188",
    "%_m": " 7", "%-I": "3", "%-f": "26490708", "plain": "plain",
}  # fmt: skip


@pytest.mark.parametrize(("text", "printed"), PRINTED.items())
def test_each_specifier_prints_its_part(text: str, printed: str) -> None:
    assert format_datetime(MOMENT, text) == printed


@pytest.mark.parametrize(
    ("nanoseconds", "printed"), [(0, ""), (1_000_000, ".001"), (1_000, ".000001"), (1, ".000000001")]
)
def test_a_fraction_has_as_many_digits_as_it_needs(nanoseconds: int, printed: str) -> None:
    assert format_datetime(nanoseconds, "%.f") == printed


def test_times_before_1970_and_at_the_ends_of_64_bits_are_printed() -> None:
    assert format_datetime(-1, "%F %T%.9f") == "1969-12-31 23:59:59.999999999"
    assert format_datetime(-(2**63), "%+") == "1677-09-21T00:12:43.145224192+00:00"
    assert format_datetime(2**64 - 1, "%+") == "2554-07-21T23:34:33.709551615+00:00"
    for beyond in (2**64, -(2**63) - 1):
        with pytest.raises(DateTimeError, match="64 bits"):
            format_datetime(beyond, "%+")


READ = [
    ("%Y-%m-%d %H:%M", "2001-07-07 15:05", "2001-07-07T15:05"),
    ("%Y-%m-%d %H:%M", "2001-7-7 5:5", "2001-07-07T05:05"),
    ("%d/%b/%y %R", "07/JUL/01 15:05", "2001-07-07T15:05"),
    ("%d %B %y %R", "07 jul 70 15:05", "1970-07-07T15:05"),
    ("%d %B %y %R", "07 jul 69 15:05", "2069-07-07T15:05"),
    ("%d %B %C%y %R", "7 JULY 2101 15:05", "2101-07-07T15:05"),
    ("%Y/%j %I:%M:%S %p", "2001/188 03:05:05 pm", "2001-07-07T15:05:05"),
    ("%F %I:%M %P", "2001-07-07 12:05 AM", "2001-07-07T00:05"),
    ("%Y week %U, %a %R", "2001 week 26, Sat 15:05", "2001-07-07T15:05"),
    ("%Y week %W, %u %R", "2001 week 27, 6 15:05", "2001-07-07T15:05"),
    ("%Y week %W, %w %R", "2001 week 26, 0 15:05", "2001-07-01T15:05"),
    ("%G-W%V-%u %R", "2001-W27-6 15:05", "2001-07-07T15:05"),
    ("%F %T%.f", "2001-07-07 15:05:05.5", "2001-07-07T15:05:05.500"),
    ("%F %T%.f", "2001-07-07 15:05:05", "2001-07-07T15:05:05"),
    ("%F %T%.3f", "2001-07-07 15:05:05.123456", "2001-07-07T15:05:05.123456"),
    ("%F %H%M%S%3f", "2001-07-07 150505123", "2001-07-07T15:05:05.123"),
    ("%F %T.%f", "2001-07-07 15:05:05.1000", "2001-07-07T15:05:05.000001"),
    ("%+", "2001-07-07t15:05:05.25-01:30", "2001-07-07T16:35:05.250"),
    ("%+", "2001-07-07T15:05:05Z", "2001-07-07T15:05:05"),
    ("%F %R %z", "2001-07-07 15:05 +0930", "2001-07-07T05:35"),
    ("%F %R %z", "2001-07-07 15:05 -09:30", "2001-07-08T00:35"),
    ("%F %R%:z", "2001-07-07 15:05+01:00", "2001-07-07T14:05"),
    ("%F %R %#z", "2001-07-07 15:05 +01", "2001-07-07T14:05"),
    ("%F %R %Z", "2001-07-07 15:05 GMT", "2001-07-07T15:05"),
    ("%F %R %Z %z", "2001-07-07 15:05 CEST +0200", "2001-07-07T13:05"),
    ("%s", "994518305", "2001-07-07T15:05:05"),
    ("%s%.f %A", "994518305.5 Saturday", "2001-07-07T15:05:05.500"),
    ("%F %T", "2001-07-07 23:59:60", "2001-07-08T00:00:00"),
    ("%F   %R", " 2001-07-07\u200315:05", "2001-07-07T15:05"),
    ("%F%t%R%%", "2001-07-0715:05%", "2001-07-07T15:05"),
    ("%Y-%m-%d %Y %R", "2001-07-07 2001 15:05", "2001-07-07T15:05"),
    ("%Y-%m-%d %H:%M", "+2001-07-07 15:05", "2001-07-07T15:05"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "string", "iso"), READ)
def test_each_specifier_reads_its_part(text: str, string: str, iso: str) -> None:
    moment = datetime.fromisoformat(iso).replace(tzinfo=UTC)
    assert parse_datetime(string, text) == (moment - EPOCH) // timedelta(microseconds=1) * 1000


def test_a_time_before_1970_wraps_to_an_unsigned_number() -> None:
    assert parse_datetime("1969-12-31 23:59:59", "%F %T") == 2**64 - 1_000_000_000


REFUSED = [
    ("%Y-%m-%d", "2001-07-07", "time of day"),
    ("%F %H", "2001-07-07 15", "time of day"),
    ("%F %I:%M", "2001-07-07 03:05", "time of day"),
    ("%H:%M", "15:05", "no full date"),
    ("%C-%m-%d %R", "20-07-07 15:05", "no full date"),
    ("%F %R%.f", "2001-07-07 15:05.5", "no second"),
    ("%F %R %z", "2001-07-07 15:05", "does not fit"),
    ("%F %R %Z", "2001-07-07 15:05 CEST", "offset"),
    ("%F %R %Z%z", "2001-07-07 15:05 CEST+0200", "does not fit"),
    ("%F %R %z", "2001-07-07 15:05 +2400", "offset"),
    ("%F %R", "2001-02-29 15:05", "no such day"),
    ("%F %R", "2001-13-01 15:05", "no such day"),
    ("%Y-%j %R", "2001-366 15:05", "does not agree"),
    ("%Y-%j %R", "2001-000 15:05", "does not agree"),
    ("%Y %U %a %R", "2001 53 Sat 15:05", "does not agree"),
    ("%F %R", "2001-07-07 24:05", "no hour 24"),
    ("%F %R", "2001-07-07 15:60", "no minute 60"),
    ("%F %T", "2001-07-07 15:05:61", "no second 61"),
    ("%F %I:%M %p", "2001-07-07 13:05 PM", "no hour 13"),
    ("%F %R %u", "2001-07-07 15:05 0", "no day of the week"),
    ("%F %R %a", "2001-07-07 15:05 Sun", "weekday does not agree"),
    ("%F %R %V", "2001-07-07 15:05 26", "iso week does not agree"),
    ("%F %R %Y", "2001-07-07 15:05 2002", "two different things"),
    ("%s %H", "994518305 14", "does not agree"),
    ("%F %R", "2001-07-07 15:05 ", "does not fit"),
    ("%F %T%.f.", "2001-07-07 15:05:05.", "does not fit"),
    ("%F %R", "2001-07-07 15:0\u0665", "does not fit"),
    ("%a %F %R", "\u017fat 2001-07-07 15:05", "does not fit"),
    ("%F %R", "2001-07-07\x1c15:05", "does not fit"),
    ("%F %R", "2262-04-12 00:00", "64 bits"),
    ("%F %R", "+123456-04-12 00:00", "no such day"),
    ("%s", "99999999999999999", "out of range"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "string", "reason"), REFUSED)
def test_what_is_no_full_time_is_refused_with_a_reason(text: str, string: str, reason: str) -> None:
    with pytest.raises(DateTimeError, match=reason):
        parse_datetime(string, text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("%Q", "`%Q` at character 1"),
        ("ab%", "lone `%` at character 3"),
        ("%F %:", "`%:` at character 4"),
        ("%-F", "only numbers can be filled"),
        ("%_b", "only numbers can be filled"),
        ("%.4f", "`%.`"),
        ("%4f", "`%4`"),
        ("x" * 1001, "at most 1000 characters"),
    ],
)
def test_a_bad_format_is_refused_when_it_is_compiled(text: str, reason: str) -> None:
    with pytest.raises(BadDateTimeFormat, match=reason):
        DateTimeFormat(text)


def test_a_long_text_is_shown_cut() -> None:
    with pytest.raises(DateTimeError) as raised:
        parse_datetime("9" * 1_000_000, "%F")
    assert len(str(raised.value)) < 200


MOMENTS = st.integers(-(2**63), 2**63 - 1)


@settings(deadline=None)
@given(MOMENTS)
def test_shared_specifiers_print_as_python_does(ns: int) -> None:
    moment = EPOCH + timedelta(microseconds=ns // 1000)
    for text in ("%m %d %H %I %M %S %j %a %A %b %B %p %w %u %y %U %W %V %G %%",):
        assert format_datetime(ns, text) == moment.strftime(text)


@settings(deadline=None)
@given(st.integers(-(2**63) // 1000 + 1, (2**63 - 1) // 1000), st.integers(-1439, 1439))
def test_python_s_texts_are_read_with_their_offset(us: int, minutes: int) -> None:
    moment = (EPOCH + timedelta(microseconds=us)).astimezone(timezone(timedelta(minutes=minutes)))
    text = f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond:06d}{moment:%z}"
    assert parse_datetime(text, "%Y-%m-%d %H:%M:%S%.f%z") == us * 1000 % 2**64


DATES = ["%F", "%Y %j", "%G %V %u", "%Y %U %A", "%Y %W %a", "%C%y-%-m-%_d", "%D %Y", "%v"]
TIMES = ["%T%.f", "%H%M%S%9f", "%I:%M:%S.%f %p", "%l:%-M:%_S%.9f %P"]


@settings(deadline=None)
@given(
    MOMENTS,
    st.sampled_from(DATES),
    st.sampled_from(TIMES),
    st.sampled_from(["", " %z", "%:z", " %#z", " %Z"]),
)
def test_what_is_printed_is_read_again(ns: int, date: str, time: str, zone: str) -> None:
    compiled = DateTimeFormat(f"{date} {time}{zone}")
    assert compiled.parse(compiled.format(ns)) == ns % 2**64


@settings(deadline=None)
@given(MOMENTS)
def test_rfc_3339_and_timestamps_are_read_again(ns: int) -> None:
    for text in ("%+", "%s %f"):
        assert parse_datetime(format_datetime(ns, text), text) == ns % 2**64


@settings(deadline=None)
@given(
    st.one_of(st.text(), st.text("%-_0.:#369YCyGgmbBhdeaAwuUWVjDxFvHkIlPpMSfRTXrzZc+stn ")),
    st.one_of(st.text(), st.text("0123456789 :-+TZ./JulSatpm")),
    st.integers(-(2**63), 2**64 - 1),
)
def test_any_text_is_a_format_or_refused_and_reads_or_refuses_any_string(
    text: str, string: str, ns: int
) -> None:
    try:
        compiled = DateTimeFormat(text)
    except BadDateTimeFormat:
        return
    printed = compiled.format(ns)
    for candidate in (string, printed):
        try:
            assert 0 <= compiled.parse(candidate) < 2**64
        except DateTimeError:
            pass
