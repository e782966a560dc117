"""The `memory` onramp: events that the program itself hands over, for embedding and for tests."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import Any, ClassVar

from gevent import Timeout
from gevent.event import Event
from pydantic import Field

from pipelines.options import Options
from pipelines.ticket import Outcome, Ticket
from ramps.confirmations import Confirmations
from ramps.errors import ConnectionLost, EndOfInput, IntakeFull
from ramps.onramp import InboundStream, Intake, Onramp, onramps

__all__ = ["MemoryOnramp"]

_BATCH = 64


class MemoryOptions(Options):
    """Options of `memory`."""

    capacity: int = Field(
        default=1024,
        ge=1,
        description="items that wait before `put` blocks; in a flow that promises at-least-once, those that are under "
        "way count too",
    )


@dataclass(slots=True, eq=False)
class _Item:
    value: Any
    on_delivered: Callable[[], None] | None
    number: int = 0
    """Its place among all that were put."""
    round: int = 0
    """Which answers are about its latest delivery."""


@onramps.register
class MemoryOnramp(Onramp):
    """A bounded queue between the program and a flow::

        onramp.put({"user": "snot"})        # a value, as it is
        onramp.put(b'{"user": "badger"}')   # bytes, through the preprocessors and the codec
        onramp.close_input()                # nothing more will come

    It may be filled before it is opened, and what waits survives `close` and `open`. Use it from greenlets of
    the hub that runs the flow.

    In a flow that promises at-least-once it keeps what was put until it is delivered, sends again what was not, and
    tells whoever asked for it::

        onramp.put({"user": "snot"}, on_delivered=request.acknowledge)

    What is in it ends with the process: whoever put it has to put again what it was not told of.
    """

    name: ClassVar[str] = "memory"
    summary: ClassVar[str] = "Takes values or bytes from the program that embeds the engine."
    example: ClassVar[str] = """
        [onramps.in]
        type = "memory"
        capacity = 256
        """
    feeds_frames: ClassVar[bool] = True
    replays = True
    Options = MemoryOptions
    options: MemoryOptions

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self._items: deque[_Item] = deque()
        self._under_way: dict[int, _Item] = {}
        """What was sent and not answered, by number."""
        self._count = 0
        self._confirmed = self._sent_again = 0
        self._failed = False
        self._readable = Event()
        self._writable = Event()
        self._writable.set()
        self._complete = False
        self._open = False
        self._stream: InboundStream | None = None

    def put(
        self, value: Any, *, timeout: float | None = None, on_delivered: Callable[[], None] | None = None
    ) -> None:
        """Hand over one value, or the bytes of one frame. Blocks while ``capacity`` items wait.

        ``on_delivered`` is called once, when it is delivered, by a flow that promises at-least-once, and never by any
        other; it must neither block nor raise.

        Raises `IntakeFull` after ``timeout`` seconds of that, and `EndOfInput` after `close_input`.
        """
        with Timeout(timeout, IntakeFull(f"{self.options.capacity} items wait, for more than {timeout} s")):
            while self._is_full:
                self._writable.clear()
                # Again: whoever was pre-empted between must not forget what has happened meanwhile.
                if self._is_full:
                    self._writable.wait()
        if self._complete:
            raise EndOfInput("the input was closed: nothing can be put any more")
        self._items.append(_Item(value, on_delivered, self._count))
        self._count += 1
        self._readable.set()

    def put_all(self, values: Iterable[Any]) -> None:
        """Hand over one after the other. Blocks like `put`."""
        for value in values:
            self.put(value)

    def close_input(self) -> None:
        """Nothing more will come: the onramp ends when what waits was read. Calling it again changes nothing."""
        self._complete = True
        self._readable.set()
        self._writable.set()

    def end_input(self) -> bool:
        """What was put is still read: whoever put it was told that it is taken."""
        self.close_input()
        return True

    def open(self) -> None:
        """Begin to be read; what was sent before and is not delivered is sent again."""
        # By number: whoever was killed just when an item was taken out has left it in both.
        items = {item.number: item for item in [*self._under_way.values(), *self._items]}
        self._items = deque(items[number] for number in sorted(items))
        self._under_way.clear()
        self._failed = False
        self._open = True

    def read(self, intake: Intake) -> None:
        """Move what waits, up to 64 items. Blocks while nothing does. Raises `EndOfInput` at the end, `ConnectionLost`
        when something was not delivered.
        """
        if not self._open:
            raise ConnectionLost("the memory onramp is not open")
        self._readable.clear()
        while self._open and not self._items and not self._is_over:
            self._readable.wait()
            self._readable.clear()
        if self._open and self._failed:
            raise ConnectionLost("something was not delivered; it is sent again")
        if self._open and self._items:
            self._move(intake)
        elif self._open:
            stream, self._stream = self._stream, None
            if stream is not None:
                stream.end()
            raise EndOfInput("the input was closed")

    @property
    def _is_full(self) -> bool:
        return len(self._items) + len(self._under_way) >= self.options.capacity and not self._complete

    @property
    def _is_over(self) -> bool:
        return self._failed or (self._complete and not self._under_way)

    def _move(self, intake: Intake) -> None:
        items = self._items
        first_is_bytes = isinstance(items[0].value, bytes)
        if first_is_bytes:
            # One by one, so that whoever is interrupted leaves the rest where it is.
            # One for all frames: a codec may have read a header from the first.
            if self._stream is None:
                self._stream = intake.stream("memory", framed=True)
            while items and isinstance(items[0].value, bytes) and not self._failed:
                ticket = self._ticket([items[0]])
                frame = items.popleft()
                self._writable.set()
                self._stream.feed(frame.value, ticket=ticket)
            return
        taken = list(takewhile(lambda item: not isinstance(item.value, bytes), islice(items, _BATCH)))
        ticket = self._ticket(taken)
        for _ in taken:
            items.popleft()
        self._writable.set()
        intake.emit([item.value for item in taken], origin="memory", ticket=ticket)

    def _ticket(self, items: list[_Item]) -> Ticket | None:
        """For items that are about to be sent together."""
        if not self.at_least_once:
            return None
        for item in items:
            self._sent_again += item.round > 0
            item.round += 1
            self._under_way[item.number] = item
        rounds = [item.round for item in items]

        def settle(outcome: Outcome) -> None:
            if [item.round for item in items] != rounds or items[0].number not in self._under_way:
                # They are sent again, and other answers are about that.
                return
            if outcome is Outcome.DELIVERED:
                self._delivered(items)
            else:
                self._failed = True
                self._readable.set()

        return Ticket(settle)

    @property
    def awaits_delivery(self) -> bool:
        """When the input was closed, and all of it was sent."""
        return self._complete and not self._items and bool(self._under_way)

    def confirmations(self) -> Confirmations:
        """In items. What the program was not told of, it has to put again."""
        # By number, for the same reason as in `open`.
        waiting = {item.number for item in self._items} if self.at_least_once else set()
        unconfirmed = len(waiting | self._under_way.keys())
        return Confirmations(
            self._confirmed,
            self._sent_again,
            unconfirmed,
            "the program that put them was not told, and has to put them again" if unconfirmed else "",
        )

    def _delivered(self, items: list[_Item]) -> None:
        self._confirmed += len(items)
        for item in items:
            del self._under_way[item.number]
            if item.on_delivered is not None:
                item.on_delivered()
        self._writable.set()
        if not self._under_way:
            self._readable.set()

    def close(self) -> None:
        """Stop being read. What waits stays."""
        self._open = False
        self._readable.set()
