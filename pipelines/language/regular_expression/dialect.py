"""`translate`: a regular expression in the dialect of Rust's regex, rewritten for RE2.

Both come from one family: no look-around, no back-references, the leftmost match, the first alternative that matches.
What differs is rewritten here, or refused where RE2 has nothing like it:

* ``\\d \\w \\s`` are Unicode's in Rust and ASCII's in RE2: they become classes of ``\\p{…}``. ``\\b`` stays ASCII's.
* ``\\u1234 \\u{1234} \\U00001234`` become ``\\x{1234}``.
* ``(?u)`` is how it is anyway; ``(?x)``, ``(?-u)``, classes within classes and ``&& -- ~~`` in them are refused.
* What RE2 has and Rust has not is refused: octal escapes, ``\\C``, ``\\Q…\\E``.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Final

__all__ = ["BadExpression", "translate"]

_DIGIT: Final = r"\p{Nd}"
# A literal dash may follow what stands for \w or \s in a class, so each ends with a class, which no dash makes a range.
_WORD: Final = (
    r"\p{M}\p{Nd}\p{Nl}\p{Pc}\x{24B6}-\x{24E9}\x{1F130}-\x{1F149}\x{1F150}-\x{1F169}\x{1F170}-\x{1F189}"
    r"\x{200C}\x{200D}\p{L}"
)
_SPACE: Final = r"\x{09}-\x{0D}\x{85}\p{Z}"
_NOT_SPACE: Final = (
    r"\x{00}-\x{08}\x{0E}-\x{1F}\x{21}-\x{84}\x{86}-\x{9F}\x{A1}-\x{167F}\x{1681}-\x{1FFF}\x{200B}-\x{2027}"
    r"\x{202A}-\x{202E}\x{2030}-\x{205E}\x{2060}-\x{2FFF}\x{3001}-\x{10FFFF}\p{L}"
)
_OUTSIDE: Final = {
    "d": _DIGIT, "D": r"\P{Nd}", "w": f"[{_WORD}]", "W": f"[^{_WORD}]", "s": f"[{_SPACE}]", "S": f"[^{_SPACE}]",
}  # fmt: skip
_INSIDE: Final = {"d": _DIGIT, "D": r"\P{Nd}", "w": _WORD, "s": _SPACE, "S": _NOT_SPACE}

_CODE_POINT = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|[uU]\{([0-9A-Fa-f]{1,8})\})", re.ASCII)
_GROUP = re.compile(r"\(\?(?:P?<(?P<name>[^<>()=!]*)>|(?P<flags>[a-zA-Z-]*)(?P<end>[:)]))")
_REFUSED_GROUPS: Final = {
    "(?=": "look-ahead", "(?!": "look-ahead", "(?<=": "look-behind", "(?<!": "look-behind", "(?>": "an atomic group",
    "(?#": "a comment", "(?P=": "a back-reference",
}  # fmt: skip


class BadExpression(ValueError):
    """The text is not a regular expression that can be used. Its text says what is wrong and where."""


@cache
def _not_word() -> str:
    """The ranges of all that ``\\W`` means. Computed when the first class needs it: it looks at all of Unicode."""
    ranges: list[list[int]] = []
    word = re.compile(
        r"[\u24b6-\u24e9\U0001f130-\U0001f149\U0001f150-\U0001f169\U0001f170-\U0001f189\u200c\u200d]"
    )
    for code in range(0x110000):
        category = unicodedata.category(chr(code))
        if category[0] in "LM" or category in {"Nd", "Nl", "Pc", "Cs"} or word.match(chr(code)):
            continue
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(f"\\x{{{low:X}}}-\\x{{{high:X}}}" for low, high in ranges) + r"\p{Pd}"


def translate(text: str) -> str:
    """The expression for RE2. Raises `BadExpression`; what is merely malformed is left for RE2 to refuse."""
    return _Translation(text).run()


class _Translation:
    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0
        self.pieces: list[str] = []
        self.names: set[str] = set()

    def run(self) -> str:
        text = self.text
        while self.place < len(text):
            character = text[self.place]
            if character == "\\":
                self._escape(_OUTSIDE)
            elif character == "[":
                self._class()
            elif text.startswith("(?", self.place):
                self._group()
            else:
                self._copy(1)
        return "".join(self.pieces)

    def _copy(self, count: int) -> None:
        self.pieces.append(self.text[self.place : self.place + count])
        self.place += count

    def _refuse(self, what: str) -> BadExpression:
        return BadExpression(f"{what} (at character {self.place + 1} of the regular expression).")

    def _escape(self, classes: dict[str, str]) -> None:
        letter = self.text[self.place + 1 : self.place + 2]
        if letter == "W" and classes is _INSIDE:
            self.pieces.append(_not_word())
        elif letter in classes:
            self.pieces.append(classes[letter])
        elif letter in ("u", "U"):
            self._code_point(letter)
            return
        elif letter.isdecimal():
            raise self._refuse(f"`\\{letter}` is a back-reference or an octal number, and there are neither")
        elif letter in ("C", "Q", "E", "Z", "G", "h", "K", "R", "X", "N"):
            raise self._refuse(
                f"`\\{letter}` is no escape here" + ("; write `\\z` for the end" * (letter == "Z"))
            )
        else:
            self._copy(2)
            return
        self.place += 2

    def _code_point(self, letter: str) -> None:
        match = _CODE_POINT.match(self.text, self.place)
        if match is None:
            raise self._refuse(f"`\\{letter}` needs a number, as in `\\u{{1F30A}}`")
        self.pieces.append(f"\\x{{{match[1] or match[2] or match[3]}}}")
        self.place = match.end()

    def _group(self) -> None:
        for opening, what in _REFUSED_GROUPS.items():
            if self.text.startswith(opening, self.place):
                raise self._refuse(f"`{opening}` begins {what}, and there is no such thing")
        match = _GROUP.match(self.text, self.place)
        if match is None:
            self._copy(2)
        elif match["name"] is not None:
            self._name(match["name"])
            self._copy(match.end() - match.start())
        else:
            self.pieces.append(self._flags(match["flags"], match["end"]))
            self.place = match.end()

    def _name(self, name: str) -> None:
        if name in self.names:
            raise self._refuse(f"there are two groups called `{name}`")
        self.names.add(name)

    def _flags(self, flags: str, end: str) -> str:
        on, dash, off = flags.partition("-")
        if "x" in on:
            raise self._refuse(
                "the flag `x` for free spacing does not exist here; write the expression without blanks"
            )
        if "u" in off:
            raise self._refuse("`(?-u)` does not exist here: strings are Unicode")
        on, off = on.replace("u", ""), off.replace("x", "")
        kept = f"{on}-{off}" if dash and off else on
        return f"(?{kept}{end}" if kept or end == ":" else ""

    def _class(self) -> None:
        start = self.place
        self._copy(1)
        if self.text.startswith("^", self.place):
            self._copy(1)
        first = self.place
        while self.place < len(self.text):
            character = self.text[self.place]
            if character == "]" and self.place > first:
                self._copy(1)
                return
            if character == "\\":
                self._escape(_INSIDE)
            elif character == "[":
                self._named_class()
            elif self.text[self.place : self.place + 2] in ("&&", "--", "~~"):
                what = self.text[self.place]
                raise self._refuse(
                    f"`{what * 2}` in a class is not supported; write `\\{what}` for the character"
                )
            else:
                self._copy(1)
        self.place = start
        raise self._refuse("this `[` is not closed by a `]`")

    def _named_class(self) -> None:
        end = self.text.find(":]", self.place + 2)
        if not self.text.startswith("[:", self.place) or end < 0:
            raise self._refuse("a class within a class is not supported; write `\\[` for the character")
        self._copy(end + 2 - self.place)
