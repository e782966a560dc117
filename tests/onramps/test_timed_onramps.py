"""`metronome` and `cron` on a virtual clock."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from actors.testing import VirtualClock, settle
from ramps.onramps.cron import CronOnramp
from ramps.onramps.metronome import MetronomeOnramp
from ramps.testing.onramp_runner import OnrampRunner
from ramps.testing.recording_intake import RecordingIntake


def nanoseconds(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 10**9


def metronome(clock: VirtualClock, **options: Any) -> MetronomeOnramp:
    onramp = MetronomeOnramp(MetronomeOnramp.Options(**options))
    onramp.clock = clock
    return onramp


def cron(clock: VirtualClock, *expressions: str, **options: Any) -> CronOnramp:
    entries = [{"name": expression, "expression": expression} for expression in expressions]
    onramp = CronOnramp(CronOnramp.Options(**{"entries": entries, **options}))
    onramp.clock = clock
    return onramp


def fired(intake: RecordingIntake) -> list[str]:
    return [f"{datetime.fromtimestamp(event['ingest_ns'] / 1e9, UTC):%d %H:%M:%S}" for event in intake.values]


def test_ticks_come_at_the_interval_with_ids_from_zero(run: Any, intake: Any) -> None:
    clock = VirtualClock(start_ns=0)
    run(metronome(clock, interval="10s"))
    settle()
    clock.advance(25.0)
    assert intake.values == [
        {"onramp": "metronome", "ingest_ns": 10 * 10**9, "id": 0},
        {"onramp": "metronome", "ingest_ns": 20 * 10**9, "id": 1},
    ]


def test_the_metronome_ends_after_its_count(run: Any, intake: Any) -> None:
    clock = VirtualClock()
    runner = run(metronome(clock, interval="1s", count=3))
    settle()
    clock.advance(10.0)
    runner.wait_for_end()
    assert len(intake.values) == 3


def test_ticks_that_pass_while_downstream_is_full_are_left_out(run: Any, intake: Any) -> None:
    clock = VirtualClock(start_ns=0)
    run(metronome(clock, interval="1s"))
    settle()
    clock.advance(1.0)
    intake.fill()
    clock.advance(5.5)
    intake.make_room()
    settle()
    clock.advance(1.0)
    assert [event["ingest_ns"] / 1e9 for event in intake.values] == [1.0, 2.0, 6.5, 7.0]


@given(
    interval=st.sampled_from(["1ms", "7ms", "100ms", "333ms"]),
    steps=st.lists(st.floats(0.0001, 0.4), min_size=1, max_size=40),
)
@settings(max_examples=25, deadline=None)
def test_the_metronome_does_not_drift(interval: str, steps: list[float]) -> None:
    clock, intake = VirtualClock(), RecordingIntake()
    onramp = metronome(clock, interval=interval)
    with OnrampRunner(onramp, intake):
        settle(1)
        for step in steps:
            clock.advance(step)
        assert abs(len(intake.values) - clock.now() / onramp.options.interval) <= 1


def test_cron_fires_each_entry_at_its_times(run: Any, intake: Any) -> None:
    clock = VirtualClock(nanoseconds("2026-03-01T23:50:30"))
    run(cron(clock, "*/5 * * * *", "0 0 * * *"))
    settle()
    clock.advance(15 * 60)
    assert fired(intake) == ["01 23:55:00", "02 00:00:00", "02 00:00:00", "02 00:05:00"]
    assert [event["id"] for event in intake.values] == [0, 1, 2, 3]
    assert {event["trigger"]["name"] for event in intake.values} == {"*/5 * * * *", "0 0 * * *"}


def test_six_fields_begin_with_seconds(run: Any, intake: Any) -> None:
    clock = VirtualClock(nanoseconds("2026-03-01T00:00:00"))
    run(cron(clock, "*/20 * * * * *"))
    settle()
    clock.advance(60)
    assert fired(intake) == ["01 00:00:20", "01 00:00:40", "01 00:01:00"]


def test_hours_are_those_of_the_time_zone_also_when_its_clocks_change(run: Any, intake: Any) -> None:
    # In Berlin summer time begins on 29 March 2026: seven in the morning is six UTC before it and five after.
    clock = VirtualClock(nanoseconds("2026-03-28T00:00:00"))
    run(cron(clock, "0 7 * * *", timezone="Europe/Berlin"))
    settle()
    clock.advance(2 * 86400)
    assert fired(intake) == ["28 06:00:00", "29 05:00:00"]


def test_times_that_pass_while_downstream_is_full_fire_once(run: Any, intake: Any) -> None:
    clock = VirtualClock(nanoseconds("2026-03-01T00:00:30"))
    run(cron(clock, "* * * * *"))
    settle()
    intake.fill()
    clock.advance(10 * 60)
    intake.make_room()
    settle()
    clock.advance(60)
    assert [moment.split(":")[1] for moment in fired(intake)] == ["01", "10", "11"]


def test_a_payload_comes_along_as_a_copy_of_its_own(run: Any, intake: Any) -> None:
    clock = VirtualClock()
    onramp = CronOnramp(
        CronOnramp.Options(
            entries=[{"name": "n", "expression": "* * * * *", "payload": {"list": []}}], count=2
        )
    )
    onramp.clock = clock
    runner = run(onramp)
    settle()
    clock.advance(60)
    intake.values[0]["trigger"]["payload"]["list"].append("changed")
    clock.advance(60)
    runner.wait_for_end()
    assert intake.values[1]["trigger"] == {"name": "n", "payload": {"list": []}}


@pytest.mark.parametrize(
    "expression", ["", "* * *", "61 * * * *", "* * * * * * *", "0 0 31 2 *", "a b c d e"]
)
def test_a_bad_expression_is_a_configuration_error_with_the_remedy(expression: str) -> None:
    with pytest.raises(ValidationError, match=r"is not a cron expression: .*write five fields"):
        CronOnramp.Options(entries=[{"name": "n", "expression": expression}])


@given(st.one_of(st.text(max_size=30), st.text("0123456789*/,-?LW#@ hR()", max_size=20)))
@settings(max_examples=100, deadline=None)
def test_any_text_is_an_expression_or_a_configuration_error(expression: str) -> None:
    # Anything but a ValidationError would be a traceback for the user.
    with contextlib.suppress(ValidationError):
        CronOnramp.Options(entries=[{"name": "n", "expression": expression}])


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../../etc/passwd", "Europe"])
def test_a_time_zone_that_does_not_exist_is_a_configuration_error(name: str) -> None:
    with pytest.raises(ValidationError, match="is no time zone"):
        CronOnramp.Options(entries=[{"name": "n", "expression": "* * * * *"}], timezone=name)


def test_a_crontab_without_entries_is_refused() -> None:
    with pytest.raises(ValidationError, match="entries"):
        CronOnramp.Options(entries=[])


def test_an_interval_of_zero_is_refused() -> None:
    with pytest.raises(ValidationError, match="interval"):
        MetronomeOnramp.Options(interval="0s")
