"""The `memory` onramp: events that the program itself hands over, for embedding and for tests."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any, ClassVar

from gevent import Timeout
from gevent.event import Event
from pydantic import Field

from pipelines.options import Options
from ramps.errors import ConnectionLost, EndOfInput, IntakeFull
from ramps.onramp import InboundStream, Intake, Onramp, onramps

__all__ = ["MemoryOnramp"]

_BATCH = 64


class MemoryOptions(Options):
    """Options of `memory`."""

    capacity: int = Field(default=1024, ge=1, description="items that wait before `put` blocks")


@onramps.register
class MemoryOnramp(Onramp):
    """A bounded queue between the program and a flow::

        onramp.put({"user": "snot"})        # a value, as it is
        onramp.put(b'{"user": "badger"}')   # bytes, through the preprocessors and the codec
        onramp.close_input()                # nothing more will come

    It may be filled before it is opened, and what waits survives `close` and `open`. Use it from greenlets of
    the hub that runs the flow.
    """

    name: ClassVar[str] = "memory"
    summary: ClassVar[str] = "Takes values or bytes from the program that embeds the engine."
    example: ClassVar[str] = """
        [onramps.in]
        type = "memory"
        capacity = 256
        """
    Options = MemoryOptions
    options: MemoryOptions

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self._items: deque[Any] = deque()
        self._readable = Event()
        self._writable = Event()
        self._writable.set()
        self._complete = False
        self._open = False
        self._stream: InboundStream | None = None

    def put(self, value: Any, *, timeout: float | None = None) -> None:
        """Hand over one value, or the bytes of one frame. Blocks while ``capacity`` items wait.

        Raises `IntakeFull` after ``timeout`` seconds of that, and `EndOfInput` after `close_input`.
        """
        with Timeout(timeout, IntakeFull(f"{self.options.capacity} items wait, for more than {timeout} s")):
            while len(self._items) >= self.options.capacity and not self._complete:
                self._writable.clear()
                self._writable.wait()
        if self._complete:
            raise EndOfInput("the input was closed: nothing can be put any more")
        self._items.append(value)
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
        """Begin to be read."""
        self._open = True

    def read(self, intake: Intake) -> None:
        """Move what waits, up to 64 items. Blocks while nothing does. Raises `EndOfInput` at the end."""
        if not self._open:
            raise ConnectionLost("the memory onramp is not open")
        while self._open and not self._items and not self._complete:
            self._readable.clear()
            self._readable.wait()
        if self._open and self._items:
            self._move(intake)
        elif self._open:
            stream, self._stream = self._stream, None
            if stream is not None:
                stream.end()
            raise EndOfInput("the input was closed")

    def _move(self, intake: Intake) -> None:
        items = self._items
        first_is_bytes = isinstance(items[0], bytes)
        if first_is_bytes:
            # One by one, so that whoever is interrupted leaves the rest where it is.
            # One for all frames: a codec may have read a header from the first.
            if self._stream is None:
                self._stream = intake.stream("memory", framed=True)
            while items and isinstance(items[0], bytes):
                frame = items.popleft()
                self._writable.set()
                self._stream.feed(frame)
            return
        taken: list[Any] = []
        while items and len(taken) < _BATCH and not isinstance(items[0], bytes):
            taken.append(items.popleft())
        self._writable.set()
        intake.emit(taken, origin="memory")

    def close(self) -> None:
        """Stop being read. What waits stays."""
        self._open = False
        self._readable.set()
