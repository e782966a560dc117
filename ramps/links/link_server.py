"""`LinkServer`: what the receiving ends of links have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar
from weakref import ref

import gevent
from gevent.event import Event
from gevent.lock import BoundedSemaphore
from gevent.pool import Group

from pipelines.ticket import Ticket
from ramps.errors import ConnectionLost
from ramps.links.link_offramp import LinkOptions
from ramps.links.wire import VERSION, Answer, Frame, FrameReader, Kind, Shipment, WireError, packed
from ramps.network.connections import ConnectionServer
from ramps.network.unix_listening import UnixListener
from ramps.onramp import InboundStream, Intake, Onramp

__all__ = ["LinkConnection", "LinkServer", "Sender"]

_MODE = 0o600
_MAX_CONNECTIONS = 256
_MAX_SENDERS = 1024
_GREETING_SECONDS = 10.0
_SMALL_BYTES = 4096


def _nobody() -> None:
    return None


class LinkConnection:
    """Frames over one accepted socket."""

    def __init__(self, sock: Any, max_bytes: int) -> None:
        self._socket = sock
        self._max_bytes = max_bytes
        self._reader = FrameReader(_SMALL_BYTES)
        self._frames: list[Frame] = []
        # An answer and news may want to go out at a time.
        self._sending = BoundedSemaphore(1)

    def greet(self) -> Frame | None:
        """The first frame, which must be short and come soon. ``None`` if the peer went away. Raises `WireError`."""
        self._socket.settimeout(_GREETING_SECONDS)
        frame = self.receive()
        self._socket.settimeout(None)
        self._reader = FrameReader(self._max_bytes)
        return frame

    def receive(self) -> Frame | None:
        """The next frame; ``None`` at the end. Blocks. Raises `WireError` and ``OSError``."""
        while not self._frames:
            data = self._socket.recv(self._reader.wanted)
            if not data:
                return None
            self._frames += self._reader.feed(data)
        if len(self._frames) > 1:
            raise WireError("frames come that nobody waits for")
        return self._frames.pop()

    def send(self, data: bytes) -> None:
        """Send a whole frame. Blocks while the peer does not read. Raises ``OSError``."""
        with self._sending:
            self._socket.sendall(data)


class Sender:
    """What we know of one sender over all its connections: the number of its latest frame, and the answer to it."""

    def __init__(self) -> None:
        self.sequence = 0
        self.outcome: int | None = None
        """What became of the latest frame in the end, when that is known."""
        self.settled: list[tuple[int, int]] = []
        """What is to be told of earlier frames."""
        self._stream: InboundStream | None = None
        self._origin = ""
        self._answer: Answer | None = Answer()
        self._in_hand: Callable[[], object] = _nobody
        self._connection: LinkConnection | None = None
        self._changed = Event()

    def stream_for(self, intake: Intake, origin: str) -> InboundStream:
        """The stream of its frames from this origin."""
        if self._stream is None or origin != self._origin:
            self._stream, self._origin = intake.stream(origin, framed=True), origin
        return self._stream

    def begin(self, sequence: int, in_hand: object = None) -> None:
        """A new frame, taken from here on. There is no answer to it yet, but there will be, as long as anybody has
        ``in_hand``.
        """
        self._in_hand = _nobody if in_hand is None else ref(in_hand)
        self.sequence = sequence
        self.outcome = None
        self._answer = None

    @property
    def has_lost(self) -> bool:
        """Whether nobody will answer the latest frame: whoever took it was killed."""
        return self._answer is None and self._in_hand() is None

    def answer(self, sequence: int, answer: Answer) -> None:
        """What became of a frame. One that the sender has given up since is of no interest."""
        if sequence == self.sequence:
            self._answer = answer
            self._wake()

    def connected(self, connection: LinkConnection | None) -> None:
        """A new connection: whoever still waits on behalf of an older one gives up."""
        self._connection = connection
        self._wake()

    def tell_settled(self, max_bytes: int) -> None:
        """Tell what has become of frames, if there is a connection: whoever has none any more takes them for lost.
        Blocks while the peer does not read.
        """
        settled, self.settled = self.settled, []
        if settled and self._connection is not None:
            head = [[sequence for sequence, _ in settled], [outcome for _, outcome in settled]]
            _send(self._connection, packed(Kind.SETTLED, head, max_bytes=max_bytes))

    def wait(self, connection: LinkConnection) -> Answer | None:
        """Block until the latest frame is answered. ``None`` if the sender has another connection by now."""
        while self._answer is None and self._connection is connection:
            self._changed.wait()
        return self._answer if self._connection is connection else None

    def _wake(self) -> None:
        changed, self._changed = self._changed, Event()
        changed.set()


class LinkServer(Onramp):
    """Listens on a Unix socket of its own; takes frame after frame from each sender, one at a time, and answers.

    A frame that comes again after its sender lost the connection is known by its number, and only answered again, for
    as long as this object lives, whether or not it was closed and opened meanwhile.
    """

    listens: ClassVar[bool] = True
    Options = LinkOptions
    options: LinkOptions

    def __init__(self, options: LinkOptions) -> None:
        super().__init__(options)
        self._listener = UnixListener(options.path, _MODE)
        self._server: ConnectionServer | None = None
        self._senders: dict[bytes, Sender] = {}
        self._connections: set[LinkConnection] = set()
        self._telling = Group()

    @abstractmethod
    def _take(self, intake: Intake, sender: Sender, sequence: int, shipment: Shipment) -> None:
        """Take in a batch, from `Sender.begin` on, and have it answered, now or later, by `Sender.answer`. Blocks while
        downstream is full. What it does not begin with is taken when it comes again.
        """

    def _ticket(self, sender: Sender, sequence: int) -> Ticket | None:
        """One for what is in a frame: the sender is told what became of it."""
        return Ticket(partial(self._settled, sender, sequence)) if self.at_least_once else None

    def _settled(self, sender: Sender, sequence: int, outcome: int) -> None:
        if sequence == sender.sequence:
            sender.outcome = outcome
        sender.settled.append((sequence, int(outcome)))
        self._telling.add(gevent.spawn(sender.tell_settled, self.options.max_frame))

    def _why_closed(self) -> str:
        """Why nothing can be taken now, or nothing."""
        return ""

    def _ended(self, server: ConnectionServer) -> None:
        """A sender says that nothing more will come from it."""

    def _disconnected(self, server: ConnectionServer) -> None:
        """A sender has gone away."""

    def _tell_all(self, news: bytes) -> None:
        """Tell all senders. Does not block: one that does not read must hold up nobody."""
        for connection in self._connections:
            self._telling.add(gevent.spawn(_send, connection, news))

    def open(self) -> None:
        """Listen. Raises `CannotOpen` with the reason and the remedy."""
        self.close()
        self._server = ConnectionServer(
            self._listener.listen(), log=self.log, max_connections=_MAX_CONNECTIONS
        )

    def read(self, intake: Intake) -> None:
        """Serve until closed, or until the sender has come to its end."""
        server = self._server
        if server is None:
            raise ConnectionLost("the link is not open")
        server.serve(lambda sock, _peer: self._serve(server, intake, sock))

    def close(self) -> None:
        """Stop listening and end all connections. What senders have not had answered they send again."""
        server, self._server = self._server, None
        try:
            if server is not None:
                server.close()
        finally:
            self._listener.remove()
            self._telling.kill(block=False)

    def _serve(self, server: ConnectionServer, intake: Intake, sock: Any) -> None:
        connection = LinkConnection(sock, self.options.max_frame)
        try:
            self._talk(server, intake, connection)
        except WireError as error:
            self.log.warning("A link was cut off.", error=str(error))

    def _talk(self, server: ConnectionServer, intake: Intake, connection: LinkConnection) -> None:
        hello = connection.greet()
        if hello is None:
            return
        match hello:
            case Frame(Kind.HELLO, _, _, [int(version), bytes(identity), bool(ended)]) if version == VERSION:
                sender = self._sender(identity)
            case _:
                raise WireError("it does not begin with a greeting of our version")
        sender.connected(connection)
        self._connections.add(connection)
        try:
            connection.send(packed(Kind.WELCOME, (self._why_closed(),), max_bytes=_SMALL_BYTES * 2))
            if ended:
                self._ended(server)
            while not server.closing and (frame := connection.receive()) is not None:
                self._handle(server, intake, sender, frame)
                answer = sender.wait(connection)
                if answer is None:
                    return
                connection.send(answer.packed(frame.sequence, self.options.max_frame))
                if frame.kind is Kind.END:
                    self._ended(server)
        finally:
            self._connections.discard(connection)
            self._disconnected(server)

    def _handle(self, server: ConnectionServer, intake: Intake, sender: Sender, frame: Frame) -> None:
        if frame.kind not in (Kind.BATCH, Kind.END):
            raise WireError(f"a frame of the kind {frame.kind.name} is not for us")
        if frame.sequence < sender.sequence or not frame.sequence:
            raise WireError(f"frame {frame.sequence} comes after frame {sender.sequence}")
        if frame.sequence == sender.sequence and not sender.has_lost:
            if sender.outcome is not None:
                self._settled(sender, frame.sequence, sender.outcome)
            return
        shipment = Shipment.of(frame) if frame.kind is Kind.BATCH else None
        if shipment is None or not len(shipment):
            sender.begin(frame.sequence)
            sender.answer(frame.sequence, Answer())
        else:
            self._take(intake, sender, frame.sequence, shipment)

    def _sender(self, identity: bytes) -> Sender:
        sender = self._senders.pop(identity, None)
        if sender is None:
            sender = Sender()
            while len(self._senders) >= _MAX_SENDERS:
                # The one that has been quiet longest: an executor that is gone.
                del self._senders[next(iter(self._senders))]
        self._senders[identity] = sender
        return sender


def _send(connection: LinkConnection, news: bytes) -> None:
    try:
        connection.send(news)
    except OSError:
        # It is gone, and whoever serves it finds out.
        pass
