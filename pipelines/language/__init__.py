"""Tremor's script and query languages, compiled to Python. This module is what others import.

How a text becomes a function::

    text ── lexer ──► tokens ── modules ──► tokens, with every `use` replaced by its module
         ── parser ──► tree ── analysis ──► Program (resolved, folded) ── code generator ──► Script

    Source                          source.py      texts, and places in them
    tokenize(source, …)             lexer.py       tokens; errors of letters, numbers, strings
    expand(tokens, module_path, …)  modules.py     `use`, found in files or in the library
    parse_script, parse_query       parser/        the tree (tree.py), errors of grammar
    analyse_script, Scope, …        analysis/      names, constants, placement, warnings (routine.py)
    compile_program, …              codegen/       Python's ast, one function a routine
    operators, equality, paths      runtime/       what that Python calls
    FUNCTIONS                       library/       one file a module
    EXTRACTORS                      extractors/    one file an extractor
    AGGREGATES                      aggregates/    one file a family
    Query                           queries/       selects and windows as operators, the graph

Each stage takes a `Problems` and notes there what is wrong; nothing is raised before a stage is through. What fails
while a script runs is raised by helpers as `faults.Fault`, without a place, and leaves the generated function as
`ScriptError`, with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipelines.emit import Emit
from pipelines.language.analysis import analyse_script
from pipelines.language.diagnostic import CompileError, Diagnostic, LanguageError, Problems, ScriptError
from pipelines.language.dialect import DEFAULT_DIALECT, find_dialect
from pipelines.language.lexer import tokenize
from pipelines.language.limits import Limits
from pipelines.language.modules import expand
from pipelines.language.parser import parse_script
from pipelines.language.query import Query, QueryInstance
from pipelines.language.script import Script, ScriptInstance
from pipelines.language.source import Source

__all__ = [
    "CompileError", "Diagnostic", "Emit", "LanguageError", "Limits", "Query", "QueryInstance", "Script",
    "ScriptError", "ScriptInstance", "Source", "compile_query", "compile_script",
]  # fmt: skip


def compile_script(
    source: str | Source,
    name: str = "script",
    module_path: Sequence[str | Path] = (),
    dialect: str = DEFAULT_DIALECT,
    limits: Limits | None = None,
) -> Script:
    """Compile a script. ``name`` is what messages call it; ``module_path`` are the directories for ``use``.

    Reads the modules' files, so it may block. Raises `CompileError` with everything that is wrong.
    """
    source = source if isinstance(source, Source) else Source(name, source)
    limits, spoken, problems = limits or Limits(), find_dialect(dialect), Problems()
    tokens = expand(tokenize(source, spoken, problems), module_path, spoken, problems, source)
    problems.raise_errors()
    parsed = parse_script(tokens, spoken, problems)
    problems.raise_errors()
    program = analyse_script(parsed, spoken, problems, limits=limits)
    problems.raise_errors()
    return Script(program, spoken, limits, problems.warnings)


def compile_query(
    source: str | Source,
    name: str = "query",
    module_path: Sequence[str | Path] = (),
    dialect: str = DEFAULT_DIALECT,
    limits: Limits | None = None,
) -> Query:
    """Compile a query, as `compile_script` does. ``#!config dialect`` in the text wins over ``dialect``."""
    # The stages need this package, so they can be imported only when it is complete.
    from pipelines.language.queries.compile import compile_text

    text = source if isinstance(source, Source) else Source(name, source)
    plan, warnings = compile_text(text, module_path, dialect, limits or Limits())
    return Query(plan, warnings)
