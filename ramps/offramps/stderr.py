"""The `stderr` offramp: writes to standard error."""

from __future__ import annotations

from typing import ClassVar

from ramps.offramp import offramps
from ramps.offramps.stdout import StdoutOfframp

__all__ = ["StderrOfframp"]


@offramps.register
class StderrOfframp(StdoutOfframp):
    """Like `stdout`, on file descriptor 2. Logs go there too, by default."""

    name: ClassVar[str] = "stderr"
    summary: ClassVar[str] = "Writes to standard error, one line an event by default."
    example: ClassVar[str] = """
        [offramps.out]
        type = "stderr"
        """
    descriptor: ClassVar[int] = 2
