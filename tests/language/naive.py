"""A simple interpreter of scripts: walks the tree, and copies every value that it reads or stores, all of it.

It is what the generated code is compared with, so it shares nothing with it but the tree and the library.
"""

from __future__ import annotations

import math
from copy import deepcopy
from typing import Any

from pipelines.language import tree
from pipelines.language.dialect import Dialect
from pipelines.language.routine import Program, Routine, RoutineKind
from pipelines.language.runtime import json_text
from pipelines.language.runtime.hash_order import hash_order
from pipelines.language.script import SimpleOccasion
from pipelines.language.tree import RootKind

MISSING = object()
LIMIT = 1024


class Failed(Exception):
    """The script failed."""


class Left(Exception):
    """The script emitted or dropped."""

    def __init__(self, value: Any, port: str | None) -> None:
        super().__init__()
        self.value, self.port = value, port


class Again(Exception):
    """``recur``"""

    def __init__(self, arguments: list[Any]) -> None:
        super().__init__()
        self.arguments = arguments


def run(
    program: Program, dialect: Dialect, event: Any, meta: dict[str, Any], state: Any = None
) -> tuple[Any, ...]:
    """``("emit", value, port, meta, state)``, ``("drop", meta, state)`` or ``("failed",)``."""
    machine = Machine(dialect, program.main, deepcopy(event), deepcopy(meta), deepcopy(state))
    try:
        value, port = machine.body(program.main.body), "out"
    except Left as left:
        if left.port is None:
            return "drop", machine.meta, machine.state
        value, port = left.value, left.port
    except Failed:
        return ("failed",)
    return "emit", value, port, machine.meta, machine.state


def kind(value: Any) -> str:
    names = {bool: "bool", int: "int", float: "float", str: "str", list: "list", dict: "dict", bytes: "bytes"}
    return "null" if value is None else names[type(value)]


def need(condition: bool) -> None:
    if not condition:
        raise Failed


def same(left: Any, right: Any) -> bool:
    first, second = kind(left), kind(right)
    if first in ("int", "float") and second in ("int", "float"):
        if first == second == "int":
            return bool(left == right)
        return abs(float(left) - float(right)) < 2.220446049250313e-16
    if {first, second} == {"str", "bytes"}:
        return as_bytes(left) == as_bytes(right)
    if first != second:
        return False
    if first == "list":
        return len(left) == len(right) and all(
            same(one, other) for one, other in zip(left, right, strict=True)
        )
    if first == "dict":
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    return bool(left == right)


def as_bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else value.encode()


def wrap(number: int, signed: bool) -> int:
    number %= 2**64
    return number - 2**64 if signed and number >= 2**63 else number


def numbers(operator: str, left: Any, right: Any) -> Any:
    integers = kind(left) == kind(right) == "int"
    unsigned = integers and left >= 0 and right >= 0
    signed = integers and left < 2**63 and right < 2**63
    if operator == "/":
        if right == 0:
            if left == 0 or math.isnan(left):
                return math.nan
            return math.copysign(math.inf, left) * math.copysign(1.0, right)
        return float(left) / float(right)
    if operator in ("<", "<=", ">", ">="):
        if not integers:
            left, right = float(left), float(right)
        return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[operator]
    if not (unsigned or signed):
        need(operator in ("+", "-", "*"))
        left, right = float(left), float(right)
        return left + right if operator == "+" else left - right if operator == "-" else left * right
    if operator == "%":
        need(right != 0)
        return left - right * (abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1))
    if operator == "-" and unsigned and left < right:
        need(right - left < 2**63)
        return left - right
    if operator in ("<<", ">>", ">>>"):
        return shifted(operator, left, right % 2**32, unsigned)
    exact = {
        "+": lambda: left + right, "-": lambda: left - right, "*": lambda: left * right,
        "&": lambda: left & right, "|": lambda: left | right, "^": lambda: left ^ right,
    }  # fmt: skip
    return wrap(exact[operator](), not unsigned)


def shifted(operator: str, left: int, count: int, unsigned: bool) -> int:
    need(count < 64)
    if operator == "<<":
        return wrap(left * 2**count, not unsigned)
    return wrap((left if operator == ">>" else left % 2**64) // 2**count, not unsigned)


def binary(operator: str, left: Any, right: Any) -> Any:
    if operator in ("==", "!="):
        return same(left, right) == (operator == "==")
    first, second = kind(left), kind(right)
    if first == second == "bool":
        need(operator in ("and", "or", "xor", "&", "|", "^"))
        if operator in ("and", "&"):
            return left and right
        return left or right if operator in ("or", "|") else left != right
    if first in ("str", "bytes") and second in ("str", "bytes"):
        if operator == "+" and first == second == "str":
            return left + right
        one, other = as_bytes(left), as_bytes(right)
        need(operator in ("<", "<=", ">", ">="))
        return {"<": one < other, "<=": one <= other, ">": one > other, ">=": one >= other}[operator]
    need(first in ("int", "float") and second in ("int", "float"))
    need(operator not in ("and", "or", "xor"))
    return numbers(operator, left, right)


def unary(operator: str, value: Any) -> Any:
    if operator == "not" or (operator == "!" and kind(value) == "bool"):
        need(kind(value) == "bool")
        return not value
    need(kind(value) == "int" or (kind(value) == "float" and operator != "!"))
    if operator == "-":
        need(kind(value) == "float" or -(2**63) <= -value < 2**63)
        return -value
    if operator == "!":
        return 2**64 - 1 - value if value >= 0 else -1 - value
    return value


class Machine:
    """One run of one routine."""

    def __init__(self, dialect: Dialect, routine: Routine, event: Any, meta: Any, state: Any) -> None:
        self.dialect, self.routine = dialect, routine
        self.event, self.meta, self.state = event, meta, state
        self.locals: dict[int, Any] = {}
        self.shadows: dict[int, Any] = {}
        self.surplus: Any = None

    # Statements

    def body(self, body: list[tree.Expression], statements: bool = True) -> Any:
        for statement in body[:-1] if statements else []:
            self.effect(statement)
        return self.value(body[-1])

    def effect(self, node: tree.Expression) -> None:
        if isinstance(node, tree.Let | tree.Emit | tree.Drop) or (
            isinstance(node, tree.Match | tree.For) and node.statement
        ):
            self.value(node, False)

    def value(self, node: tree.Expression, wanted: bool = True) -> Any:
        if isinstance(node, tree.Match):
            return self.match(node, wanted)
        if isinstance(node, tree.For):
            return self.loop(node, wanted)
        return deepcopy(getattr(self, "do_" + type(node).__name__.lower())(node))

    def last(self, body: list[tree.Expression], statements: bool, wanted: bool) -> Any:
        if wanted:
            return self.body(body, statements)
        for statement in body:
            self.effect(statement)
        return None

    # Values

    def do_literal(self, node: tree.Literal) -> Any:
        return node.value

    def do_list(self, node: tree.List) -> Any:
        return [self.value(item) for item in node.items]

    def do_record(self, node: tree.Record) -> Any:
        made = {}
        for field in node.fields:
            value = self.value(field.value)
            made[self.value(field.key)] = value
        return made

    def do_interpolation(self, node: tree.Interpolation) -> Any:
        return "".join(
            part if isinstance(part, str) else json_text.interpolate(self.value(part)) for part in node.parts
        )

    def do_unary(self, node: tree.Unary) -> Any:
        return unary(node.operator, self.value(node.operand))

    def do_binary(self, node: tree.Binary) -> Any:
        left = self.value(node.left)
        return binary(node.operator, left, self.value(node.right))

    # Paths

    def root(self, root: tree.Root) -> Any:
        if root.kind is RootKind.LOCAL:
            return self.locals.get(root.slot, MISSING)
        if root.kind is RootKind.SHADOW:
            return self.shadows[root.slot]
        if root.kind is RootKind.CONSTANT:
            return root.value
        if root.kind is RootKind.ARGS:
            return self.surplus
        return {RootKind.EVENT: self.event, RootKind.META: self.meta, RootKind.STATE: self.state}[root.kind]

    def do_path(self, node: tree.Path) -> Any:
        value = self.root(node.root)
        need(value is not MISSING)
        for segment in node.segments:
            if isinstance(segment, tree.Range):
                need(kind(value) == "list")
                start, end = self.value(segment.start), self.value(segment.end)
                need(kind(start) == kind(end) == "int" and 0 <= start <= end <= len(value))
                value = value[start:end]
                continue
            key: Any = segment.name if isinstance(segment, tree.Key) else self.value(segment.expression)
            if kind(key) == "str":
                need(kind(value) == "dict" and key in value)
            else:
                need(kind(value) == "list" and kind(key) == "int" and 0 <= key < len(value))
            value = value[key]
        return value

    def do_present(self, node: tree.Present) -> bool:
        return self.is_present(node.path) != node.negated

    def is_present(self, path: tree.Path) -> bool:
        # Keys are worked out first: whether they fail does not depend on what is there.
        keys: list[Any] = []
        for segment in path.segments:
            if isinstance(segment, tree.Range):
                keys.append((self.value(segment.start), self.value(segment.end)))
            else:
                keys.append(segment.name if isinstance(segment, tree.Key) else self.value(segment.expression))
        value = self.root(path.root)
        for key in keys:
            if kind_or_missing(value) == "dict" and isinstance(key, str):
                value = value.get(key, MISSING)
            elif kind_or_missing(value) == "list" and isinstance(key, tuple):
                start, end = key
                need(kind(start) == kind(end) == "int" and 0 <= start <= end)
                value = value[start:end] if end <= len(value) else MISSING
            elif kind_or_missing(value) == "list":
                if isinstance(key, str) and isinstance(path.segments[keys.index(key)], tree.Key):
                    return False
                need(kind(key) == "int" and key >= 0)
                value = value[key] if key < len(value) else MISSING
            else:
                return False
        return value is not MISSING

    def do_let(self, node: tree.Let) -> Any:
        root, value = node.target.root, self.value(node.value)
        if not node.target.segments:
            if root.kind is RootKind.LOCAL:
                self.locals[root.slot] = value
            elif root.kind is RootKind.SHADOW:
                self.shadows[root.slot] = value
            elif root.kind is RootKind.STATE:
                self.state = value
            elif root.kind is RootKind.META:
                self.meta = value
            else:
                need(root.kind is RootKind.EVENT)
                self.event = value
            return value
        current, keys = self.root(root), []
        need(current is not MISSING)
        for segment in node.target.segments:
            if isinstance(segment, tree.Range):
                raise Failed
            keys.append(segment.name if isinstance(segment, tree.Key) else self.value(segment.expression))
        need(all(kind(key) == "str" for key in keys))
        below: Any = current
        for key in keys:
            need(kind(below) == "dict")
            below = below.get(key, {})
        for key in keys[:-1]:
            current = current.setdefault(key, {})
        current[keys[-1]] = deepcopy(value)
        return value

    def do_emit(self, node: tree.Emit) -> Any:
        value = self.value(node.value) if node.value is not None else self.event
        raise Left(deepcopy(value), "out" if node.port is None else self.value(node.port))

    def do_drop(self, node: tree.Drop) -> Any:
        raise Left(None, None)

    # Match and for

    def match(self, node: tree.Match, wanted: bool) -> Any:
        target = self.value(node.target)
        for clause in node.clauses:
            result = self.pattern(clause.pattern, target)
            if result is MISSING:
                continue
            if isinstance(clause.pattern, tree.AssignPattern):
                self.shadows[clause.pattern.slot] = deepcopy(result)
            if clause.guard is not None:
                guard = self.value(clause.guard)
                need(kind(guard) == "bool")
                if not guard:
                    continue
            return self.last(clause.body, node.statement, wanted)
        raise Failed

    def pattern(self, pattern: tree.Pattern, target: Any) -> Any:
        if isinstance(pattern, tree.Default | tree.Wildcard):
            return target
        if isinstance(pattern, tree.AssignPattern):
            return self.pattern(pattern.pattern, target)
        if isinstance(pattern, tree.ExpressionPattern):
            value = self.value(pattern.expression)
            return value if same(target, value) else MISSING
        if isinstance(pattern, tree.ExtractorPattern):
            if kind(target) != "str" or pattern.extractor is None:
                return MISSING
            found = pattern.extractor.extract(target, SimpleOccasion())
            return MISSING if repr(found) == "MISSING" else found
        if isinstance(pattern, tree.RecordPattern):
            return self.record_pattern(pattern, target)
        if isinstance(pattern, tree.ArrayPattern):
            return self.array_pattern(pattern, target)
        assert isinstance(pattern, tree.TuplePattern)
        count = len(pattern.elements)
        if kind(target) != "list" or len(target) < count or (len(target) > count and not pattern.open):
            return MISSING
        found = []
        for one, item in zip(pattern.elements, target, strict=False):
            found.append(self.pattern(one, item))
            if found[-1] is MISSING:
                return MISSING
        return found

    def record_pattern(self, pattern: tree.RecordPattern, target: Any) -> Any:
        if kind(target) != "dict":
            if self.dialect.strict_patterns:
                return MISSING
            target = {}
        stored = {}
        for field in pattern.fields:
            value = target.get(field.name, MISSING)
            if isinstance(field, tree.PresentField):
                if (value is MISSING) != field.negated:
                    return MISSING
                if not field.negated:
                    stored[field.name] = value
            elif value is MISSING:
                return MISSING
            elif isinstance(field, tree.CompareField):
                if not binary(field.operator, value, self.value(field.expression)):
                    return MISSING
            else:
                nested = isinstance(field.pattern, tree.RecordPattern)
                found = MISSING if nested and kind(value) != "dict" else self.pattern(field.pattern, value)
                if found is MISSING:
                    return MISSING
                stored[field.alias or field.name] = found
        return stored

    def array_pattern(self, pattern: tree.ArrayPattern, target: Any) -> Any:
        if kind(target) != "list":
            return MISSING
        hits = [
            [(place, self.pattern(one, item)) for place, item in enumerate(target)]
            for one in pattern.elements
        ]
        kept = [[[place, found] for place, found in row if found is not MISSING] for row in hits]
        if self.dialect.strict_patterns:
            return MISSING if [] in kept else [hit for row in kept for hit in row]
        return [
            [place, row[place][1]]
            for place in range(len(target))
            for row in hits
            if row[place][1] is not MISSING
        ]

    def loop(self, node: tree.For, wanted: bool) -> list[Any]:
        target, results = self.value(node.target), []
        pairs = list(target.items()) if kind(target) == "dict" else []
        of_event = isinstance(node.target, tree.Path) and node.target.root.kind is RootKind.EVENT
        if of_event and pairs and not self.dialect.ordered_records:
            pairs = [(key, target[key]) for key in hash_order(target)]
        if kind(target) == "list":
            pairs = list(enumerate(target))
        for key, value in pairs:
            for clause in node.clauses:
                self.shadows[clause.key_slot], self.shadows[clause.value_slot] = key, deepcopy(value)
                guard = True if clause.guard is None else self.value(clause.guard)
                need(kind(guard) == "bool")
                if guard:
                    results.append(self.last(clause.body, node.statement, wanted))
                    break
        return results

    # Merge and patch

    def do_merge(self, node: tree.Merge) -> Any:
        target = self.value(node.target)
        need(kind(target) == "dict")
        value = self.value(node.value)
        need(kind(value) == "dict")
        return merged(target, value)

    def do_patch(self, node: tree.Patch) -> Any:
        target = self.value(node.target)
        operands = [
            (one.name, self.value(one.key) if one.key else None, self.value(one.value) if one.value else None)
            for one in node.operations
        ]
        for (name, key, value), operation in zip(operands, node.operations, strict=True):
            need(kind(target) == "dict")
            if operation.key is None:
                target = merged(target, value)
                continue
            need(kind(key) == "str")
            patched(target, name, key, value)
        if not operands:
            need(kind(target) == "dict")
        return target

    # Calls

    def do_call(self, node: tree.Call) -> Any:
        arguments = [self.value(argument) for argument in node.arguments]
        assert node.routine is not None
        return call(self.dialect, node.routine, arguments)

    def do_recur(self, node: tree.Recur) -> Any:
        raise Again([self.value(argument) for argument in node.arguments])


def kind_or_missing(value: Any) -> str:
    return "missing" if value is MISSING else kind(value)


def merged(target: Any, value: Any) -> Any:
    if kind(value) != "dict":
        return value
    result = target if kind(target) == "dict" else {}
    for key, item in value.items():
        if item is None:
            result.pop(key, None)
        elif key in result:
            both = kind(result[key]) == kind(item) == "dict"
            result[key] = merged(result[key], item) if both else item
        else:
            result[key] = item
    return result


def patched(target: dict[str, Any], name: str, key: Any, value: Any) -> None:
    if name in ("move", "copy"):
        need(kind(value) == "str" and value not in target)
        if key in target:
            target[value] = deepcopy(target[key])
            if name == "move":
                del target[key]
    elif name == "erase":
        target.pop(key, None)
    elif name == "merge":
        need(kind(target.get(key, {})) == "dict")
        target[key] = merged(target.get(key, {}), value)
    else:
        need(name == "upsert" or (key in target) == (name == "update"))
        target[key] = value


def call(dialect: Dialect, routine: Routine, arguments: list[Any]) -> Any:
    assert routine.kind is RoutineKind.FUNCTION
    for _ in range(LIMIT):
        machine = Machine(dialect, routine, None, None, None)
        machine.locals = dict(enumerate(arguments[: routine.parameters]))
        machine.surplus = arguments[routine.parameters :]
        try:
            if routine.cases is None:
                return machine.body(routine.body)
            return run_cases(machine, routine.cases)
        except Again as again:
            arguments = again.arguments
    raise Failed


def run_cases(machine: Machine, cases: list[tree.Clause]) -> Any:
    for clause in cases:
        if isinstance(clause.pattern, tree.Default):
            return machine.body(clause.body)
        assert isinstance(clause.pattern, tree.TuplePattern)
        count = machine.routine.parameters
        need(all(slot in machine.locals for slot in range(count)))
        found = machine.pattern(clause.pattern, [machine.locals[slot] for slot in range(count)])
        if found is MISSING:
            continue
        if clause.guard is not None:
            guard = machine.value(clause.guard)
            need(kind(guard) == "bool")
            if not guard:
                continue
        machine.locals.update(enumerate(found))
        return machine.body(clause.body)
    raise Failed
