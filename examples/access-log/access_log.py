"""Reads lines of the Common Log Format (https://httpd.apache.org/docs/current/logs.html#common)."""

import re
from datetime import datetime

LINE = re.compile(
    r"(?P<client>\S+) \S+ (?P<user>\S+) \[(?P<time>[^\]]+)\] "
    r'"(?P<method>[A-Z]+) (?P<path>[^"]*?)(?: (?P<protocol>HTTP/[\d.]+))?" (?P<status>\d{3}) (?P<bytes>\d+|-)'
)


def parse(line: str) -> dict[str, object]:
    """One event from one line. What it raises goes out by the pipeline's `err` port, with the line."""
    match = LINE.fullmatch(line)
    if match is None:
        raise ValueError("not a line of the Common Log Format")
    event: dict[str, object] = match.groupdict()
    event["time"] = datetime.strptime(match["time"], "%d/%b/%Y:%H:%M:%S %z").isoformat()
    event["status"] = int(match["status"])
    event["bytes"] = 0 if match["bytes"] == "-" else int(match["bytes"])
    return event
