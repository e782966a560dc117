"""For the tests of the analysis: texts become programs, and what is wrong with them places and codes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipelines.language import tree
from pipelines.language.analysis import Scope, analyse_declarations, analyse_script, analyse_select
from pipelines.language.diagnostic import Diagnostic, Problems
from pipelines.language.dialect import DIALECTS
from pipelines.language.lexer import tokenize
from pipelines.language.limits import Limits
from pipelines.language.modules import expand
from pipelines.language.parser import parse_query, parse_script
from pipelines.language.routine import Program, Selection
from pipelines.language.source import Source


def analyse(
    text: str, dialect: str = "0.11", limits: Limits | None = None, module_path: Sequence[Path] = ()
) -> tuple[Program, Problems]:
    problems, version, source = Problems(), DIALECTS[dialect], Source("test", text)
    tokens = expand(tokenize(source, version, problems), module_path, version, problems, source)
    script = parse_script(tokens, version, problems)
    assert problems.errors == []
    return analyse_script(script, version, problems, limits=limits), problems


def program(text: str, dialect: str = "0.11", limits: Limits | None = None) -> Program:
    """Of a text without errors."""
    found, problems = analyse(text, dialect, limits)
    assert problems.errors == []
    return found


def last(text: str, dialect: str = "0.11") -> tree.Expression:
    """What a script without errors ends with."""
    return program(text, dialect).main.body[-1]


def constant(text: str, dialect: str = "0.11") -> Any:
    """The value of the literal that a script without errors ends with."""
    found = last(text, dialect)
    assert isinstance(found, tree.Literal)
    return found.value


def errors(text: str, dialect: str = "0.11", limits: Limits | None = None) -> list[tuple[int, int, str]]:
    """Line, column and code of each error of a script."""
    return [place(error) for error in analyse(text, dialect, limits)[1].errors]


def warnings(text: str, dialect: str = "0.11") -> list[tuple[int, int, str]]:
    """Line, column and code of each warning of a script without errors."""
    _, problems = analyse(text, dialect)
    assert problems.errors == []
    return [place(warning) for warning in problems.warnings]


def hint(text: str, dialect: str = "0.11") -> str:
    """The hint of the only error of a script."""
    (error,) = analyse(text, dialect)[1].errors
    return error.hint


def place(diagnostic: Diagnostic) -> tuple[int, int, str]:
    return diagnostic.line, diagnostic.column, diagnostic.code


def query(
    text: str, dialect: str = "0.11", module_path: Sequence[Path] = ()
) -> tuple[list[Selection], Scope, Problems]:
    """The selects of a query; its modules and definitions are in the scope."""
    problems, version, scope = Problems(), DIALECTS[dialect], Scope.within()
    source = Source("test", text)
    tokens = expand(tokenize(source, version, problems), module_path, version, problems, source)
    parsed = parse_query(tokens, version, problems)
    assert problems.errors == []
    selections = []
    for statement in parsed.statements:
        if isinstance(statement, tree.Select):
            selections.append(analyse_select(statement, scope, version, problems))
        elif not isinstance(statement, tree.Create | tree.CreateStream):
            analyse_declarations([statement], scope, version, problems)
    return selections, scope, problems


def select(text: str, dialect: str = "0.11") -> Selection:
    """The last select of a query without errors."""
    selections, _, problems = query(text, dialect)
    assert problems.errors == []
    return selections[-1]


def query_errors(text: str, dialect: str = "0.11") -> list[tuple[int, int, str]]:
    return [place(error) for error in query(text, dialect)[2].errors]
