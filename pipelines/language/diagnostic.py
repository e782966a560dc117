"""`Diagnostic`: what is wrong, where, and what to do. `LanguageError`: the exception that carries them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from pipelines.errors import ConfigurationError, EventError, PipelineError
from pipelines.language.excerpt import excerpt, harmless
from pipelines.language.source import Position, Span

__all__ = ["CompileError", "Diagnostic", "LanguageError", "Problems", "ScriptError", "Severity"]


class Severity(Enum):
    """Whether it stops the script from being used."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing to tell the author of a script.

    ``span`` is where the caret stands (``None``: nowhere in particular, such as the recursion limit). ``hint`` is a
    sentence that says what to do, without "hint:" before it. ``code`` is a stable word for programs, such as
    ``"syntax"``, ``"undefined-function"``, ``"missing-key"``. ``below``: the caret stands below the last line of the
    span, in the column where it begins. What is said of a whole match points at its end, where a clause is missing.
    """

    message: str
    span: Span | None
    hint: str = ""
    code: str = "error"
    severity: Severity = Severity.ERROR
    below: bool = False

    @property
    def line(self) -> int:
        """From 1; 0 without a span."""
        if self.span is None:
            return 0
        return self.span.source.position(self.span.end - 1).line if self.below else self.span.line

    @property
    def column(self) -> int:
        """From 1, in characters; 0 without a span."""
        return self.span.column if self.span else 0

    @property
    def file(self) -> str:
        """The name of the source."""
        return self.span.source.name if self.span else ""

    def render(self) -> str:
        """For a terminal, with a newline at its end: severity, message, file:line:column, excerpt with caret, hint."""
        rows = [f"{self.severity.value}: {harmless(self.message, newlines=True)}"]
        if self.span:
            rows.append(f" --> {harmless(self.file)}:{self.line}:{self.column}")
            rows += excerpt(self.span)
        if self.hint:
            rows.append(f"help: {harmless(self.hint, newlines=True)}")
        return "\n".join(rows) + "\n"

    def as_json(self) -> dict[str, Any]:
        """For editors: ``severity code message hint file line column end_line end_column``.

        The end is the place after the last character. Without a span the places are 0.
        """
        end = self.span.source.position(self.span.end) if self.span else Position(0, 0)
        return {
            "severity": self.severity.value,
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
            "file": self.file,
            "line": self.span.line if self.span else 0,
            "column": self.column,
            "end_line": end.line,
            "end_column": end.column,
        }


class LanguageError(PipelineError):
    """Something is wrong with a script or query, or went wrong in it. ``diagnostic`` is the first of ``diagnostics``.

    Its text is one line: the message and where. Raised as `CompileError` or `ScriptError`.
    """

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        first = diagnostics[0]
        where = f" ({first.file}:{first.line}:{first.column})" if first.span else ""
        PipelineError.__init__(self, f"{first.message}{where}")
        self.diagnostics = tuple(diagnostics)
        self.hint = first.hint

    @property
    def diagnostic(self) -> Diagnostic:
        """The first one."""
        return self.diagnostics[0]

    def render(self) -> str:
        """All of them, for a terminal."""
        return "\n".join(diagnostic.render() for diagnostic in self.diagnostics)


class CompileError(LanguageError, ConfigurationError):
    """The text cannot be used. Carries everything that was found, in the order of the text."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        LanguageError.__init__(self, diagnostics)
        self.path = ()


class ScriptError(LanguageError, EventError):
    """A script failed on one event.

    ``event`` and ``meta`` are the event's value and metadata as the script had changed them when it failed.
    """

    def __init__(self, diagnostic: Diagnostic, event: Any = None, meta: dict[str, Any] | None = None) -> None:
        LanguageError.__init__(self, [diagnostic])
        self.event = event
        self.meta = meta


class Problems:
    """Collects what the stages of compilation find. Each stage goes on after an error where it sensibly can."""

    def __init__(self) -> None:
        self.errors: list[Diagnostic] = []
        self.warnings: list[Diagnostic] = []
        self._noted: set[Diagnostic] = set()

    def error(self, message: str, span: Span | None, hint: str = "", code: str = "error") -> None:
        """Note an error."""
        self.errors.append(Diagnostic(message, span, hint, code))

    def warning(
        self, message: str, span: Span | None, hint: str = "", code: str = "warning", below: bool = False
    ) -> None:
        """Note a warning; the same one at the same place is noted once."""
        diagnostic = Diagnostic(message, span, hint, code, Severity.WARNING, below)
        if diagnostic not in self._noted:
            self._noted.add(diagnostic)
            self.warnings.append(diagnostic)

    def raise_errors(self) -> None:
        """Raise `CompileError` with all errors, if there are any. Called after each stage."""
        if self.errors:
            raise CompileError(self.errors)
