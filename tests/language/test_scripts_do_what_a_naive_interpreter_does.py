"""Generated code against a tree-walking interpreter that copies everything."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from pipelines.emit import Drop, Emit
from pipelines.language import Limits
from pipelines.language.analysis import analyse_script
from pipelines.language.codegen import compile_program
from pipelines.language.diagnostic import CompileError, Problems, ScriptError
from pipelines.language.dialect import find_dialect
from pipelines.language.lexer import tokenize
from pipelines.language.parser import parse_script
from pipelines.language.routine import Program
from pipelines.language.script import SimpleOccasion
from pipelines.language.source import Source
from tests.language import naive
from tests.language.random_scripts import PROLOGUE, START, anything_in, events, expressions, scripts

DIALECTS = st.sampled_from(["0.9", "0.11"])
RELAXED = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def resolved(text: str, dialect: str) -> Program:
    source, spoken, problems = Source("random", text), find_dialect(dialect), Problems()
    tokens = tokenize(source, spoken, problems)
    problems.raise_errors()
    parsed = parse_script(tokens, spoken, problems)
    problems.raise_errors()
    program = analyse_script(parsed, spoken, problems)
    problems.raise_errors()
    return program


def exact(value: Any) -> str:
    """Text in which 1, 1.0 and true differ, and the order of keys does not matter."""
    return json.dumps(value, sort_keys=True)


def outcome(program: Program, dialect: str, event: Any, meta: dict[str, Any], state: Any) -> list[str]:
    instance = compile_program(program, find_dialect(dialect), Limits()).start(None, deepcopy(state))
    event, meta = deepcopy(event), deepcopy(meta)
    try:
        result = instance.function(event, meta, SimpleOccasion())
    except ScriptError as error:
        return ["failed"] if error.diagnostic.span else ["failed nowhere"]
    if result is Drop:
        return ["drop", exact(meta), exact(instance.cell.value)]
    value, port = (result.value, result.port) if result.__class__ is Emit else (result, "out")
    return ["emit", exact(value), exact(port), exact(meta), exact(instance.cell.value)]


def naively(program: Program, dialect: str, event: Any, meta: dict[str, Any], state: Any) -> list[str]:
    result = naive.run(program, find_dialect(dialect), event, meta, state)
    return [result[0], *(exact(part) for part in result[1:])]


def compare(text: str, dialect: str, event: Any, meta: dict[str, Any], state: Any) -> None:
    if dialect == "0.9":
        text = text.replace("#{", "{")
    try:
        program = resolved(text, dialect)
    except CompileError:
        assume(False)
    assert outcome(program, dialect, event, meta, state) == naively(program, dialect, event, meta, state)


@RELAXED
@given(expressions, events, anything_in)
def test_an_expression_has_the_value_that_an_interpreter_works_out(text: str, event: Any, state: Any) -> None:
    compare(PROLOGUE + START + text, "0.11", event, {}, state)


@RELAXED
@given(scripts, events, anything_in, DIALECTS)
def test_a_script_does_what_an_interpreter_does(text: str, event: Any, state: Any, dialect: str) -> None:
    compare(text, dialect, event, {"c": {"a": 1}}, state)
