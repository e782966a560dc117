"""`Session`: scripts that are entered one after the other, of which each sees what the ones before it defined.

Every input is compiled as a script of its own, with what is still needed of the earlier ones around it: declarations
and locals before it, and behind it a record that brings out the value, the event and the locals. Places are told in the
transcript of the session.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.language import Diagnostic, Source, compile_script, tree
from pipelines.language.diagnostic import Problems
from pipelines.language.dialect import find_dialect
from pipelines.language.lexer import tokenize
from pipelines.language.mapped_source import mapped_source
from pipelines.language.parser import parse_script
from pipelines.language.tokens import Kind, Token

__all__ = ["Outcome", "Session"]

_END_PORT = "end of the input"
_LOCALS = "repl_locals"
_VALUE = "repl_value"
_PLAIN_NAME = re.compile(r"\w[\w-]*")

_DECLARATIONS = (tree.Const, tree.Fn, tree.Intrinsic, tree.Module, tree.Use)
_SILENT = (tree.Let, *_DECLARATIONS)


@dataclass(frozen=True)
class Outcome:
    """What came of one input. ``shown``: it had a value to show; ``port``: by which it left, `None` if dropped."""

    value: Any
    shown: bool
    port: str | None
    warnings: tuple[Diagnostic, ...]


@dataclass(frozen=True)
class _Part:
    """A stretch of the compiled text; ``place`` is where it stands in the transcript."""

    text: str
    place: int


class Session:
    """``event``, ``state`` and ``locals`` may be looked at, and the first be set, between inputs."""

    def __init__(self, module_path: Sequence[Path], dialect: str, args: dict[str, Any]) -> None:
        self.event: Any = None
        self.state: Any = None
        self.locals: dict[str, Any] = {}
        self.transcript = ""
        self._module_path = module_path
        self._dialect = dialect
        self._args = args
        self._declarations: dict[str, _Part] = {}

    @property
    def line(self) -> int:
        """The number of the line that comes next."""
        return self.transcript.count("\n") + 1

    def is_complete(self, text: str) -> bool:
        """Whether more lines cannot be what is missing."""
        problems, with_more = Problems(), Problems()
        self._parse(text, problems)
        if not problems.errors:
            return True
        if text.count('"""') % 2:
            return False
        # What can stand nowhere is the first thing that is wrong if everything before it may go on.
        self._parse(f"{text}\n@", with_more)
        span = with_more.errors[0].span
        return span is None or span.start < len(text)

    def evaluate(self, text: str) -> Outcome:
        """Run one input. Raises `CompileError`, or `ScriptError` with what the script did to the state kept."""
        problems = Problems()
        tokens, root = self._parse(text, problems)
        problems.raise_errors()
        chunks = _chunks(root, tokens)
        if not chunks:
            return Outcome(None, False, "out", ())
        declared = _declared(chunks, text, len(self.transcript))
        kept = {name: part for name, part in self._declarations.items() if name not in declared}
        names = _local_names(chunks)
        source = self._around(text, chunks, kept, names, declared)
        script = compile_script(source, source.name, self._module_path, self._dialect)
        instance = script.start({**self._args, _LOCALS: dict(self.locals)})
        instance.state = self.state
        first_line = self.line
        try:
            result = instance.run(self.event, {}, time.time_ns(), "terminal")
        finally:
            self.state = instance.state
        self._declarations.update(declared)
        self.transcript += text + "\n"
        warnings = tuple(warning for warning in script.warnings if warning.line >= first_line)
        if result is None or result.port != _END_PORT:
            value, port = (result.value, result.port) if result else (None, None)
            return Outcome(value, True, port, warnings)
        self.event = result.value["event"]
        self.locals = result.value["locals"]
        return Outcome(result.value["value"], not isinstance(chunks[-1][0], _SILENT), "out", warnings)

    def _parse(self, text: str, problems: Problems) -> tuple[list[Token], tree.Script]:
        dialect = find_dialect(self._dialect)
        source = Source("input", text, self.line)
        tokens = tokenize(source, dialect, problems)
        return tokens, parse_script(tokens, dialect, problems)

    def _around(
        self,
        text: str,
        chunks: list[tuple[tree.Statement, int, int]],
        kept: dict[str, _Part],
        names: list[str],
        declared: dict[str, _Part],
    ) -> Source:
        here = len(self.transcript)
        _, start, end = chunks[-1]
        last = chunks[-1][0]
        is_value = not isinstance(last, _DECLARATIONS)
        parts = [part for old in kept.values() for part in (old, _Part(";\n", old.place + len(old.text)))]
        old_names = [name for name in self.locals if name not in declared]
        parts += [_Part(f"let `{name}` = args.{_LOCALS}.`{name}`;\n", here) for name in old_names]
        parts.append(_Part(text[:start], here))
        if isinstance(last, tree.Emit | tree.Drop):
            # Nothing comes behind it.
            return self._joined([*parts, _Part(text[start:end], here + start)], text)
        if is_value:
            parts.append(_Part(f"let {_VALUE} = ", here + start))
        parts.append(_Part(text[start:end], here + start))
        value = _VALUE if is_value else "null"
        known = ", ".join(f'"{name}": `{name}`' for name in dict.fromkeys([*old_names, *names]))
        record = f'{{"value": {value}, "event": event, "locals": {{{known}}}}}'
        parts.append(_Part(f';\nemit {record} => "{_END_PORT}"', here + end))
        return self._joined(parts, text)

    def _joined(self, parts: list[_Part], text: str) -> Source:
        pairs, offset = [], 0
        for part in parts:
            pairs.append((offset, part.place))
            offset += len(part.text)
        origin = Source("input", self.transcript + text)
        return mapped_source(origin, "".join(part.text for part in parts), pairs)


def _chunks(root: tree.Script, tokens: Sequence[Token]) -> list[tuple[tree.Statement, int, int]]:
    """The statements, each with the whole stretch of text between its semicolons."""
    chunks = []
    rest = [token for token in tokens if token.kind is not Kind.END]
    for index, statement in enumerate(root.statements):
        behind = root.statements[index + 1 :]
        until = behind[0].span.start if behind else rest[-1].span.end
        own = [token for token in rest if token.span.start < until]
        ends = [token for token in own if token.text == ";" and token.span.start >= statement.span.end]
        last = ends[-1] if ends else None
        own = own[: own.index(last)] if last else own
        chunks.append((statement, own[0].span.start, own[-1].span.end))
        after = last.span.end if last else until
        rest = [token for token in rest if token.span.start >= after]
    return chunks


def _declared(chunks: list[tuple[tree.Statement, int, int]], text: str, here: int) -> dict[str, _Part]:
    """The declarations by what they declare."""
    declared = {}
    for statement, start, end in chunks:
        match statement:
            case (
                tree.Const(name=name)
                | tree.Fn(name=name)
                | tree.Intrinsic(name=name)
                | tree.Module(name=name)
            ):
                declared[name] = _Part(text[start:end], here + start)
            case tree.Use(names=names, alias=alias):
                declared[alias or names[-1]] = _Part(text[start:end], here + start)
    return declared


def _local_names(chunks: list[tuple[tree.Statement, int, int]]) -> list[str]:
    """The locals that the statements surely set."""
    roots = [statement.target for statement, _, _ in chunks if isinstance(statement, tree.Let)]
    names = [
        path.root.names[0] for path in roots if path.root.kind is tree.RootKind.NAME and not path.segments
    ]
    return [name for name in names if _PLAIN_NAME.fullmatch(name)]
