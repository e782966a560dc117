"""The test kit must be able to fail."""

from __future__ import annotations

import os

import gevent
import pytest

from ramps.errors import IntakeFull
from ramps.testing.leaks import nothing_outlives
from ramps.testing.recording_intake import RecordingIntake


def test_a_greenlet_that_is_left_behind_is_named() -> None:
    with (
        pytest.raises(AssertionError, match=r"left behind: greenlet .*wait"),
        nothing_outlives(seconds=0.02),
    ):
        greenlet = gevent.spawn(gevent.event.Event().wait)
    greenlet.kill()


def test_a_descriptor_that_is_left_behind_is_named() -> None:
    with (
        pytest.raises(AssertionError, match=r"left behind: descriptor .*pipe"),
        nothing_outlives(seconds=0.02),
    ):
        ends = os.pipe()
    for end in ends:
        os.close(end)


def test_a_full_intake_refuses_after_the_timeout_and_counts_who_waits() -> None:
    intake = RecordingIntake()
    intake.fill()
    stream = intake.stream("here")
    with pytest.raises(IntakeFull):
        stream.feed(b"x", timeout=0.001)
    blocked = gevent.spawn(stream.feed, b"y")
    intake.wait_until(lambda: intake.waiting == 1)
    intake.make_room()
    blocked.join(timeout=5.0)
    assert (intake.data, intake.waiting) == (b"y", 0)


def test_waiting_for_what_does_not_come_fails_with_what_came() -> None:
    intake = RecordingIntake()
    intake.emit(["only this"], origin="here")
    with pytest.raises(AssertionError, match="only this"):
        intake.wait_until(lambda: len(intake.values) == 2, seconds=0.01)


def test_a_stream_that_has_ended_takes_nothing_more() -> None:
    stream = RecordingIntake().stream("here")
    stream.end()
    with pytest.raises(AssertionError, match="had ended"):
        stream.feed(b"x")
