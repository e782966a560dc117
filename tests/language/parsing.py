"""What tests of the parser share: texts to trees, trees to short texts, and errors."""

import json
from dataclasses import fields

from pipelines.language import tree
from pipelines.language.diagnostic import Diagnostic, Problems
from pipelines.language.dialect import find_dialect
from pipelines.language.lexer import tokenize
from pipelines.language.parser import parse_query, parse_script
from pipelines.language.source import Source

_SKIPPED = {
    tree.Root: ("slot", "value"),
    tree.Call: ("function", "routine", "aggregate", "slot"),
    tree.ForClause: ("key_slot", "value_slot"),
    tree.ExtractorPattern: ("extractor",),
    tree.AssignPattern: ("slot",),
}


def read_script(text: str, dialect: str = "0.11") -> tuple[tree.Script, list[Diagnostic]]:
    """The tree, and all errors, those of the lexer too."""
    problems = Problems()
    tokens = tokenize(Source("script", text), find_dialect(dialect), problems)
    return parse_script(tokens, find_dialect(dialect), problems), problems.errors


def read_query(text: str, dialect: str = "0.11") -> tuple[tree.Query, list[Diagnostic]]:
    """As `read_script`."""
    problems = Problems()
    tokens = tokenize(Source("query", text), find_dialect(dialect), problems)
    return parse_query(tokens, find_dialect(dialect), problems), problems.errors


def script(text: str, dialect: str = "0.11") -> tree.Script:
    """The tree of a script that is right."""
    found, errors = read_script(text, dialect)
    assert errors == [], errors[0].render()
    return found


def query(text: str, dialect: str = "0.11") -> tree.Query:
    """The tree of a query that is right."""
    found, errors = read_query(text, dialect)
    assert errors == [], errors[0].render()
    return found


def shape(text: str, dialect: str = "0.11") -> str:
    """The shapes of a script's statements, as `show` writes them."""
    return "; ".join(show(statement) for statement in script(text, dialect).statements)


def query_shape(text: str, dialect: str = "0.11") -> str:
    """The shapes of a query's statements."""
    return "; ".join(show(statement) for statement in query(text, dialect).statements)


def show(node: object) -> str:
    """A node as a short text: operators before their operands, paths as written, ``-`` for what is not there."""
    match node:
        case tree.Literal():
            return json.dumps(node.value)
        case tree.Unary():
            return f"({node.operator} {show(node.operand)})"
        case tree.Binary():
            return f"({node.operator} {show(node.left)} {show(node.right)})"
        case tree.Path():
            return _show_path(node)
        case tree.List():
            return show(node.items)
        case tree.ExpressionPattern():
            return show(node.expression)
        case tree.Node():
            skipped = ("span", *_SKIPPED.get(type(node), ()))
            parts = [show(getattr(node, field.name)) for field in fields(node) if field.name not in skipped]
            return f"({' '.join([type(node).__name__.lower(), *parts])})"
        case list() | tuple():
            return f"[{' '.join(show(item) for item in node)}]"
        case None:
            return "-"
        case bool():
            return "yes" if node else "no"
    return str(node) or "''"


def _show_path(node: tree.Path) -> str:
    text = "::".join(node.root.names) or node.root.kind.value
    for segment in node.segments:
        match segment:
            case tree.Key():
                text += f".{segment.name}"
            case tree.Index():
                text += f"[{show(segment.expression)}]"
            case tree.Range():
                text += f"[{show(segment.start)}:{show(segment.end)}]"
    return text


def first_error(text: str, dialect: str = "0.11") -> Diagnostic:
    """The first error of a script that is wrong."""
    return read_script(text, dialect)[1][0]


def place(error: Diagnostic) -> tuple[int, int]:
    """Where its caret stands."""
    return error.line, error.column
