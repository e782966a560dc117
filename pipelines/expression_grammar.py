"""What may stand in an `pipelines.expression.Expression`: parsed by ``ast``, and refused unless it is named here."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Mapping

__all__ = ["LITERALS", "parse_tree"]

LITERALS = {"true": True, "false": False, "null": None}

Functions = Mapping[str, int]

_MAX_CHARACTERS = 4096
_MAX_DEPTH = 32
_MAX_NODES = 1024

_QUOTED = re.compile(r"""\"[^"]*"|'[^']*'""")

# What other languages write; looked for only in what is no expression.
_FOREIGN = (
    (re.compile(r"&&|\|\|"), "write `and` and `or`"),
    (re.compile(r"(?<![=!<>])=(?!=)|==="), "write == to compare"),
    (re.compile(r"!(?!=)"), "write `not`"),
)


def parse_tree(text: str, functions: Functions) -> ast.expr:
    """The checked tree of an expression that may call these functions, given with the number of their arguments.

    Raises ``ValueError`` that says which part is wrong, and what can be written.
    """
    if len(text) > _MAX_CHARACTERS:
        raise ValueError(f"an expression has at most {_MAX_CHARACTERS} characters; this one has {len(text)}")
    # In parentheses, an expression may go over several lines.
    source = f"({text}\n)" if "\n" in text else text
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source, mode="eval").body
    except SyntaxError as error:
        raise ValueError(
            f"{_shorten(text)!r} is not an expression: {error.msg}{_place(error, source)}; {_remedy(text)}"
        ) from None
    except (ValueError, RecursionError, MemoryError) as error:
        reason = str(error) or "nested too deeply"
        raise ValueError(f"{_shorten(text)!r} is not an expression: {reason}") from None
    _check(tree, source, functions)
    return tree


def _place(error: SyntaxError, source: str) -> str:
    """Where in the user's text; "" where that is its end."""
    if not error.offset or not error.lineno:
        return ""
    several = source.startswith("(") and source.endswith("\n)")
    offset = error.offset - (several and error.lineno == 1)
    return f" at character {offset}" + (f" of line {error.lineno}" if several else "")


def _remedy(text: str) -> str:
    without_texts = _QUOTED.sub("", text)
    for pattern, hint in _FOREIGN:
        if pattern.search(without_texts):
            return hint
    return 'a key that is no plain word is written event["the key"]'


def _check(tree: ast.expr, text: str, functions: Functions) -> None:
    pending: list[tuple[ast.expr, int]] = [(tree, 1)]
    nodes = 0
    while pending:
        node, depth = pending.pop()
        nodes += 1
        if depth > _MAX_DEPTH:
            raise ValueError(f"{_shorten(text)!r} is nested too deeply; {_MAX_DEPTH} levels are allowed")
        if nodes > _MAX_NODES:
            raise ValueError(f"{_shorten(text)!r} has too many parts; {_MAX_NODES} are allowed")
        problem = _problem(node, functions) or _normalised(node, text)
        if problem:
            part = _shorten(ast.get_source_segment(text, node) or text)
            raise ValueError(f"{part!r} cannot stand in an expression: {problem}")
        pending.extend((child, depth + 1) for child in _children(node))


def _normalised(node: ast.expr, text: str) -> str:
    """Python reads some letters in names as others (NFKC), which would look a key up under another name."""
    if isinstance(node, ast.Attribute) and not text.isascii():
        written = ast.get_source_segment(text, node) or ""
        if not written.endswith(node.attr):
            return f'Python reads it as {node.attr!r}; write event["…"] with the key in quotes'
    return ""


def _children(node: ast.expr) -> list[ast.expr]:
    match node:
        case ast.Call():
            return list(node.args)
        case ast.Attribute():
            return [node.value]
        case ast.Subscript():
            return [node.value, node.slice]
        case ast.UnaryOp():
            # The operand of a minus sign is a number, which `_problem` has seen to.
            return [node.operand]
        case ast.BoolOp():
            return list(node.values)
        case ast.Compare():
            return [node.left, *node.comparators]
        case ast.List():
            return list(node.elts)
    return []


def _problem(node: ast.expr, functions: Functions) -> str:
    """Why a node is refused, "" if it is not. What is not named here is refused."""
    match node:
        case ast.Constant(value=value):
            return "" if isinstance(value, str | int | float | None) else "this literal has no JSON form"
        case ast.Name(id=name):
            known = name in LITERALS or name in ("event", "meta")
            return "" if known else "the only names are event, meta, true, false and null"
        case ast.Attribute() | ast.Subscript(slice=ast.Constant(value=str() | int())):
            return _problem_of_holder(node.value)
        case ast.Subscript(slice=ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int()))):
            return _problem_of_holder(node.value)
        case ast.Subscript():
            return 'in [ ] stands a text or a whole number: event["key"], event.list[0]'
        case ast.UnaryOp(op=ast.Not()):
            return ""
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float())):
            return ""
        case ast.UnaryOp() | ast.BinOp():
            return "there is no arithmetic"
        case ast.BoolOp():
            return ""
        case ast.Compare(ops=kinds):
            allowed = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn)
            return (
                "" if all(isinstance(kind, allowed) for kind in kinds) else "write == null instead of is null"
            )
        case ast.List(elts=items):
            literal = all(
                isinstance(item, ast.Constant | ast.List | ast.UnaryOp | ast.Name) for item in items
            )
            plain = literal and all(item.id in LITERALS for item in items if isinstance(item, ast.Name))
            return "" if plain else "a list holds literals only"
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in functions:
            wanted = functions[name]
            return "" if len(arguments) == wanted else f"{name} takes {wanted} argument{'s' * (wanted > 1)}"
        case ast.Call():
            return f"the only functions are {', '.join(functions)}"
    return "it is not part of the language; there are fields, literals, comparisons, and, or, not, in"


def _problem_of_holder(holder: ast.expr) -> str:
    is_path = isinstance(holder, ast.Attribute | ast.Subscript) or (
        isinstance(holder, ast.Name) and holder.id in ("event", "meta")
    )
    return "" if is_path else "only event and meta have fields"


def _shorten(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:77]}…"
