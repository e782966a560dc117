r"""`compile_regular_expression`: the regular expressions of Rust's `regex`, run by RE2.

Both are of one family: linear time, leftmost-first, no look-around, no references to groups. What differs in writing is
translated here: the classes ``\d \w \s`` and their opposites are Unicode's, ``(?x)`` and ``(?u)`` are known, so are
``\u{…}`` and the long names of Unicode's general categories, and classes may hold classes.

What RE2 cannot do is refused or differs, and documented: ``\b`` knows only ASCII letters; a count is at most 1000; a
class cannot be an intersection or a difference of others.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import chain
from typing import Final, Protocol

import re2

__all__ = [
    "LONGEST_PATTERN",
    "BadRegularExpression",
    "Match",
    "RegularExpression",
    "compile_regular_expression",
    "from_utf8",
    "to_utf8",
]

LONGEST_PATTERN: Final = 16_384
"""Characters."""

_DEEPEST_GROUP: Final = 200
_MEMORY_BYTES: Final = 8 * 1024 * 1024

_REMEMBERED: Final = 64
"""Patterns. They may come with the events, and each may take `_MEMORY_BYTES`."""

_OPTIONS: Final = re2.Options()
_OPTIONS.log_errors = False
_OPTIONS.max_mem = _MEMORY_BYTES
_NO_GROUPS: Final = re2.Options()
_NO_GROUPS.log_errors = False
_NO_GROUPS.max_mem = _MEMORY_BYTES
_NO_GROUPS.never_capture = True


def to_utf8(text: str) -> bytes:
    """As expressions search it. A codec may have let half of a surrogate pair pass."""
    return text.encode("utf-8", "surrogatepass")


def from_utf8(data: bytes) -> str:
    """The reverse of `to_utf8`."""
    return data.decode("utf-8", "surrogatepass")


class BadRegularExpression(ValueError):
    """The pattern is none, or is too large. Its text says why."""


class Match(Protocol):
    """What is used of RE2's matches. Places are bytes of UTF-8, as is what groups hold."""

    def start(self, group: int = 0) -> int:
        """Where a group begins, -1 if it took no part."""

    def end(self, group: int = 0) -> int:
        """Where it ends."""

    def __getitem__(self, group: int) -> bytes | None:
        """What it holds, if it took part."""


class RegularExpression:
    """One pattern, compiled. All methods work on UTF-8. ``longest``: how many characters it may have."""

    __slots__ = ("_compiled", "_tester", "count", "names")

    def __init__(self, pattern: str, longest: int = LONGEST_PATTERN) -> None:
        if len(pattern) > longest:
            raise BadRegularExpression(
                f"a regular expression has at most {longest} characters, this one {len(pattern)}"
            )
        translated = _Translator(pattern).translate()
        try:
            self._compiled = re2.compile(translated, _OPTIONS)
            # Where no groups are wanted RE2 need not fall back from its quickest automaton.
            self._tester = re2.compile(translated, _NO_GROUPS) if self._compiled.groups else self._compiled
        except UnicodeEncodeError:
            raise BadRegularExpression("the regular expression holds half of a surrogate pair") from None
        except re2.error as error:
            raise BadRegularExpression(f"the regular expression cannot be used: {_reason(error)}") from None
        # Who wants to keep it keeps it; the package's own cache would hold on to twice as many.
        re2.purge()
        self.count: int = self._compiled.groups
        """How many groups it has, without that of the whole match."""
        self.names: dict[str, int] = self._compiled.groupindex
        """The numbers of its named groups."""

    def search(self, data: bytes) -> Match | None:
        """The first match."""
        found: Match | None = self._compiled.search(data)
        return found

    def matches(self, data: bytes) -> bool:
        """Whether there is a match; quicker than to find out where."""
        return self._tester.search(data) is not None

    def find_all(self, data: bytes) -> Iterator[Match]:
        """All matches that do not overlap; an empty one never directly behind another, as Rust has it."""
        end = -1
        for match in self._compiled.finditer(data):
            start, behind = match.start(), match.end()
            if start == behind and (start == end or (start < len(data) and data[start] & 0xC0 == 0x80)):
                continue
            end = behind
            yield match


def _reason(error: re2.error) -> str:
    raw = error.args[0]
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(raw)
    if text.startswith("pattern too large"):
        return "it is too large; take smaller counts"
    # RE2's words for look-around and the like, which it took from Perl's.
    return text.replace("invalid perl operator", "there is no such group (and no look-around)")


@lru_cache(maxsize=_REMEMBERED)
def compile_regular_expression(pattern: str) -> RegularExpression:
    """Compile a pattern, or find it compiled. Raises `BadRegularExpression`."""
    return RegularExpression(pattern)


_CATEGORIES: Final = {
    "letter": "L", "casedletter": "LC", "uppercaseletter": "Lu", "lowercaseletter": "Ll", "titlecaseletter": "Lt",
    "modifierletter": "Lm", "otherletter": "Lo", "mark": "M", "nonspacingmark": "Mn", "spacingmark": "Mc",
    "enclosingmark": "Me", "number": "N", "decimalnumber": "Nd", "digit": "Nd", "letternumber": "Nl",
    "othernumber": "No", "punctuation": "P", "punct": "P", "connectorpunctuation": "Pc", "dashpunctuation": "Pd",
    "openpunctuation": "Ps", "closepunctuation": "Pe", "initialpunctuation": "Pi", "finalpunctuation": "Pf",
    "otherpunctuation": "Po", "symbol": "S", "mathsymbol": "Sm", "currencysymbol": "Sc", "modifiersymbol": "Sk",
    "othersymbol": "So", "separator": "Z", "spaceseparator": "Zs", "lineseparator": "Zl",
    "paragraphseparator": "Zp", "other": "C", "control": "Cc", "format": "Cf", "privateuse": "Co",
}  # fmt: skip

_DIGITS: Final = r"\p{Nd}"
_BLANKS: Final = r"\t-\r\x{85}\p{Z}"
_NOT_BLANKS: Final = (
    r"\x{0}-\x{8}\x{E}-\x{1F}!-\x{84}\x{86}-\x{9F}\x{A1}-\x{167F}\x{1681}-\x{1FFF}\x{200B}-\x{2027}"
    + (r"\x{202A}-\x{202E}\x{2030}-\x{205E}\x{2060}-\x{2FFF}\x{3001}-\x{10FFFF}")
)
# Alphabetic (nearly: RE2 has general categories only), marks, digits, connectors, joiners: UTS 18, annex C.
_WORD: Final = r"\p{L}\p{Nl}\p{M}\p{Nd}\p{Pc}\x{200C}\x{200D}\x{24B6}-\x{24E9}"
_POSITIVE: Final = {"d": _DIGITS, "s": _BLANKS, "w": _WORD}

_FLAGS = re.compile(r"\(\?(?P<on>[a-zA-Z]*)(?:-(?P<off>[a-zA-Z]+))?(?P<end>[:)])")
_NAMED = re.compile(r"\(\?P?<(?P<name>\w+)>")
_CODE = re.compile(r"\\(?:x\{(?P<x>[0-9A-Fa-f]{1,8})\}|[uU]\{(?P<u>[0-9A-Fa-f]{1,8})\}|x(?P<x2>[0-9A-Fa-f]{2})|"
                   r"u(?P<u4>[0-9A-Fa-f]{4})|U(?P<u8>[0-9A-Fa-f]{8}))")  # fmt: skip
_PROPERTY = re.compile(r"\\(?P<letter>[pP])(?:\{(?P<negated>\^?)(?P<name>[^{}]*)\}|(?P<short>[A-Za-z]))")
_POSIX = re.compile(r"\[:\^?[a-z]+:\]")
_PLAIN_ESCAPES = frozenset("afnrtvzAbB")
_UNICODE_BLANKS = frozenset("\t\n\v\f\r \x85\u200e\u200f\u2028\u2029")


@cache
def _not_word() -> str:
    r"""What ``\W`` stands for, as the inside of a class: it takes a moment to find out, so only who needs it does."""
    ranges: list[str] = []
    start = 0
    marks = {"Lu", "Ll", "Lt", "Lm", "Lo", "Nl", "Mn", "Mc", "Me", "Nd", "Pc"}
    # Between the ideographs and the last selectors of variants no character is assigned.
    for code in chain(range(0x32400), range(0xE0100, 0xE01F0)):
        word = (
            unicodedata.category(chr(code)) in marks or code in (0x200C, 0x200D) or 0x24B6 <= code <= 0x24E9
        )
        if word:
            if code > start:
                ranges.append(rf"\x{{{start:X}}}-\x{{{code - 1:X}}}")
            start = code + 1
    return "".join(ranges) + rf"\x{{{start:X}}}-\x{{10FFFF}}"


@dataclass(slots=True)
class _State:
    """Flags as they are within a group."""

    verbose: bool = False
    unicode: bool = True


class _Translator:
    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.place = 0
        self.state = _State()
        self.outer: list[_State] = []
        self.names: set[str] = set()

    def translate(self) -> str:
        pieces = []
        while self.place < len(self.pattern):
            pieces.append(self._piece())
        return "".join(pieces)

    def _error(self, message: str) -> BadRegularExpression:
        return BadRegularExpression(f"{message}, at character {self.place + 1} of the regular expression")

    def _piece(self) -> str:
        pattern, place = self.pattern, self.place
        character = pattern[place]
        if character == "\\":
            return self._escape(in_class=False)
        if character == "[":
            return self._character_class()
        if character == "(":
            return self._open()
        self.place += 1
        if character == ")":
            if self.outer:
                self.state = self.outer.pop()
        elif self.state.verbose and character in _UNICODE_BLANKS:
            return ""
        elif self.state.verbose and character == "#":
            end = pattern.find("\n", place)
            self.place = len(pattern) if end < 0 else end + 1
            return ""
        return character

    def _open(self) -> str:
        if len(self.outer) >= _DEEPEST_GROUP:
            raise self._error("groups are nested too deeply")
        match = _FLAGS.match(self.pattern, self.place)
        state = _State(self.state.verbose, self.state.unicode)
        text = "("
        if match is None:
            self._name()
            self.place += 1
        else:
            on, off = match["on"], match["off"] or ""
            if not set(on + off) <= set("imsUux"):
                raise self._error("only the flags i, m, s, U, u and x are known")
            state.verbose = (state.verbose or "x" in on) and "x" not in off
            state.unicode = (state.unicode or "u" in on) and "u" not in off
            on, off = re.sub("[ux]", "", on), re.sub("[ux]", "", off)
            flags = on + (f"-{off}" if off else "")
            self.place = match.end()
            if match["end"] == ")":
                self.state = state
                return f"(?{flags})" if flags else ""
            text = f"(?{flags}:"
        self.outer.append(self.state)
        self.state = state
        return text

    def _name(self) -> None:
        if match := _NAMED.match(self.pattern, self.place):
            if match["name"] in self.names:
                raise self._error(f"there are two groups called {match['name']}")
            self.names.add(match["name"])

    def _escape(self, in_class: bool) -> str:
        pattern, place = self.pattern, self.place
        if place + 1 == len(pattern):
            raise self._error("a backslash needs a character behind it")
        letter = pattern[place + 1]
        for known in (_CODE, _PROPERTY):
            if match := known.match(pattern, place):
                self.place = match.end()
                return _code(match) if known is _CODE else _property(match)
        self.place += 2
        if letter in "dswDSW":
            return self._perl_class(letter, in_class)
        if letter in _PLAIN_ESCAPES or (letter.isascii() and not letter.isalnum()):
            # RE2 knows no escaped blank and no escaped non-punctuation.
            return letter if letter in " \t\n" else f"\\{letter}"
        self.place = place
        raise self._error(f"there is no escape \\{letter} (and no look-around, and no reference to a group)")

    def _perl_class(self, letter: str, in_class: bool) -> str:
        lower = letter.lower()
        if not self.state.unicode:
            return f"\\{letter}"
        if lower == "d":
            return _DIGITS if letter == "d" else r"\P{Nd}"
        inside = _POSITIVE[lower]
        if letter == lower:
            return inside if in_class else f"[{inside}]"
        if not in_class:
            return f"[^{inside}]"
        return _NOT_BLANKS if letter == "S" else _not_word()

    def _character_class(self) -> str:
        """A class, its opening bracket included; those within it are put into it."""
        self.place += 1
        negated = self.pattern.startswith("^", self.place)
        self.place += negated
        pieces: list[str] = []
        first, depth = True, 1
        while depth:
            if self.place >= len(self.pattern):
                raise self._error("a character class is not closed")
            character = self.pattern[self.place]
            if character == "]" and not first:
                depth -= 1
                self.place += 1
            elif character == "[":
                if match := _POSIX.match(self.pattern, self.place):
                    pieces.append(match[0])
                    self.place = match.end()
                elif self.pattern.startswith("[^", self.place):
                    raise self._error("a negated class within another one cannot be used")
                else:
                    depth += 1
                    self.place += 1
                    first = True
                    continue
            else:
                pieces.append(self._class_item(character))
            first = False
        return f"[{'^' if negated else ''}{''.join(pieces)}]"

    def _class_item(self, character: str) -> str:
        if character == "\\":
            return self._escape(in_class=True)
        if self.pattern[self.place : self.place + 2] in ("&&", "--", "~~"):
            raise self._error("an intersection or difference of classes cannot be used")
        self.place += 1
        if self.state.verbose and character in _UNICODE_BLANKS:
            return ""
        return "\\" + character if character in "[]^" else character


def _code(match: re.Match[str]) -> str:
    digits = next(group for group in match.groups() if group is not None)
    code = int(digits, 16)
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise BadRegularExpression(f"{match[0]} is no character")
    return rf"\x{{{code:X}}}"


def _property(match: re.Match[str]) -> str:
    name = match["short"] or match["name"]
    negated = (match["letter"] == "P") != bool(match["negated"])
    name = re.split("[=:]", name)[-1]
    key = re.sub("[ _-]", "", name).lower()
    if key in _CATEGORIES:
        name = _CATEGORIES[key]
    elif len(key) <= 2:
        name = key.capitalize()
    else:
        name = "_".join(word.capitalize() for word in re.split("[ _-]", name))
    sign = "P" if negated else "p"
    if key in ("any", "alphabetic", "whitespace"):
        # No general category has one of these names; as they can stand within a class they must not need brackets.
        name = {"any": "Any", "alphabetic": "L", "whitespace": "Z"}[key]
    if name == "LC":
        raise BadRegularExpression(f"{match[0]} cannot be used")
    return rf"\{sign}{{{name}}}"
