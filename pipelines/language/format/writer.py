"""`Writer`: goes through the tokens of a text while it makes a document of the tree. No token and no comment is lost:
each has to be asked for, in the order of the text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from pipelines.language import tree
from pipelines.language.dialect import Dialect
from pipelines.language.format.document import (
    BLANK_LINE,
    HARD_LINE,
    LINE,
    SOFT_LINE,
    Document,
    Line,
    OwnLine,
    Suffix,
    concat,
    group,
    indent,
)
from pipelines.language.format.words import write_comment, write_token
from pipelines.language.tokens import Comment, Kind, Token

__all__ = ["Writer"]

_Item = TypeVar("_Item", bound=tree.Node)
_WORDS = (Kind.KEYWORD, Kind.PUNCTUATION)


class Writer:
    """Tokens, and how far they have been written."""

    def __init__(self, tokens: Sequence[Token], dialect: Dialect) -> None:
        self.tokens = tokens
        self.place = 0
        self.dialect = dialect
        self.commented = -1  # the last token whose comments have been written

    @property
    def token(self) -> Token:
        """The one that is next."""
        return self.tokens[min(self.place, len(self.tokens) - 1)]

    def at(self, *texts: str) -> bool:
        """Whether one of these keywords or punctuation marks is next."""
        return self.token.kind in _WORDS and self.token.text in texts

    def word(self) -> Document:
        """Write the next token, after its comments."""
        lead = self.lead()
        text = write_token(self.token)
        self.place += 1
        return concat(*lead, text) if lead else text

    def optional(self, text: str, *, write: bool) -> Document:
        """Write a mark that may be there or not: whether it is written does not depend on that."""
        lead = self.lead() if self.at(text) else []
        self.place += self.at(text)
        return concat(*lead, text if write else None)

    # Comments

    def lead(self) -> list[Document]:
        """The comments before the next token."""
        suffix, others = self._take_comments()
        found: list[Document] = [*suffix]
        found += [OwnLine(write_comment(comment)) for comment in others]
        return found

    def lead_above(self) -> list[Document]:
        """The comments before the next token, all with a line for itself."""
        suffix, others = self._take_comments()
        found: list[Document] = [OwnLine(part.text) for part in suffix]
        found += [OwnLine(write_comment(comment)) for comment in others]
        return found

    def closing(self) -> list[Document]:
        """The comments before the next token, which closes something: to be put with what is within."""
        suffix, others = self._take_comments()
        found: list[Document] = [*suffix]
        for comment in others:
            found += [HARD_LINE, write_comment(comment)]
        return found

    def fresh_line(self, *, first: bool) -> list[Document]:
        """A new line for a statement or clause, with the comments before it, and at most one of the empty lines
        before these; none if it is the ``first``.
        """
        line = self._previous_line()
        suffix, others = self._take_comments()
        found: list[Document] = [*suffix]
        for start, text in [(comment.span.line, write_comment(comment)) for comment in others]:
            found += [self._break(start - line, first=first), text]
            line, first = start, False
        found.append(self._break(self.token.span.line - line, first=first))
        return found

    def _break(self, distance: int, *, first: bool) -> Line:
        return BLANK_LINE if distance > 1 and not first else HARD_LINE

    def _take_comments(self) -> tuple[list[Suffix], Sequence[Comment]]:
        if self.commented == self.place:
            return [], ()
        self.commented = self.place
        comments = self.token.comments
        if comments and self.place > 0 and comments[0].span.line == self._previous_line():
            return [Suffix(write_comment(comments[0]))], comments[1:]
        return [], comments

    def _previous_line(self) -> int:
        if self.place == 0:
            return 0
        span = self.tokens[self.place - 1].span
        return span.source.position(max(span.end - 1, span.start)).line

    # Brackets

    def enclosed(
        self,
        items: Sequence[_Item],
        one: Callable[[_Item], Document],
        pad: Line = SOFT_LINE,
        *,
        hug: bool = False,
    ) -> Document:
        """Write ``[item, item]``, whatever the brackets are. ``hug``: a single item needs no lines of its own."""
        opener = self.word()
        found: list[Document] = []
        for item in items:
            found += [LINE] if found else []
            found.append(one(item))
            found.append(self.optional(",", write=item is not items[-1] or self.more_after_comma()))
        found += self.dots(LINE if found else None)
        closing = self.closing()
        if hug and len(items) == 1 and not closing:
            return concat(opener, *found, self.word())
        if not found and not closing:
            return concat(opener, " " if opener == "<<" else None, self.word())
        return group(opener, indent(pad, *found, *closing), pad, self.word())

    def more_after_comma(self) -> bool:
        """Whether ``, ...`` is next."""
        following = self.tokens[min(self.place + 1, len(self.tokens) - 1)]
        return self.at(",") and following.kind is Kind.PUNCTUATION and following.text == "."

    def dots(self, before: Line | None) -> list[Document]:
        """Write ``...``, if it is there."""
        if not self.at("."):
            return []
        return [*([before] if before else []), self.word(), self.word(), self.word()]
