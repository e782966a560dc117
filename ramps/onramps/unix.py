"""The `unix` onramp: listens on a Unix socket; each connection is a stream of its own."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from ramps.network.stream_server import StreamServerOnramp, StreamServerOptions
from ramps.network.unix_listening import UnixListener
from ramps.onramp import onramps

__all__ = ["UnixOnramp"]


def _file_mode(text: object) -> int:
    if isinstance(text, str) and re.fullmatch(r"0?[0-7]{3}", text):
        return int(text, 8)
    raise ValueError(f'{text!r} is not a file mode; write three octal digits in quotes, such as "660"')


FileMode = Annotated[
    int,
    BeforeValidator(_file_mode),
    PlainSerializer(lambda mode: f"{mode:03o}"),
    WithJsonSchema({"type": "string", "pattern": "^0?[0-7]{3}$", "examples": ["660"]}),
]
"""An option that is a file's permission bits, written as octal digits."""


class UnixOptions(StreamServerOptions):
    """Options of `unix`."""

    path: Path = Field(description="where to make the socket")
    mode: FileMode = Field(  # type: ignore[assignment] # text, as in a file
        default="600",
        description="who may connect, as the file's mode in octal digits",
    )


@onramps.register
class UnixOnramp(StreamServerOnramp):
    """Bytes from connections to a Unix stream socket."""

    name: ClassVar[str] = "unix"
    summary: ClassVar[str] = (
        "Listens on a Unix socket; each connection is a stream of frames, lines by default."
    )
    example: ClassVar[str] = """
        [onramps.in]
        type = "unix"
        path = "aftershock.sock"
        mode = "660"
        """
    Options = UnixOptions
    options: UnixOptions

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self._connection_number = itertools.count(1)
        self._listener = UnixListener(self.options.path, self.options.mode)

    def _listen(self) -> Any:
        return self._listener.listen()

    def _origin(self, peer: Any) -> str:
        return f"unix://{self.options.path}#{next(self._connection_number)}"

    def close(self) -> None:
        """Stop listening, end all connections, remove the socket's file if it is still ours."""
        super().close()
        self._listener.remove()
