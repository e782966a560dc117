"""Who is killed on the way into `StreamIntake.deliver` has kept nothing, so its ticket has failed. The chaos suite
found the loss: seeds 15 and 17.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from actors.testing import VirtualClock
from pipelines.ticket import Outcome, Ticket
from ramps.codec import codecs
from ramps.intake import StreamIntake
from ramps.preprocessor import preprocessors


class Killed(BaseException):
    """What ends a greenlet at any moment."""


class KilledOnTheWay(StreamIntake):
    """One whose `deliver` is never entered."""

    def deliver(self, *_args: Any, **_options: Any) -> None:
        raise Killed


@pytest.fixture
def intake() -> StreamIntake:
    return KilledOnTheWay(
        "onramp:x",
        make_codec=partial(codecs.get("json")),
        make_preprocessors=[partial(preprocessors.get("lines"))],
        send=lambda _port, _batch, _timeout: None,
        clock=VirtualClock(),
    )


@pytest.mark.parametrize(
    "data", [b'{"id": 1}\n', b'{"id": 1}\nnot json\n'], ids=["quick way", "frame by frame"]
)
def test_a_chunk_that_was_not_kept_has_failed(intake: StreamIntake, data: bytes) -> None:
    answers: list[Outcome] = []

    with pytest.raises(Killed):
        intake.stream("here").feed(data, ticket=Ticket(answers.append))

    assert answers == [Outcome.FAILED]


def test_values_that_were_not_kept_have_failed(intake: StreamIntake) -> None:
    answers: list[Outcome] = []

    with pytest.raises(Killed):
        intake.emit([1, 2], origin="here", ticket=Ticket(answers.append))

    assert answers == [Outcome.FAILED]
