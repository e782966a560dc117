"""`Expression`: the small language of `filter`, such as ``event.status >= 500 and "slow" in event.tags``.

It looks like Python and is parsed by ``ast``, but nothing of Python can be reached from it: names are ``event`` and
``meta`` and nothing else, ``.name`` is the key of an object and never an attribute, and only the functions of
`FUNCTIONS` can be called. There is no arithmetic and no loop, so its time is linear in the size of the event.

===========================  ==================================================================================
``event.a.b``, ``meta.a``    a field; **null where it is missing**, or where something on the way is no object
``event["a b"]``             the same for a key that is no Python name, such as ``event["class"]``
``event.list[0]``            an element of an array, from its end if negative; null beyond its ends
``"text"``, ``1``, ``1.5``   literals; also ``true``, ``false``, ``null`` and lists of literals ``["a", "b"]``
``==`` ``!=``                Python's equality: ``1 == 1.0`` and ``true == 1`` hold
``<`` ``<=`` ``>`` ``>=``    **false between values that have no order**, such as null, or a text and a number
``in``, ``not in``           a part of a text, an element of an array, a key of an object; in anything else nothing is
``and`` ``or`` ``not``       null, false, zero and what is empty count as false
===========================  ==================================================================================

An expression never fails on JSON values. It is compiled twice: to code that assumes that every field is there and has
the right type, and to code that assumes nothing, which runs when the first one stumbles.
"""

from __future__ import annotations

import ast
import copy
import hashlib
import linecache
import operator
from collections import deque
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from pipelines.expression_grammar import LITERALS, parse_tree
from pipelines.operator import Scope
from pipelines.syntax import attribute, call, constant, load, named, same

__all__ = ["FUNCTIONS", "Expression", "ExpressionOption", "parse_expression"]


def _text(function: Callable[[str], Any]) -> Callable[[Any], Any]:
    return lambda value: function(value) if isinstance(value, str) else None


def _two_texts(function: Callable[[str, str], bool]) -> Callable[[Any, Any], bool]:
    return lambda value, part: isinstance(value, str) and isinstance(part, str) and function(value, part)


def _length(value: Any) -> int | None:
    return len(value) if isinstance(value, str | list | dict) else None


def _is_in(item: Any, holder: Any) -> bool:
    try:
        return isinstance(holder, str | list | dict) and item in holder
    except TypeError:
        return False


FUNCTIONS: dict[str, tuple[Callable[..., Any], int]] = {
    "len": (_length, 1),
    "lower": (_text(str.lower), 1),
    "upper": (_text(str.upper), 1),
    "startswith": (_two_texts(str.startswith), 2),
    "endswith": (_two_texts(str.endswith), 2),
    "contains": (lambda holder, item: _is_in(item, holder), 2),
}
"""Functions by name, with the number of their arguments. A value of the wrong type gives null, or false."""

_EMPTY: dict[str, Any] = {}

_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def _field(holder: Any, key: Any) -> Any:
    if isinstance(holder, dict) and isinstance(key, str):
        return holder.get(key)
    if isinstance(holder, list) and type(key) is int and -len(holder) <= key < len(holder):
        return holder[key]
    return None


def _compare(left: Any, *rest: Any) -> bool:
    """``left < a < b …``, given as pairs of a function and a right side."""
    for compare, right in zip(rest[::2], rest[1::2], strict=True):
        try:
            if not compare(left, right):
                return False
        except TypeError:
            return False
        left = right
    return True


_MOST_REMEMBERED = 1000
_remembered: deque[str] = deque()


def _remember(file: str, text: str) -> None:
    """Let tracebacks find its line. Only of so many: taps and reloads bring others again and again."""
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    _remembered.append(file)
    if len(_remembered) > _MOST_REMEMBERED:
        linecache.cache.pop(_remembered.popleft(), None)


class Expression:
    """A checked expression. ``text`` is what the user wrote; calling it evaluates it."""

    def __init__(self, text: str, tree: ast.expr) -> None:
        self.text = text
        self._tree = tree
        digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
        file = f"<expression {digest}>"
        _remember(file, text)
        self._names: dict[str, Any] = {
            "__builtins__": {},
            "_FIELD": _field,
            "_COMPARE": _compare,
            "_IN": _is_in,
        }
        # A NodeTransformer changes the tree that it walks.
        body = _Careful(self._bind).visit(copy.deepcopy(tree))
        parameters = ast.arguments([], [ast.arg("event"), ast.arg("meta")], None, [], [], None, [])
        function = ast.copy_location(ast.Lambda(parameters, body), tree)
        code = compile(ast.fix_missing_locations(ast.Expression(function)), file, "eval")
        self._evaluate: Callable[[Any, Any], Any] = eval(code, self._names)

    def __call__(self, event: Any, meta: dict[str, Any] | None) -> Any:
        """The expression's value for an event and its metadata."""
        return self._evaluate(event, meta)

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expression) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)

    def keys(self) -> set[str]:
        """The keys of objects that it asks for by name."""
        keys = set()
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Attribute):
                keys.add(node.attr)
            elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
                keys.add(str(node.slice.value))
        return keys

    def hopeful(self, scope: Scope) -> ast.expr:
        """Code that either gives what calling the expression gives, or raises, where a value is not as expected."""
        code: ast.expr = _Hopeful(scope).visit(copy.deepcopy(self._tree))
        return code

    def _bind(self, hint: str, thing: object) -> ast.expr:
        name = f"_{hint.upper()}_{len(self._names)}"
        self._names[name] = thing
        return load(name)


class _Careful(ast.NodeTransformer):
    """To code that assumes nothing about the values."""

    def __init__(self, bind: Callable[[str, object], ast.expr]) -> None:
        self._bind = bind

    def visit(self, node: ast.AST) -> Any:
        made = super().visit(node)
        return ast.copy_location(made, node) if isinstance(made, ast.expr) else made

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return constant(LITERALS[node.id]) if node.id in LITERALS else load(node.id)

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        return call(load("_FIELD"), self.visit(node.value), constant(node.attr))

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        return call(load("_FIELD"), self.visit(node.value), self.visit(node.slice))

    def visit_Call(self, node: ast.Call) -> ast.expr:
        assert isinstance(node.func, ast.Name)
        function, _ = FUNCTIONS[node.func.id]
        return call(self._bind(node.func.id, function), *[self.visit(argument) for argument in node.args])

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        arguments = [self.visit(node.left)]
        for kind, right in zip(node.ops, node.comparators, strict=True):
            arguments += [self._bind("compare", _comparison(kind)), self.visit(right)]
        return call(load("_COMPARE"), *arguments)


def _comparison(kind: ast.cmpop) -> Callable[[Any, Any], bool]:
    match kind:
        case ast.Eq():
            return operator.eq
        case ast.NotEq():
            return operator.ne
        case ast.In():
            return _is_in
        case ast.NotIn():
            return lambda item, holder: not _is_in(item, holder)
    return _COMPARISONS[type(kind)]


class _Hopeful(ast.NodeTransformer):
    """To code that takes every value to be what the expression wants, or missing, and raises where one is not."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id in LITERALS:
            return constant(LITERALS[node.id])
        return self._scope.value() if node.id == "event" else self._scope.meta()

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        return call(attribute(self._holder(node.value), "get"), constant(node.attr))

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        key = self.visit(node.slice)
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            return call(attribute(self._holder(node.value), "get"), key)
        return call(self._scope.bind("field", _field), self.visit(node.value), key)

    def _holder(self, node: ast.expr) -> ast.expr:
        """An object on the way to a field, an empty one where it is missing."""
        made: ast.expr = self.visit(node)
        empty = self._scope.bind("empty", _EMPTY)
        if isinstance(node, ast.Name):
            return ast.BoolOp(ast.Or(), [made, empty]) if node.id == "meta" else made
        if isinstance(made, ast.Call) and isinstance(made.func, ast.Attribute):
            made.args.append(empty)
        return made

    def visit_Call(self, node: ast.Call) -> ast.expr:
        assert isinstance(node.func, ast.Name)
        function, _ = FUNCTIONS[node.func.id]
        return call(
            self._scope.bind(node.func.id, function), *[self.visit(argument) for argument in node.args]
        )

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        """Missing fields are common, and raising for each of them would cost twenty times as much as asking."""
        operands = [node.left, *node.comparators]
        if all(type(kind) in _COMPARISONS for kind in node.ops):
            guarded, absent = range(len(operands)), False
        elif len(node.ops) == 1 and isinstance(node.ops[0], ast.In | ast.NotIn):
            guarded, absent = range(1, 2), isinstance(node.ops[0], ast.NotIn)
        else:
            guarded, absent = range(0), False
        made: list[ast.expr] = [self.visit(operand) for operand in operands]
        tests: list[ast.expr] = []
        for index in guarded:
            if isinstance(operands[index], ast.Attribute | ast.Subscript):
                name = self._scope.local("field")
                tests.append(same(named(name, made[index]), constant(None), negated=not absent))
                made[index] = load(name)
        comparison = ast.Compare(made[0], node.ops, made[1:])
        return ast.BoolOp(ast.Or() if absent else ast.And(), [*tests, comparison]) if tests else comparison


def parse_expression(text: object) -> Expression:
    """The expression from its text. Raises ``ValueError`` that says which part is wrong, and what can be written."""
    if isinstance(text, Expression):
        return text
    if not isinstance(text, str) or not text.strip():
        raise ValueError("an expression is text such as 'event.status >= 500'")
    arguments = {name: count for name, (_, count) in FUNCTIONS.items()}
    return Expression(text.strip(), parse_tree(text.strip(), arguments))


ExpressionOption = Annotated[
    Expression,
    BeforeValidator(parse_expression),
    PlainSerializer(lambda expression: expression.text),
    WithJsonSchema({"type": "string", "format": "expression", "examples": ["event.status >= 500"]}),
]
"""An option that is an `Expression`, written as its text."""
