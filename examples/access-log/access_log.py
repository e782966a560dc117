"""Reads lines of the Common Log Format (https://httpd.apache.org/docs/current/logs.html#common)."""

import re
from datetime import datetime

from pipelines import EventError

LINE = re.compile(
    r"(?P<client>\S+) \S+ (?P<user>\S+) \[(?P<time>[^\]]+)\] "
    r'"(?P<method>[A-Z]+) (?P<path>[^"]*?)(?: (?P<protocol>HTTP/[\d.]+))?" (?P<status>\d{3}) (?P<bytes>\d+|-)'
)


def parse(line: str) -> dict[str, object]:
    """One event from one line. What it raises goes out by the pipeline's `err` port, with the line.

    `EventError` says that the event is at fault, not this code, so no traceback goes with it.
    """
    match = LINE.fullmatch(line)
    if match is None:
        raise EventError("not a line of the Common Log Format")
    event: dict[str, object] = match.groupdict()
    try:
        event["time"] = datetime.strptime(match["time"], "%d/%b/%Y:%H:%M:%S %z").isoformat()
    except ValueError:
        raise EventError(f"there is no such time: {match['time']}") from None
    event["status"] = int(match["status"])
    event["bytes"] = 0 if match["bytes"] == "-" else int(match["bytes"])
    return event
