"""Pipelines in the script and query languages: their texts, what is wrong with these, the graphs that they make."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from pipelines.errors import ConfigurationError
from pipelines.graph import GRAPH, Endpoint, Graph
from pipelines.language import (
    CompileError,
    Diagnostic,
    Limits,
    Query,
    Script,
    Source,
    compile_query,
    compile_script,
)
from pipelines.language.diagnostic import Problems
from pipelines.language.dialect import DEFAULT_DIALECT, find_dialect
from pipelines.language.lexer import tokenize
from pipelines.language.modules import expand
from pipelines.language.script_operator import UNLINKED, ScriptOperator
from supervisor.deployment.inline_text import inline_source
from supervisor.deployment.load import MAX_FILE_BYTES, Document, excerpt_of
from supervisor.deployment.plan import ComponentId, PipelinePlan
from supervisor.deployment.problem import KeyPath, Position, Problem, Severity, printable
from supervisor.deployment.schema import LimitsTable, PipelineTable
from supervisor.deployment.validate import Findings

__all__ = ["CompiledText", "check_text"]

_MOST_PROBLEMS = 100


@dataclass(frozen=True)
class CompiledText:
    """A script or query that was compiled for a deployment. Two are equal if they do the same."""

    source: str
    args: dict[str, Any]
    modules: tuple[tuple[str, str], ...]
    """The files of the modules that it uses, and their texts' digests."""
    compiled: Script | Query = field(compare=False, repr=False)

    @property
    def open_outputs(self) -> bool:
        """Whether it computes names of ports."""
        return isinstance(self.compiled, Script) and self.compiled.open_ports

    def graph(self, ports: Iterable[str]) -> Graph:
        """A new graph of new operators; ``ports`` are those that may be linked."""
        if isinstance(self.compiled, Query):
            return self.compiled.graph()
        operator = ScriptOperator(self.compiled, self.args, ports)
        outputs = [port for port in operator.outputs if port != UNLINKED]
        graph = Graph(outputs=outputs)
        graph.add("script", operator)
        graph.connect(Endpoint(GRAPH, "in"), Endpoint("script", "in"))
        for port in outputs:
            graph.connect(Endpoint("script", port), Endpoint(GRAPH, port))
        return graph


def check_text(findings: Findings, name: str, table: PipelineTable) -> PipelinePlan | None:
    """The plan of ``[pipelines.NAME]`` with a text, or ``None`` and everything that is wrong with the text.

    Reads the files that it names.
    """
    path, who, kind = ("pipelines", name), f"pipeline `{name}`", table.pipeline_kind
    table = table.model_copy(
        update={
            "dialect": table.dialect or DEFAULT_DIALECT,
            "module_path": table.module_path or [],
            "limits": table.limits or LimitsTable(),
        }
    )
    here = (*path, kind)
    source = _source(findings, here, who, getattr(table, kind))
    module_path = _module_path(findings, (*path, "module_path"), who, table.module_path or [])
    if source is None or module_path is None:
        return None
    compiled = _compile(findings, here, who, source, module_path, table)
    if compiled is None:
        return None
    modules = _modules(source, module_path, table.dialect or DEFAULT_DIALECT)
    text = CompiledText(source.text, table.args or {}, modules, compiled)
    graph = text.graph(())
    wrong = graph.check()
    for problem in wrong:
        findings.configuration_error(here, who, ConfigurationError(str(problem), (), problem.hint))
    for warning in graph.warnings():
        findings.warning(here, "not-linked", f"{who}: {warning}", warning.hint)
    if wrong:
        return None
    return PipelinePlan(
        ComponentId("", 0, name),
        (),
        table,
        (),
        str(findings.document.directory),
        graph.inputs,
        graph.outputs,
        text.open_outputs,
        text,
    )


def _compile(
    findings: Findings,
    path: KeyPath,
    who: str,
    source: Source,
    module_path: Sequence[Path],
    table: PipelineTable,
) -> Script | Query | None:
    language = "query" if table.pipeline_kind.startswith("query") else "script"
    limits = Limits(**table.limits.model_dump()) if table.limits else Limits()
    dialect = table.dialect or DEFAULT_DIALECT
    compiled: Script | Query
    try:
        if language == "query":
            compiled = compile_query(source, source.name, module_path, dialect, limits)
        else:
            compiled = compile_script(source, source.name, module_path, dialect, limits)
    except CompileError as error:
        _note(findings, path, who, language, error.diagnostics)
        return None
    except ConfigurationError as error:
        findings.configuration_error(path, who, ConfigurationError(str(error), (), error.hint))
        return None
    _note(findings, path, who, language, compiled.warnings)
    return compiled


def _source(findings: Findings, path: KeyPath, who: str, value: str | Path) -> Source | None:
    if isinstance(value, str):
        return inline_source(findings.document, path, value)
    file = findings.document.directory / value
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_FILE_BYTES + 1)
        if len(data) > MAX_FILE_BYTES:
            message = f"{who}: the file {_shown(file)} is larger than {MAX_FILE_BYTES // 1024} KiB"
            findings.error(path, "file-too-large", message, "check that this is the right file")
            return None
        return Source(str(file), data.decode("utf-8-sig").replace("\r\n", "\n"))
    except FileNotFoundError:
        message = f"{who}: there is no file {_shown(file)}"
        hint = "a relative path starts in the directory of the deployment's file"
        findings.error(path, "file-not-found", message, hint)
    except UnicodeDecodeError as error:
        message = f"{who}: the byte {error.start} of the file {_shown(file)} is not UTF-8 text"
        findings.error(path, "not-utf8", message, "save the file in the encoding UTF-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        message = f"{who}: the file {_shown(file)} cannot be read: {reason}"
        findings.error(path, "file-unreadable", message, "check its path and mode")
    return None


def _module_path(
    findings: Findings, path: KeyPath, who: str, directories: Sequence[Path]
) -> list[Path] | None:
    found = [findings.document.directory / directory for directory in directories]
    missing = [index for index, directory in enumerate(found) if not directory.is_dir()]
    for index in missing:
        message = f"{who}: there is no directory {_shown(found[index])}"
        hint = "a relative path starts in the directory of the deployment's file"
        findings.error((*path, index), "file-not-found", message, hint)
    return None if missing else found


def _modules(source: Source, module_path: Sequence[Path], dialect: str) -> tuple[tuple[str, str], ...]:
    if not module_path or "use" not in source.text:
        return ()
    spoken, problems = find_dialect(dialect), Problems()
    tokens = expand(tokenize(source, spoken, problems), module_path, spoken, problems, source)
    files = {token.span.source.name: token.span.source for token in tokens if token.span.source is not source}
    return tuple((name, sha256(files[name].text.encode()).hexdigest()) for name in sorted(files))


def _note(
    findings: Findings, path: KeyPath, who: str, language: str, diagnostics: Sequence[Diagnostic]
) -> None:
    for diagnostic in diagnostics[:_MOST_PROBLEMS]:
        code = f"{language}:{diagnostic.code}"
        message, severity = f"{who}: {diagnostic.message}", Severity(diagnostic.severity.value)
        position = _position(diagnostic)
        if position is None:
            findings.problems.append(
                findings.document.problem(path, code, message, diagnostic.hint, severity=severity)
            )
            continue
        excerpt, excerpt_column = _excerpt(findings.document, diagnostic, position)
        findings.problems.append(
            Problem(
                code=code,
                message=printable(message, max_characters=800),
                hint=printable(diagnostic.hint, max_characters=400),
                severity=severity,
                file=diagnostic.file,
                path=path,
                position=position,
                excerpt=excerpt,
                excerpt_column=excerpt_column,
            )
        )
    more = len(diagnostics) - _MOST_PROBLEMS
    if more > 0:
        findings.error(
            path, f"{language}:more", f"{who}: {more} more problems are not shown", "mend these first"
        )


def _position(diagnostic: Diagnostic) -> Position | None:
    """Up to the end of the line, where it goes on beyond."""
    span = diagnostic.span
    if span is None:
        return None
    line, column = span.source.position(span.start)
    end_line, end_column = span.source.position(span.end)
    if end_line != line:
        end_column = len(span.source.line(line)) + 1
    return Position(line, column, max(end_column - column, 1))


def _excerpt(document: Document, diagnostic: Diagnostic, position: Position) -> tuple[str, int]:
    assert diagnostic.span is not None
    if diagnostic.file == document.file:
        return document.excerpt(position)
    return excerpt_of(diagnostic.span.source.line(position.line), position.column)


def _shown(path: Path) -> str:
    return f"`{printable(str(path), 200)}`"
