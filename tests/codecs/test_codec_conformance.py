"""Every registered codec against the conformance battery."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import strategies as st

from ramps.codec import Codec, codecs
from ramps.codecs.binary import Binary
from ramps.codecs.csv import Csv
from ramps.codecs.influx import Influx
from ramps.codecs.json import Json
from ramps.codecs.msgpack import Msgpack
from ramps.codecs.null import Null
from ramps.codecs.statsd import Statsd
from ramps.codecs.string import String
from ramps.codecs.syslog import Syslog
from ramps.codecs.yaml import Yaml
from ramps.testing.codec_battery import CodecBattery, event_values

NOW_NS = 1_717_000_000_000_000_000

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
integers = st.integers(-(2**63), 2**64 - 1)
floats = st.floats(allow_nan=False, allow_infinity=False)


class TestUjson(CodecBattery):
    def make(self) -> Codec:
        return Json(Json.Options(engine="ujson"))

    def carried_values(self) -> st.SearchStrategy[object]:
        return event_values()


class TestOrjson(TestUjson):
    def make(self) -> Codec:
        return Json(Json.Options(engine="orjson"))


class TestString(CodecBattery):
    def make(self) -> Codec:
        return String()

    def carried_values(self) -> st.SearchStrategy[object]:
        return text


class TestBinary(CodecBattery):
    def make(self) -> Codec:
        return Binary()

    def carried_values(self) -> st.SearchStrategy[object]:
        return st.binary(max_size=40)


class TestNull(CodecBattery):
    def make(self) -> Codec:
        return Null()

    def carried_values(self) -> st.SearchStrategy[object]:
        return st.none()


class TestMsgpack(CodecBattery):
    def make(self) -> Codec:
        return Msgpack()

    def carried_values(self) -> st.SearchStrategy[object]:
        return event_values(with_bytes=True, with_nan=True)


class TestYaml(CodecBattery):
    max_examples = 30

    def make(self) -> Codec:
        return Yaml()

    def carried_values(self) -> st.SearchStrategy[object]:
        return event_values(with_bytes=True, with_nan=True)


class TestCsv(CodecBattery):
    def make(self) -> Codec:
        return Csv(Csv.Options(columns=["a", "b"], delimiter=";"))

    def carried_values(self) -> st.SearchStrategy[object]:
        return st.fixed_dictionaries({"a": text, "b": text})


class TestCsvWithHeader(TestCsv):
    def make(self) -> Codec:
        codec = Csv()
        codec.decode(b"a,b")
        return codec


class TestInflux(CodecBattery):
    def make(self) -> Codec:
        codec = Influx()
        codec.clock_ns = lambda: NOW_NS
        return codec

    def carried_values(self) -> st.SearchStrategy[object]:
        character = st.characters(exclude_categories=["Cs"], exclude_characters="\r\n")
        name = st.text(st.sampled_from(",= \\\"'a\t") | character, min_size=1, max_size=8).filter(
            lambda name: not name.endswith("\\") and not name.startswith("#")
        )
        field = text | integers | floats | st.booleans()
        return st.fixed_dictionaries(
            {
                "measurement": name,
                "tags": st.dictionaries(name, name, max_size=3),
                "fields": st.dictionaries(name, field, min_size=1, max_size=3),
                "timestamp": integers,
            }
        )


class TestStatsd(CodecBattery):
    def make(self) -> Codec:
        return Statsd()

    def carried_values(self) -> st.SearchStrategy[object]:
        name = st.text(
            st.characters(codec="ascii", categories=["L", "N"]) | st.sampled_from("._-"), min_size=1
        )
        rate = {"sample_rate": st.floats(0, 1, exclude_min=True)}
        number = integers | floats
        magnitude = st.integers(0, 2**64 - 1) | st.floats(0, allow_infinity=False).map(abs)
        plain = {"metric": name, "type": st.sampled_from(["c", "h", "s", "ms"]), "value": number}
        gauge = {"metric": name, "type": st.just("g"), "value": magnitude}
        change = {**gauge, "action": st.sampled_from(["add", "sub"])}
        member = {
            "metric": name,
            "type": st.just("s"),
            "value": st.from_regex(r"[a-z:@ ]{1,8}", fullmatch=True),
        }
        return st.one_of(
            [st.fixed_dictionaries(one, optional=rate) for one in (plain, gauge, change, member)]
        )


def _syslog(**fields: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.fixed_dictionaries(
        {
            "severity": st.sampled_from(
                ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"]
            ),
            "facility": st.sampled_from(["kern", "user", "authpriv", "local0", "local7"]),
            **fields,
        }
    )


token = st.none() | st.from_regex(r"[!-~]{2,20}", fullmatch=True)


class TestSyslogRfc5424(CodecBattery):
    def make(self) -> Codec:
        codec = Syslog()
        codec.clock_ns = lambda: NOW_NS
        return codec

    def carried_values(self) -> st.SearchStrategy[object]:
        name = st.from_regex(r"[!#-<>-\\^-~]{1,8}", fullmatch=True)
        param = st.dictionaries(name, text, min_size=1, max_size=1)
        microseconds = st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999)
        return _syslog(
            hostname=token,
            appname=token,
            procid=st.none()
            | st.integers(0, 9_999_999_999)
            | st.from_regex(r"[a-z][!-~]{0,9}", fullmatch=True),
            msgid=token,
            protocol=st.just("RFC5424"),
            protocol_version=st.integers(1, 999),
            timestamp=st.none() | microseconds.map(lambda microseconds: microseconds * 1000),
            structured_data=st.none()
            | st.dictionaries(name, st.lists(param, max_size=3), min_size=1, max_size=3),
            msg=st.none() | text,
        )


class TestSyslogRfc3164(TestSyslogRfc5424):
    def carried_values(self) -> st.SearchStrategy[object]:
        half_a_year_seconds = 180 * 86400
        near_now = st.integers(NOW_NS // 10**9 - half_a_year_seconds, NOW_NS // 10**9 + half_a_year_seconds)
        return _syslog(
            hostname=st.from_regex(r"[!-~]{2,20}", fullmatch=True),
            appname=st.from_regex(r"[a-zA-Z0-9/_.]{2,20}", fullmatch=True),
            procid=st.none()
            | st.integers(0, 9_999_999_999)
            | st.from_regex(r"[a-z][a-z:\[]{0,9}", fullmatch=True),
            msgid=st.none(),
            protocol=st.just("RFC3164"),
            protocol_version=st.none(),
            timestamp=near_now.map(lambda seconds: seconds * 10**9),
            structured_data=st.none(),
            msg=text,
        )


def test_the_clock_of_these_tests_is_in_the_year_2024() -> None:
    assert datetime.fromtimestamp(NOW_NS / 1e9, UTC).year == 2024


@pytest.mark.parametrize("codec", codecs.members(), ids=lambda codec: codec.name)
def test_every_registered_codec_passes_the_battery_here(codec: type[Codec]) -> None:
    batteries = [
        value for value in globals().values() if isinstance(value, type) and issubclass(value, CodecBattery)
    ]
    tested = {type(battery().make()) for battery in batteries if battery is not CodecBattery}
    assert codec in tested


@pytest.mark.parametrize("codec", codecs.members(), ids=lambda codec: codec.name)
def test_every_codec_says_what_it_is_for_and_shows_a_fragment(codec: type[Codec]) -> None:
    assert codec.summary.endswith(".")
    assert codec.example.startswith("codec = ")


def test_no_content_type_means_two_codecs() -> None:
    types = [content_type for codec in codecs.members() for content_type in codec.content_types]
    assert len(types) == len(set(types))
