"""100 events that look like those of Tremor's ``data.json.xz``: the same keys, kinds of values and sizes, other words.

They are made anew by every run, always the same: 62,900 bytes in 100 lines of compact JSON.
"""

from __future__ import annotations

import json
import lzma
import random
import uuid
from pathlib import Path
from typing import Any

__all__ = ["AVERAGE_BYTES", "make_events", "make_lines", "read_lines"]

AVERAGE_BYTES = 629
_COUNT = 100
_SEED = 121
_SHORTEST, _LONGEST = 130, 520

_TEXT = (
    "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut labore et dolore magna "
    "aliqua enim ad minim veniam quis nostrud exercitation ullamco laboris nisi aliquip ex ea commodo consequat duis "
    "aute irure in reprehenderit voluptate velit esse cillum fugiat nulla pariatur excepteur sint occaecat cupidatat "
    "non proident sunt culpa qui officia deserunt mollit anim id est laborum"
)
_WORDS = _TEXT.split()

# How many of the 100 have each value.
_INDEX_TYPES = {
    "syslog_app1": 11, "syslog_app3": 10, "syslog_app4": 11, "syslog_app5": 13, "syslog_app6": 11,
    "applog_app3": 7, "applog_app4": 8, "applog_app5": 10, "applog_app6": 5, "sqlserverlog": 6, "edilog": 8,
}  # fmt: skip
_APPLICATIONS = {"app1": 13, "app2": 20, "app3": 16, "app4": 21, "app5": 14, "app6": 16}
_LOGGERS = {"logger1": 27, "logger2": 39, "logger3": 34}
_HOSTS = {"host1": 14, "host2": 15, "host3": 23, "host4": 15, "host5": 16, "host6": 17}
_TYPES = {"syslog": 35, "sillylog": 33, "applog": 32}
_MESSAGES = {"info": 21, "INFO": 22, "warn": 20, "error": 16, "ERROR": 21}
_TAGS = [f"tag{number}" for number in range(1, 6)]


def make_events() -> list[dict[str, Any]]:
    """The events, the same in every run."""
    chance = random.Random(_SEED)
    columns = [
        _shuffled(chance, counts)
        for counts in (_MESSAGES, _INDEX_TYPES, _LOGGERS, _HOSTS, _APPLICATIONS, _TYPES)
    ]
    events = []
    for message, index_type, logger, host, application, type_ in zip(*columns, strict=True):
        events.append(
            {
                "about": "",
                "guid": str(uuid.UUID(int=chance.getrandbits(128), version=4)),
                "abool": chance.random() < 0.44,
                "aint": chance.randint(20, 40),
                "short_message": message,
                "tags": chance.choices(_TAGS, k=5),
                "array": list(range(10)),
                "index_type": index_type,
                "logger_name": logger,
                "syslog_hostname": host,
                "application": application,
                "type": type_,
                "doc-type": "doc",
            }
        )
    _write_texts(chance, events)
    return events


def make_lines() -> list[bytes]:
    """The events as lines of compact JSON, without line breaks."""
    return [_encode(event) for event in make_events()]


def read_lines(path: Path) -> list[bytes]:
    """The lines of a file of JSON, ``.xz`` or plain. Raises ``ValueError`` with what is wrong with it."""
    try:
        data = path.read_bytes()
        if path.suffix == ".xz":
            data = lzma.decompress(data)
    except (OSError, lzma.LZMAError) as error:
        raise ValueError(f"cannot read {path}: {error}") from None
    lines = [line for line in data.splitlines() if line.strip()]
    if not lines:
        raise ValueError(f"there is no event in {path}")
    needed = {"application", "index_type", "tags", "logger_name", "syslog_hostname"}
    for number, line in enumerate(lines, 1):
        try:
            event = json.loads(line)
        except ValueError as error:
            raise ValueError(f"{path}, line {number}, is not JSON: {error}") from None
        if not isinstance(event, dict) or needed - event.keys():
            raise ValueError(f"{path}, line {number}, is not an event with {', '.join(sorted(needed))}")
    return lines


def _shuffled(chance: random.Random, counts: dict[str, int]) -> list[str]:
    values = [value for value, count in counts.items() for _ in range(count)]
    chance.shuffle(values)
    return values


def _write_texts(chance: random.Random, events: list[dict[str, Any]]) -> None:
    """Give each event a text of its own; the last ones are as long as the average of all needs them."""
    left = AVERAGE_BYTES * _COUNT - sum(len(_encode(event)) for event in events)
    for place, event in enumerate(events):
        others = len(events) - place - 1
        middle = left / (others + 1)
        length = round(chance.triangular(_SHORTEST, _LONGEST, 2 * middle - (_SHORTEST + _LONGEST) / 2))
        # What the others can still make up for.
        length = min(max(length, left - others * _LONGEST), left - others * _SHORTEST)
        event["about"] = _text(chance, length)
        left -= length


def _text(chance: random.Random, length: int) -> str:
    """Sentences of exactly so many characters."""
    text = ""
    while len(text) < length:
        words = " ".join(chance.choices(_WORDS, k=chance.randint(6, 14)))
        text += f"{' ' if text else ''}{words.capitalize()}."
    return text[: length - 1].rstrip(" .").ljust(length - 1, "a") + "."


def _encode(event: dict[str, Any]) -> bytes:
    return json.dumps(event, separators=(",", ":")).encode()
