"""The reader and whoever closes it may both write the checkpoint: it is always whole, and the latest place wins."""

from __future__ import annotations

from itertools import count
from pathlib import Path

from actors.log import get_logger
from ramps.files.checkpoint import Checkpoint, Place
from ramps.files.replay import Replay
from tests.delivery.killing import interrupted_at

START = Place(1, 2, 0, 0, "", 0)
STEP = 7


def test_a_close_in_the_middle_of_a_save_leaves_a_whole_checkpoint(tmp_path: Path) -> None:
    """Regression: the two wrote into one file, and what came first overwrote what came last."""
    for number in count(0, STEP):
        path = tmp_path / f"{number}.checkpoint"
        replay = Replay(Checkpoint(path, Place), most=100, now=lambda: 0.0, log=get_logger("test"))
        assert replay.begin() is None

        def confirm(offset: int, replay: Replay[Place] = replay) -> None:
            with replay.ticket(START, 1, lambda: START.at(offset)) as ticket:
                ticket.answer()

        def close(replay: Replay[Place] = replay) -> None:
            confirm(2)
            replay.save(at_once=True)

        confirm(100_000)
        with interrupted_at(number, close) as interruption:
            replay.save(at_once=True)
        found = Checkpoint(path, Place).load()
        assert found is not None, interruption.where
        assert found.offset in (2, 100_000), interruption.where
        replay.save(at_once=True)
        if not interruption.happened:
            assert number > STEP
            return
        assert Checkpoint(path, Place).load() == START.at(2), interruption.where
