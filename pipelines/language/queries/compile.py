"""`compile_text`: from a query's text to its plan, stage by stage."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipelines.language.analysis import Scope, analyse_parameters
from pipelines.language.closest import closest
from pipelines.language.diagnostic import Diagnostic, Problems
from pipelines.language.dialect import DIALECTS, Dialect, find_dialect
from pipelines.language.lexer import tokenize
from pipelines.language.limits import Limits
from pipelines.language.modules import expand
from pipelines.language.parser import parse_query
from pipelines.language.queries.build import build
from pipelines.language.queries.parameters import shown
from pipelines.language.queries.plan import Plan
from pipelines.language.source import Source
from pipelines.language.tokens import Kind, Token
from pipelines.language.tree import Query

__all__ = ["compile_text"]

_SETTINGS = ("id", "dialect", "metrics_interval_s")


def compile_text(
    source: Source, module_path: Sequence[str | Path], dialect_name: str, limits: Limits
) -> tuple[Plan, list[Diagnostic]]:
    """The plan, and warnings. Raises `CompileError` with everything that is wrong, in the order of the text."""
    dialect, problems = find_dialect(dialect_name), Problems()
    tokens = tokenize(source, dialect, problems)
    chosen = DIALECTS.get(_written_dialect(tokens), dialect)
    if chosen is not dialect:
        dialect, problems = chosen, Problems()
        tokens = tokenize(source, dialect, problems)
    tokens = expand(tokens, module_path, dialect, problems, source)
    query = parse_query(tokens, dialect, problems)
    _raise(problems, source)
    _check_settings(query, dialect, problems)
    plan = build(query, dialect, limits, problems)
    _raise(problems, source)
    return plan, problems.warnings


def _raise(problems: Problems, source: Source) -> None:
    """What is wrong in modules comes first, as it is the cause of the rest."""

    def place(diagnostic: Diagnostic) -> tuple[bool, int]:
        span = diagnostic.span
        return span is not None and span.source is source, span.start if span else 0

    problems.errors.sort(key=place)
    problems.raise_errors()


def _written_dialect(tokens: Sequence[Token]) -> str:
    """What ``#!config dialect`` says. Texts and names look the same in all dialects, so any of them can read it."""
    for place, token in enumerate(tokens[:-3]):
        name, sign, value = tokens[place + 1 : place + 4]
        if token.kind is Kind.CONFIG and name.text == "dialect" and sign.text == "=":
            if value.kind is Kind.STRING and isinstance(value.value, tuple) and len(value.value) == 1:
                return str(value.value[0])
            return ""
    return ""


def _check_settings(query: Query, dialect: Dialect, problems: Problems) -> None:
    """``#!config``: what is known, and what it may be."""
    parameters = analyse_parameters(query.config, Scope(), dialect, problems)
    for parameter in query.config:
        name, value = parameter.name, parameters.values.get(parameter.name)
        if name not in _SETTINGS:
            near = closest(name, _SETTINGS)
            hint = f"did you mean `{near}`?" if near else f"known: {', '.join(_SETTINGS)}"
            problems.error(f"there is no setting `{name}`", parameter.span, hint, "undefined-setting")
        elif name == "metrics_interval_s":
            problems.warning(
                "`metrics_interval_s` has no effect",
                parameter.span,
                "the engine has metrics of its own, which a deployment turns on",
                "no-effect",
            )
        elif type(value) is not str:
            message = f"`{name}` must be a string, and it is {shown(value)}"
            problems.error(message, parameters.spans[name], "", "bad-parameter")
        elif name == "dialect" and value not in DIALECTS:
            problems.error(
                f"there is no dialect {shown(value)}",
                parameters.spans[name],
                f"known: {', '.join(DIALECTS)}",
                "bad-parameter",
            )
