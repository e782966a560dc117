"""``use``: finds modules and puts their tokens where they are included, as ``mod NAME with … end;``.

``use a::b as c;`` is ``a/b.tremor`` in one of the directories of the module path, else ``a/b.trickle`` in one of them,
else a module of the library. Tokens keep the places of the files that they come from, so that what is wrong in a
module is told there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.language.closest import closest
from pipelines.language.diagnostic import Problems
from pipelines.language.dialect import Dialect
from pipelines.language.lexer import MAX_LENGTH, tokenize
from pipelines.language.reader import MAX_ERRORS, is_continuing, is_starting
from pipelines.language.source import Source, Span
from pipelines.language.tokens import Kind, Token

__all__ = ["MAX_DEPTH", "MAX_INCLUDED", "MAX_MODULES", "expand"]

MAX_DEPTH = 32
"""How deep modules may include modules."""

MAX_MODULES = 1000
"""How many modules one text may include, directly or not; one that is included twice counts twice."""

MAX_INCLUDED = 4 * 1024 * 1024
"""Characters of all of them together."""

_MAX_BYTES = 4 * MAX_LENGTH
_MAX_NAMES = 1000
_SUFFIXES = (".tremor", ".trickle")


def expand(
    tokens: Sequence[Token],
    module_path: Sequence[str | Path],
    dialect: Dialect,
    problems: Problems,
    source: Source,
) -> list[Token]:
    """The tokens of ``source`` with every ``use`` replaced by the module's. Reads files, so it may block.

    Never raises: whatever is wrong with a ``use`` or its file is noted there. Where ``use`` does not begin a statement
    it stays as it is, for the parser to complain about.
    """
    expander = _Expander([Path(directory) for directory in module_path], dialect, problems)
    return expander.expand(tokens, [_Included(source.name, Path(source.name))])


@dataclass(frozen=True, slots=True)
class _Use:
    """One clause. ``end`` is the index of the token after it."""

    path: tuple[str, ...]
    alias: Token
    span: Span
    end: int


@dataclass(frozen=True, slots=True)
class _Included:
    """A file, or with ``path`` ``None`` a module of the library, that is being read; ``name`` is for messages."""

    name: str
    path: Path | None

    def same(self, other: _Included) -> bool:
        if self.path is None or other.path is None:
            return self.path is other.path and self.name == other.name
        return self.path.absolute() == other.path.absolute() or _same_file(self.path, other.path)


@dataclass(slots=True)
class _Module:
    text: str
    tokens: list[Token]


class _NotUsable(Exception):
    """A module cannot be included; the text says why."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(slots=True)
class _Expander:
    directories: list[Path]
    dialect: Dialect
    problems: Problems
    read: dict[str, _Module] = field(default_factory=dict)
    modules: int = 0
    characters: int = 0
    told: set[tuple[str, Span]] = field(default_factory=set)

    def expand(self, tokens: Sequence[Token], stack: list[_Included]) -> list[Token]:
        found: list[Token] = []
        index = 0
        while index < len(tokens):
            token = tokens[index]
            if len(self.told) >= MAX_ERRORS or not (_is(token, "use") and _begins_statement(tokens, index)):
                found.append(token)
                index += 1
                continue
            clause = self._parse(tokens, index)
            if isinstance(clause, _Use):
                found += self._include(clause, tokens[clause.end - 1], stack)
                index = clause.end
            else:
                index = clause
        return found

    def _parse(self, tokens: Sequence[Token], start: int) -> _Use | int:
        """The clause that begins there; after an error, which is noted, the index to go on at."""
        index = start + 1
        path: list[Token] = []
        while True:
            if tokens[index].kind is not Kind.IDENT:
                return self._expected("a module's name", tokens, start, index)
            path.append(tokens[index])
            index += 1
            if not _is(tokens[index], "::"):
                break
            index += 1
        alias = path[-1]
        expected = "`::`, `as` or `;`"
        if _is(tokens[index], "as"):
            alias = tokens[index + 1]
            if alias.kind is not Kind.IDENT:
                return self._expected("a name for the module", tokens, start, index + 1)
            index += 2
            expected = "`;`"
        if not _is(tokens[index], ";"):
            return self._expected(expected, tokens, start, index)
        span = tokens[start].span.to(tokens[index - 1].span)
        for part in path:
            if not _is_plain(part.text):
                self._error(
                    f"{part.text!r} is no name of a module",
                    part.span,
                    "such names have letters, digits, _ and -, and begin with a letter",
                )
                return index + 1
        return _Use(tuple(part.text for part in path), alias, span, index + 1)

    def _expected(self, what: str, tokens: Sequence[Token], start: int, index: int) -> int:
        token = tokens[index]
        there = "the end of the text" if token.kind is Kind.END else f"`{token.span.text}`"
        self._error(
            f"found {there}, but expected {what}",
            token.span,
            "a module is included with `use a::b as c;`",
        )
        line = tokens[start].span.line
        while tokens[index].kind is not Kind.END and tokens[index].span.line == line:
            index += 1
            if _is(tokens[index - 1], ";"):
                break
        return index

    def _error(self, message: str, span: Span, hint: str) -> None:
        if (message, span) not in self.told:
            self.told.add((message, span))
            self.problems.error(message, span, hint, "module")

    def _include(self, use: _Use, last: Token, stack: list[_Included]) -> list[Token]:
        try:
            included, module = self._load(use, stack)
        except _NotUsable as error:
            self._error(error.message, use.span, error.hint)
            return []
        inner = self.expand(module.tokens, [*stack, included])
        end = inner.pop()
        return [
            Token(Kind.KEYWORD, "mod", use.span),
            Token(Kind.IDENT, use.alias.text, use.alias.span),
            Token(Kind.KEYWORD, "with", last.span),
            *inner,
            Token(Kind.KEYWORD, "end", end.span),
            Token(Kind.PUNCTUATION, ";", end.span),
        ]

    def _load(self, use: _Use, stack: list[_Included]) -> tuple[_Included, _Module]:
        """The module, and what it is known by. Raises `_NotUsable`."""
        included, built_in = self._find(use.path)
        if any(included.same(other) for other in stack):
            first = next(index for index, other in enumerate(stack) if included.same(other))
            circle = " -> ".join(other.name for other in [*stack[first:], included])
            raise _NotUsable(
                f"modules include each other in a circle: {circle}", "move what both need into a third one"
            )
        if len(stack) > MAX_DEPTH:
            raise _NotUsable(f"modules include each other more than {MAX_DEPTH} levels deep")
        module = self.read.get(included.name)
        if module is None:
            text = built_in if included.path is None else _read_text(included.path)
            module = _Module(text, tokenize(Source(included.name, text), self.dialect, self.problems))
            self.read[included.name] = module
        self.modules += 1
        self.characters += len(module.text)
        if self.modules > MAX_MODULES:
            raise _NotUsable(f"more than {MAX_MODULES} modules are included")
        if self.characters > MAX_INCLUDED:
            raise _NotUsable(f"the included modules have more than {MAX_INCLUDED} characters together")
        if all(token.kind in (Kind.END, Kind.MODULE_COMMENT) for token in module.tokens):
            raise _NotUsable(f"the module {included.name} is empty")
        return included, module

    def _find(self, path: tuple[str, ...]) -> tuple[_Included, str]:
        """Where a module is, and its text if it is one of the library. Raises `_NotUsable`."""
        for suffix in _SUFFIXES:
            for directory in self.directories:
                file = directory.joinpath(*path[:-1], path[-1] + suffix)
                if _is_file(file):
                    return _Included(str(file), file), ""
        # The library's modules need this package's own parts, so they can be imported only when it is complete.
        from pipelines.language.library.modules import find_builtin

        text = find_builtin(path, self.dialect.name)
        name = "::".join(path)
        if text is not None:
            return _Included(f"<{name}>", None), text
        where = ", ".join(map(str, self.directories))
        looked = (
            f"looked for {'/'.join(path)}.tremor and .trickle in {where}"
            if where
            else "no module path is given"
        )
        raise _NotUsable(
            f"there is no module {name}",
            f"{self._suggestion(name)}{looked}, and the library has none of that name",
        )

    def _suggestion(self, name: str) -> str:
        from pipelines.language.library.modules import MODULES

        known = {"::".join(path) for path in MODULES}
        *parents, _ = name.split("::")
        for directory in self.directories:
            for file in _list(directory.joinpath(*parents)):
                known.add("::".join([*parents, file]))
        near = closest(name, known)
        return f"did you mean `{near}`? " if near else ""


def _begins_statement(tokens: Sequence[Token], index: int) -> bool:
    if index == 0:
        return True
    before = tokens[index - 1]
    return (
        before.kind is Kind.MODULE_COMMENT
        or any(_is(before, text) for text in (";", "with", "script"))
        or before.span.line < tokens[index].span.line
    )


def _is(token: Token, text: str) -> bool:
    return token.kind in (Kind.KEYWORD, Kind.PUNCTUATION) and token.text == text


def _is_plain(name: str) -> bool:
    """Whether a file may be called so: quoted names could hold dots and slashes."""
    return 0 < len(name) <= 100 and is_starting(name[0]) and all(map(is_continuing, name))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def _same_file(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:
        return False


def _list(directory: Path) -> list[str]:
    """Some names of modules in a directory, for did-you-mean only."""
    names: list[str] = []
    try:
        for count, file in enumerate(directory.iterdir()):
            if count >= _MAX_NAMES:
                break
            if file.suffix in _SUFFIXES:
                names.append(file.stem)
    except OSError:
        pass
    return names


def _read_text(path: Path) -> str:
    """A file's text. Raises `_NotUsable`."""
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise _NotUsable(f"the module {path} cannot be read: {error.strerror or error}") from error
    if len(content) > _MAX_BYTES:
        raise _NotUsable(f"the module {path} is too long: more than {_MAX_BYTES} bytes")
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _NotUsable(f"the module {path} is not UTF-8 in line {line}", "save it as UTF-8") from error
