"""Tickets at the entrance: whoever is killed while he feeds, every ticket is answered, and none before its events."""

from __future__ import annotations

from typing import Any

import pytest
from gevent import GreenletExit
from hypothesis import given
from hypothesis import strategies as st

from actors.testing import VirtualClock
from pipelines import Batch
from pipelines.ticket import Outcome, Ticket
from ramps.codecs.json import Json
from ramps.intake import StreamIntake
from ramps.preprocessors.lines import Lines


class Downstream:
    """Takes batches; whoever sends to it is killed at the given sends, before or after it has arrived."""

    def __init__(self, kills: dict[int, bool]) -> None:
        self.kills = kills
        self.sends = 0
        self.taken: list[Batch] = []

    def send(self, port: str, batch: Batch, timeout: float | None) -> None:
        kill = self.kills.pop(self.sends, None)
        self.sends += 1
        if kill is False:
            raise GreenletExit
        self.taken.append(batch)
        if kill:
            raise GreenletExit


def intake_to(downstream: Downstream) -> StreamIntake:
    return StreamIntake(
        "onramp:main/in",
        make_codec=Json,
        send=downstream.send,
        clock=VirtualClock(),
        make_preprocessors=[Lines],
        batch_max=2,
    )


LINES = st.lists(st.sampled_from([b'{"n":1}\n', b"2\n", b"broken\n", b"\n", b'{"half'] * 2), max_size=12)


@given(
    chunks=st.lists(LINES, min_size=1, max_size=4), kills=st.dictionaries(st.integers(0, 8), st.booleans())
)
def test_each_piece_is_settled_once_all_that_came_of_it_is(
    chunks: list[list[bytes]], kills: dict[int, bool]
) -> None:
    downstream = Downstream(dict(kills))
    intake = intake_to(downstream)
    stream = intake.stream("here")
    settled: list[list[Outcome]] = []
    for chunk in chunks:
        outcomes: list[Outcome] = []
        settled.append(outcomes)
        try:
            stream.feed(b"".join(chunk), ticket=Ticket(outcomes.append))
        except GreenletExit:
            stream = intake.stream("here")
    waiting = {id(batch.ticket) for _port, batch in intake.undelivered}
    assert all(batch.ticket is not None for batch in downstream.taken)
    downstream.kills.clear()
    intake.deliver_again()
    assert waiting <= {id(batch.ticket) for batch in downstream.taken}
    for batch in downstream.taken:
        assert batch.ticket is not None
        batch.ticket.answer()
    assert settled == [[Outcome.DELIVERED]] * len(chunks)


def test_a_piece_whose_framing_broke_off_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    intake = intake_to(Downstream({}))
    stream = intake.stream("here")

    def break_off(*_args: Any) -> Any:
        raise GreenletExit

    monkeypatch.setattr(stream, "_decode", break_off)
    settled: list[Outcome] = []
    with pytest.raises(GreenletExit):
        stream.feed(b"broken\n", ticket=Ticket(settled.append))
    assert settled == [Outcome.FAILED]
