"""`find_builtin`: the text of the modules that ``use`` finds in the library, made from the table of functions."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from pipelines.language.dialect import DEFAULT_DIALECT, DIALECTS
from pipelines.language.library.function import FUNCTIONS, Function
from pipelines.language.library.written import WRITTEN, Written
from pipelines.language.tokens import KEYWORDS

__all__ = ["MODULES", "find_builtin", "members", "use_path"]

MODULES: Final[dict[tuple[str, ...], str]] = {
    ("std",): "The standard library.",
    ("std", "array"): "Functions of arrays.",
    ("std", "base64"): "Binaries as text, by RFC 4648.",
    ("std", "binary"): "Functions of binaries.",
    ("std", "float"): "Floating-point numbers.",
    ("std", "integer"): "Integers.",
    ("std", "integer", "signed"): "The bounds of integers with a sign.",
    ("std", "json"): "Values as JSON text, and back.",
    ("std", "math"): "Functions of numbers.",
    (
        "std",
        "random",
    ): "Values by chance. They depend on when the event came in, so that a replay gets the same ones.",
    ("std", "range"): "Arrays of integers in a row.",
    ("std", "re"): "Regular expressions, in the dialect of Rust's `regex`.",
    ("std", "record"): "Functions of records.",
    ("std", "string"): "Functions of strings.",
    ("std", "test"): "What scripts test themselves with.",
    ("std", "type"): "What a value is.",
    ("std", "url"): "Percent encoding, by RFC 3986.",
    ("tremor",): "What runs the script, and where events come from.",
    ("tremor", "chash"): "Consistent hashing: few keys change their slot when slots are added.",
    ("tremor", "origin"): "Where an event came from, as a URI.",
    ("tremor", "system"): "The machine and the time.",
    ("cncf",): "Standards of the Cloud Native Computing Foundation.",
    ("cncf", "otel"): "OpenTelemetry.",
    ("cncf", "otel", "span_id"): "Identifiers of spans.",
    ("cncf", "otel", "trace_id"): "Identifiers of traces.",
    ("cncf", "otel", "logs"): "Log records.",
    ("cncf", "otel", "logs", "severity"): "Severity numbers.",
    ("cncf", "otel", "logs", "traceflags"): "Trace flags.",
    ("cncf", "otel", "trace"): "Traces.",
    ("cncf", "otel", "trace", "spankind"): "Kinds of spans.",
    ("cncf", "otel", "trace", "status"): "How a span ended.",
    ("cncf", "otel", "trace", "status", "code"): "Codes of how a span ended.",
}
"""Every module that ``use`` finds in the library, and what it is for."""


def use_path(function: Function) -> tuple[str, ...]:
    """The path by which ``use`` finds a function's module; () if it does not."""
    words = tuple(function.module.split("::"))
    if not function.package:
        return ()
    return words if words[0] == function.package else (function.package, *words)


def members(path: tuple[str, ...], dialect: str = DEFAULT_DIALECT) -> list[Function | Written]:
    """The functions and constants of one module, without those of the modules within it."""
    order = list(DIALECTS)
    found: list[Function | Written] = []
    found += [function for function in FUNCTIONS.values() if use_path(function) == path]
    found += [written for written in WRITTEN if written.path == path]
    return [member for member in found if order.index(member.dialect) <= order.index(dialect)]


@lru_cache(maxsize=128)
def find_builtin(path: tuple[str, ...], dialect: str = DEFAULT_DIALECT) -> str | None:
    """The text of the module that ``use`` brings, with the modules within it; ``None`` if it has none there."""
    if path not in MODULES:
        return None
    items = list(_items(path, dialect))
    return f"### {MODULES[path]}\n" + ";\n".join(items) if items else None


def _items(path: tuple[str, ...], dialect: str) -> Iterator[str]:
    for member in members(path, dialect):
        declaration = member.text if isinstance(member, Written) else _intrinsic(member)
        yield f"\n## {member.summary}\n{declaration}"
    for inner in MODULES:
        if inner[:-1] == path and (text := find_builtin(inner, dialect)) is not None:
            yield f"\nmod {_word(inner[-1])} with\n{text}\nend"


def _intrinsic(function: Function) -> str:
    fixed = function.parameters[: function.required]
    parameters = [_word(parameter.name) for parameter in fixed]
    if len(fixed) < len(function.parameters):
        parameters.append("...")
    return f"intrinsic fn {_word(function.name)}({', '.join(parameters)}) as {_target(function)}"


def _target(function: Function) -> str:
    return "::".join(_word(word) for word in (*function.module.split("::"), function.name))


def _word(word: str) -> str:
    return f"`{word}`" if word in KEYWORDS else word
