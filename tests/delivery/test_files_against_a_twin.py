"""The `file` onramp against a naive twin: a set of what was written and a set of what was delivered."""

from __future__ import annotations

import json
import os
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.testing import VirtualClock, settle
from pipelines.ticket import Outcome
from ramps.onramps.file import FileOnramp
from ramps.testing.deliveries import Deliveries, Reader

STEPS = st.one_of(
    st.tuples(st.just("append"), st.integers(1, 5)),
    st.tuples(st.just("append half a line"), st.just(0)),
    st.tuples(st.just("rotate"), st.just(0)),
    st.tuples(st.just("let time pass"), st.just(0)),
    st.tuples(st.just("remove what is delivered"), st.just(0)),
    st.tuples(st.just("let it read"), st.integers(1, 3)),
    st.tuples(st.just("deliver"), st.integers(1, 10)),
    st.tuples(st.just("fail"), st.integers(0, 10)),
    st.tuples(st.just("start"), st.just(0)),
    st.tuples(st.just("stop"), st.just(0)),
    st.tuples(st.just("kill the process"), st.just(0)),
    st.tuples(st.just("tear the checkpoint"), st.just(0)),
)


POLL_SECONDS = 0.25
MOST_TURNS = 200


class Twin:
    """A file that is written to and rotated, an onramp that is killed, and what must arrive."""

    def __init__(self, directory: Path, *, start_at: str) -> None:
        self.path = directory / "in.log"
        self.start_at = start_at
        self.written: list[int] = []
        self.delivered: set[int] = set()
        self.number = 0
        self.half = b""
        self.generation = 0
        self.now_ns = 10**18
        self.contents: dict[Path, set[int]] = {self.path: set()}
        self.clock = VirtualClock()
        self.deliveries = Deliveries()
        self.reader: Reader | None = None
        self.is_promised = False
        """Whether it was started once, and the file was there: from then on, whatever comes must arrive."""
        self.torn: bytes | None = None
        """What is left of the checkpoint that was torn last."""

    def append(self, count: int) -> None:
        lines = []
        for _ in range(count):
            line = json.dumps({"n": self.number, "padding": "x" * (self.number % 7 * 30)}).encode() + b"\n"
            lines.append(line[len(self.half) :])
            if self.is_promised:
                self.written.append(self.number)
            self.contents[self.path].add(self.number)
            self.number, self.half = self.number + 1, b""
        self._write(b"".join(lines))

    def append_half_a_line(self, _argument: int) -> None:
        if not self.half:
            self.half = b'{"n": '
            self._write(self.half)

    def _write(self, data: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(data)
        # Where the clock has not moved on, two files are of the same moment.
        os.utime(self.path, ns=(self.now_ns, self.now_ns))

    def let_time_pass(self, _argument: int) -> None:
        self.now_ns += 10**9

    @property
    def is_torn(self) -> bool:
        """Whether there is no checkpoint that can be used."""
        checkpoint = Path(f"{self.path}.checkpoint")
        return self.torn is not None and checkpoint.exists() and checkpoint.read_bytes() == self.torn

    def rotate(self, _argument: int) -> None:
        if not self.path.exists() or self.half:
            return
        if self.is_torn and not self.contents[self.path] & set(self.written) <= self.delivered:
            # Without a checkpoint it begins with what has the name, and never looks for this again.
            return
        names = [self.path, *(Path(f"{self.path}.{number}") for number in range(1, 100))]
        count = next(index for index, name in enumerate(names) if not name.exists())
        for old, new in reversed(list(pairwise(names[: count + 1]))):
            old.rename(new)
            self.contents[new] = self.contents.pop(old)
        self.contents[self.path] = set()
        # What is beside the file and is none of it.
        Path(f"{self.path}-errors").write_bytes(b'{"n": -1}\n')

    def remove_what_is_delivered(self, _argument: int) -> None:
        oldest = max(self.contents, key=lambda path: int(path.suffix[1:]) if path != self.path else 0)
        if oldest != self.path and self.contents[oldest] & set(self.written) <= self.delivered:
            oldest.unlink()
            del self.contents[oldest]

    def start(self, _argument: int) -> None:
        if self.reader is not None or (self.half and not self.is_promised):
            return
        options = {
            "path": self.path,
            "follow": True,
            "poll_interval": "250ms",
            "start_at": self.start_at,
        }
        self.reader = Reader(FileOnramp(FileOnramp.Options.model_validate(options)), self.deliveries)
        self.reader.onramp.clock = self.clock
        self.reader.open()
        if not self.is_promised and self.path.exists():
            self.is_promised = True
            if self.start_at == "beginning":
                self.written += sorted(self.contents[self.path])

    def let_it_read(self, turns: int) -> None:
        for _ in range(turns):
            settle()
            self.clock.advance(POLL_SECONDS)
            settle()

    def deliver(self, count: int) -> None:
        for number in self.deliveries.unanswered[:count]:
            self.delivered.add(number)
            self.deliveries.answer([number])

    def fail(self, index: int) -> None:
        if unanswered := self.deliveries.unanswered:
            self.deliveries.answer([unanswered[index % len(unanswered)]], Outcome.FAILED)

    def stop(self, _argument: int) -> None:
        if self.reader is not None:
            self.reader.close()
        self._gone()

    def kill_the_process(self, _argument: int) -> None:
        """Nothing is written any more from here on."""
        if self.reader is not None:
            self.reader.kill()
            onramp: Any = self.reader.onramp
            onramp._replay = None
            onramp.close()
        self._gone()

    def tear_the_checkpoint(self, _argument: int) -> None:
        checkpoint = Path(f"{self.path}.checkpoint")
        rotated = set().union(*(numbers for path, numbers in self.contents.items() if path != self.path))
        # Without one it begins with what has the name now.
        may_be_lost = self.start_at == "end" or not rotated & set(self.written) <= self.delivered
        if self.reader is None and checkpoint.exists() and not may_be_lost:
            self.torn = checkpoint.read_bytes()[: len(checkpoint.read_bytes()) // 2]
            checkpoint.write_bytes(self.torn)

    def _gone(self) -> None:
        self.reader = None
        self.deliveries.forget()

    def end(self) -> None:
        self.start(0)
        self.append(1)
        self.deliveries.answers_at_once = True
        self.deliveries.answer(outcome=Outcome.FAILED)
        before = len(self.deliveries.numbers)
        missing = set(self.written) - self.delivered
        for _ in range(MOST_TURNS):
            if missing <= set(self.deliveries.numbers[before:]):
                break
            self.let_it_read(1)
        assert missing <= set(self.deliveries.numbers[before:])
        self.stop(0)
        assert set(self.deliveries.numbers) <= set(range(self.number))
        assert self.deliveries.errors == []


def follow(steps: list[tuple[str, int]], start_at: str = "beginning") -> None:
    with TemporaryDirectory() as directory:
        twin = Twin(Path(directory), start_at=start_at)
        try:
            for name, argument in steps:
                getattr(twin, name.replace(" ", "_"))(argument)
            twin.end()
        finally:
            twin.stop(0)


DELIVER_ONE_FILE = "append 2, start, let it read 3, deliver 9"
STORIES = {
    "two files of one moment": f"{DELIVER_ONE_FILE}, stop, rotate, append 2, rotate, append 2",
    "the file of the checkpoint is gone": (
        f"{DELIVER_ONE_FILE}, stop, let time pass, rotate, append 2, let time pass, rotate, append 1, "
        "remove what is delivered"
    ),
    "back over files that were passed": (
        f"{DELIVER_ONE_FILE}, rotate, append 2, let it read 9, rotate, append 2, let it read 9, fail 0, deliver 9"
    ),
    "killed before anything was delivered": "append 2, start, let it read 3, kill the process, rotate, append 1",
}


@pytest.mark.parametrize("story", STORIES)
def test_every_line_arrives_in_this_story(story: str) -> None:
    follow(
        [
            (step.rstrip(" 0123456789"), int(step.split()[-1]) if step[-1].isdigit() else 0)
            for step in STORIES[story].split(", ")
        ]
    )


@pytest.mark.parametrize("start_at", ["beginning", "end"])
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(STEPS, max_size=25))
def test_every_line_arrives_whatever_happens_in_between(start_at: str, steps: list[tuple[str, int]]) -> None:
    follow(steps, start_at)
