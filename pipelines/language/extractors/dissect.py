"""``dissect``: a string of fixed layout, such as ``%{date} %{host}: %{rest}``."""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

from pipelines.language.extractors.extractor import BadExtractor, Extractor, register
from pipelines.language.extractors.numbers import read_float, read_integer
from pipelines.language.library.function import Occasion
from pipelines.language.values import INTEGER_MAX, INTEGER_MIN, MISSING

__all__ = ["Dissect"]

_LONGEST: Final = 1000
_ESCAPES: Final = {"\\": "\\", "n": "\n", "t": "\t", "r": "\r"}
_TYPES: Final = ("int", "float", "string")


class _Delimiter(NamedTuple):
    text: str


class _Padding(NamedTuple):
    text: str


class _Field(NamedTuple):
    kind: str
    """``""``: a field; ``?``: ignored, but remembered; ``&``: its key is what was remembered; ``+``: appended."""
    name: str
    type: str


_Command = _Delimiter | _Padding | _Field


@register
class Dissect(Extractor):
    """Matches if the layout fits the whole string.

    ``%{name}`` is a field, ``%{name:int}`` or ``%{name:float}`` a number; ``%{}`` and ``%{?name}`` are skipped;
    ``%{&name}`` stores under the key that ``%{?name}`` skipped; ``%{+name}`` appends, with a blank or the last padding
    between; ``%{_}`` is any number of blanks, ``%{_(x)}`` of other texts. All else has to stand there as written.
    """

    name = "dissect"
    summary = "Takes a string of fixed layout apart; gives a record of its fields."
    example = ("%{method} %{path} %{status:int}", "GET /index.html 200",
               '{"method": "GET", "path": "/index.html", "status": 200}')  # fmt: skip

    def __init__(self, text: str) -> None:
        if len(text) > _LONGEST:
            raise BadExtractor(
                f"The text of `dissect` has at most {_LONGEST} characters, this one {len(text)}."
            )
        self._commands = _commands(text)
        _check(self._commands)

    def matches(self, string: str) -> bool:
        """Whether the layout fits."""
        return _run(self._commands, string) is not None

    def extract(self, string: str, occasion: Occasion) -> Any:
        """A record of strings, integers and floats."""
        record = _run(self._commands, string)
        return MISSING if record is None else record


def _commands(text: str) -> list[_Command]:
    commands: list[_Command] = []
    place = 0
    while place < len(text):
        start = text.find("%{", place)
        start = len(text) if start < 0 else start
        if start > place:
            commands.append(_Delimiter(_unescape(text[place:start])))
        if start == len(text):
            break
        end = text.find("}", start)
        if end < 0:
            raise BadExtractor(f"The `%{{` at character {start + 1} is not closed by a `}}`.")
        commands.append(_command(text[start + 2 : end], start + 1))
        place = end + 1
    return commands


def _command(inside: str, place: int) -> _Command:
    padding = re.fullmatch(r"_(?:\((.+)\))?", inside, re.DOTALL)
    if padding:
        return _Padding(padding[1] or " ")
    if inside.startswith("_("):
        raise BadExtractor(
            f"The padding `%{{{inside}}}` at character {place} names no text, as `%{{_(-)}}` does."
        )
    kind = inside[:1] if inside[:1] in ("?", "&", "+") else ""
    name, colon, type_name = inside[len(kind) :].partition(":")
    if kind in ("&", "+") and not name:
        raise BadExtractor(f"`%{{{inside}}}` at character {place} needs a name after the `{kind}`.")
    if colon and (kind in ("?", "+") or not name):
        raise BadExtractor(f"`%{{{inside}}}` at character {place} cannot have a type.")
    if colon and type_name not in _TYPES:
        raise BadExtractor(
            f"There is no type `{type_name}` (character {place}); there are {', '.join(_TYPES)}."
        )
    return _Field("?" if not inside else kind, name, type_name or "string")


def _unescape(text: str) -> str:
    return re.sub(r"\\([\\ntr])", lambda match: _ESCAPES[match[1]], text)


def _check(commands: list[_Command]) -> None:
    remembered: set[str] = set()
    typed: set[str] = set()
    for command, following in zip(commands, [*commands[1:], None], strict=False):
        if isinstance(command, _Padding) and isinstance(following, _Padding) and command == following:
            raise BadExtractor(f"The padding {command.text!r} stands twice in a row; leave one out.")
        if not isinstance(command, _Field):
            continue
        if isinstance(following, _Field):
            raise BadExtractor(
                f"Between the fields `{command.kind}{command.name}` and `{following.kind}{following.name}` stands "
                f"nothing that shows where one ends; put a delimiter or a padding there."
            )
        if command.kind == "?":
            remembered.add(command.name)
        elif command.kind == "&" and command.name not in remembered:
            raise BadExtractor(f"`%{{&{command.name}}}` needs a `%{{?{command.name}}}` before it.")
        elif command.kind == "+" and command.name in typed:
            raise BadExtractor(f"`%{{+{command.name}}}` cannot append to a number.")
        elif command.type != "string":
            typed.add(command.name)


def _run(commands: list[_Command], string: str) -> dict[str, Any] | None:
    """The record, or ``None`` if it does not fit. One pass: it only ever looks ahead for the end of a field."""
    record: dict[str, Any] = {}
    remembered: dict[str, str] = {}
    separator = " "
    place = 0
    for index, command in enumerate(commands):
        if isinstance(command, _Delimiter):
            if not string.startswith(command.text, place):
                return None
            place += len(command.text)
        elif isinstance(command, _Padding):
            separator = command.text
            while string.startswith(separator, place):
                place += len(separator)
        else:
            end = _field_end(commands, index, string, place)
            if end < 0 or not _store(command, string[place:end], separator, record, remembered):
                return None
            place = end
    return record if place == len(string) else None


def _field_end(commands: list[_Command], index: int, string: str, place: int) -> int:
    """Where the field ends, negative if what comes after it is not there."""
    if index + 1 == len(commands):
        return len(string)
    found = string.find(commands[index + 1][0], place)
    if found >= 0 or isinstance(commands[index + 1], _Delimiter):
        return found
    if index + 2 == len(commands):
        return len(string)
    after = commands[index + 2]
    return string.find(after.text, place) if isinstance(after, _Delimiter) else -1


def _store(
    command: _Field, text: str, separator: str, record: dict[str, Any], remembered: dict[str, str]
) -> bool:
    if command.kind == "?":
        remembered[command.name] = text
        return True
    key, value = command.name, _value(text, command.type)
    if command.kind == "&":
        key = remembered.get(key, "")
        if not key:
            return False
    elif command.kind == "+" and key in record:
        if record[key].__class__ is not str:
            return False
        value = f"{record[key]}{separator}{text}"
    record[key] = value
    return value is not None


def _value(text: str, type_name: str) -> str | int | float | None:
    if type_name == "int":
        return read_integer(text, INTEGER_MIN, INTEGER_MAX)
    return read_float(text) if type_name == "float" else text
