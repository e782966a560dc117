"""`bucket`: limits the rate of events, by class and by dimensions."""

from __future__ import annotations

import ast
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, NamedTuple

from pydantic import Field, model_validator

from pipelines.errors import EventError
from pipelines.field_path import MISSING, FieldPath, FieldPathOption
from pipelines.operator import Kind, Operator, Scope, operators
from pipelines.options import Duration, Options
from pipelines.sliding_window import SlidingWindow
from pipelines.syntax import assign, attempt, attribute, branch, call, constant, item, load, method, same
from pipelines.values import key_of

__all__ = ["Bucket"]

_MAX_WINDOWS = 10_000
_MAX_FOUND = 10_000
_SHORT = 64
_MOST_SECOND_CHANCES = 16


class BucketOptions(Options):
    """How many events of what, in which time."""

    rate: int | None = Field(
        default=None,
        ge=0,
        description="Events per window for each class and its dimensions. Without it, the metadata of each event "
        "say everything: class and rate, and optionally dimensions, time_range (milliseconds), windows, cardinality.",
    )
    class_: FieldPathOption | None = Field(
        default=None,
        alias="class",
        description="The field that holds the class; one class for all if not given.",
    )
    dimensions: list[FieldPathOption] = Field(
        default_factory=list,
        description="Fields whose values are limited apart from each other within a class.",
    )
    window: Duration = Field(
        default="1s",  # type: ignore[assignment]
        ge=1e-6,
        description="The time in which rate events may pass.",
    )
    windows: int = Field(
        default=100,
        ge=1,
        le=_MAX_WINDOWS,
        description="Slots of the window; the more, the more smoothly it slides.",
    )
    cardinality: int = Field(
        default=1000,
        ge=1,
        description="Different dimensions remembered for each class; beyond it, one not used lately is forgotten.",
    )
    max_classes: int = Field(
        default=1000, ge=1, description="Classes remembered; beyond it, one not used lately is forgotten."
    )

    @model_validator(mode="after")
    def _rate_for_the_rest(self) -> BucketOptions:
        if self.rate is None and (self.class_ is not None or self.dimensions):
            raise ValueError("class and dimensions need a rate; without it, the metadata say what they are")
        return self


class _Limit(NamedTuple):
    rate: int
    windows: int
    window_ns: int
    cardinality: int


@operators.register
class Bucket(Operator):
    """Events within the rate leave by ``out``, the others by ``overflow``; without a class or a rate, by ``err``.

    Each class and each combination of dimensions has a sliding window of its own. Time is that of the events' arrival.
    A window keeps the rate, length and slots that its first event had, until it is forgotten: of those that come later
    only class, dimensions and rate are looked at. A dimension that is missing counts as null.
    """

    name = "bucket"
    summary = "Limits the rate of events, by class and by dimensions."
    example = """
[pipelines.limited]
operators = [{ type = "bucket", class = "level", dimensions = ["host"], rate = 100, window = "1s" }]
"""

    options: BucketOptions
    Options = BucketOptions
    kind = Kind.ROUTE
    outputs: tuple[str, ...] = ("out", "overflow")
    changes_values = False

    def __init__(self, options: BucketOptions | None = None) -> None:
        super().__init__(options)
        self._classes: OrderedDict[Any, OrderedDict[Any, SlidingWindow]] = OrderedDict()
        self._window_ns = round(self.options.window * 1e9)
        rate, windows, cardinality = self.options.rate, self.options.windows, self.options.cardinality
        self._limit = None if rate is None else _Limit(rate, windows, self._window_ns, cardinality)
        # What generated code looks up first: windows by the event's own fields; with metadata, by class and dimensions.
        self._found: dict[Any, Any] = {}
        self._remembered = 0

    def inline_route(self, scope: Scope, port: str) -> tuple[ast.stmt, ...]:
        """The window of an event whose fields are plain texts is found by them at once; `route` does the rest."""
        if self._limit is None and isinstance(scope.meta(), ast.Constant):
            # There are no metadata here, so all that is left to do is to say so.
            return super().inline_route(scope, port)
        window = scope.local("window")
        slowly = call(scope.bind("route", self.route), scope.value(), scope.meta(), scope.ingest_ns())
        return (
            attempt(self._look_up(scope, window), None, [assign(window, constant(None))]),
            branch(
                same(load(window), constant(None)),
                [assign(port, slowly)],
                [
                    branch(
                        ast.Compare(scope.ingest_ns(), [ast.GtE()], [attribute(load(window), "until_ns")]),
                        [method(window, "advance", scope.ingest_ns())],
                    ),
                    ast.Assign([ast.Attribute(load(window), "used", ast.Store())], self._mark(scope)),
                    branch(
                        ast.Compare(attribute(load(window), "left"), [ast.Gt()], [constant(0)]),
                        [
                            ast.AugAssign(
                                ast.Attribute(load(window), "left", ast.Store()), ast.Sub(), constant(1)
                            ),
                            assign(port, constant("out")),
                        ],
                        [assign(port, constant("overflow"))],
                    ),
                ],
            ),
        )

    def _mark(self, scope: Scope) -> ast.expr:
        """What a use writes into its window."""
        return constant(True)

    def _look_up(self, scope: Scope, window: str) -> list[ast.stmt]:
        found = scope.bind("found", self._found)
        if self._limit is None:
            by_dimensions = ast.Subscript(found, item(scope.meta(), "class"), ast.Load())
            dimensions = call(attribute(scope.meta(), "get"), constant("dimensions"))
            # The very same number is the usual case; one that is only equal may be true, or 1.0, which are refused.
            other_rate = same(attribute(load(window), "rate"), item(scope.meta(), "rate"), negated=True)
            return [
                assign(window, call(attribute(by_dimensions, "get"), dimensions)),
                branch(
                    ast.BoolOp(ast.And(), [same(load(window), constant(None), negated=True), other_rate]),
                    [assign(window, constant(None))],
                ),
            ]
        paths = [*filter(None, [self.options.class_]), *self.options.dimensions]
        keys = [_field(scope.value(), path) for path in paths]
        key = keys[0] if len(keys) == 1 else ast.Tuple(keys, ast.Load())
        return [assign(window, call(attribute(found, "get"), key))]

    def route(self, value: Any, meta: dict[str, Any] | None, ingest_ns: int) -> str:
        """Count the event in its window."""
        limit = self._limit
        if limit is None:
            own: tuple[Any, ...] = _class_and_dimensions(meta or {})
            group: Any = key_of(own[0])
            dimensions: Any = key_of(own[1])
        else:
            own = self._fields(value)
            keys = tuple(map(key_of, own))
            group, dimensions = (None, keys) if self.options.class_ is None else (keys[0], keys[1:])
        window = self._window_that_is_there(group, dimensions)
        if window is None:
            window = self._new_window(group, dimensions, limit or self._from_meta(meta or {}), ingest_ns)
        if _are_short_texts(own):
            self._remember(own, window)
        return "out" if window.allow(ingest_ns) else "overflow"

    def _remember(self, own: tuple[Any, ...], window: SlidingWindow) -> None:
        if self._remembered >= _MAX_FOUND:
            self._forget_found()
        self._remembered += 1
        if self._limit is None:
            self._found.setdefault(own[0], {})[own[1]] = window
        else:
            self._found[own[0] if len(own) == 1 else own] = window

    def _forget_found(self) -> None:
        self._found.clear()
        self._remembered = 0

    def _window_that_is_there(self, group: Any, dimensions: Any) -> SlidingWindow | None:
        windows = self._classes.get(group)
        window = None if windows is None else windows.get(dimensions)
        if window is not None:
            window.used = True
        return window

    def _new_window(self, group: Any, dimensions: Any, limit: _Limit, ingest_ns: int) -> SlidingWindow:
        windows = self._classes.get(group)
        if windows is None:
            if len(self._classes) >= self.options.max_classes:
                self._forget_a_class()
            windows = self._classes[group] = self._new_class()
        if len(windows) >= limit.cardinality:
            self._forget_a_window(windows)
        slot_ns = max(1, limit.window_ns // limit.windows)
        window = windows[dimensions] = SlidingWindow(limit.rate, limit.windows, slot_ns, ingest_ns)
        return window

    def _new_class(self) -> OrderedDict[Any, SlidingWindow]:
        return OrderedDict()

    # A use only marks its window, which is cheap. When one must be forgotten, the oldest is looked at: if it is marked,
    # the mark is taken away and it goes to the end (second chance, which pages of memory are replaced by as well).

    def _forget_a_window(self, windows: OrderedDict[Any, SlidingWindow]) -> None:
        while True:
            oldest, window = next(iter(windows.items()))
            if not window.used:
                break
            window.used = False
            windows.move_to_end(oldest)
        del windows[oldest]
        self._forget_found()

    def _forget_a_class(self) -> None:
        # Not for ever: where all are in use, a thousand times a thousand windows would be looked at.
        for _ in range(_MOST_SECOND_CHANCES):
            oldest, windows = next(iter(self._classes.items()))
            used = [window for window in windows.values() if window.used]
            if not used:
                break
            for window in used:
                window.used = False
            self._classes.move_to_end(oldest)
        self._classes.popitem(last=False)
        self._forget_found()

    def _fields(self, value: Any) -> tuple[Any, ...]:
        """The class, if there is one, and the dimensions, as they are in the event."""
        fields: list[Any] = []
        path = self.options.class_
        if path is not None:
            group = path.get(value)
            if group is MISSING:
                raise EventError(f"the event has no field {str(path)!r}, which is its class")
            fields.append(group)
        fields += [path.get(value, None) for path in self.options.dimensions]
        return tuple(fields)

    def _from_meta(self, meta: dict[str, Any]) -> _Limit:
        return _Limit(
            _whole_number(meta, "rate", None, 0),
            min(_MAX_WINDOWS, _whole_number(meta, "windows", self.options.windows, 1)),
            _whole_number(meta, "time_range", self._window_ns // 1_000_000, 1) * 1_000_000,
            # Metadata may come from outside: they can make a class smaller, but not larger than the options say.
            min(self.options.cardinality, _whole_number(meta, "cardinality", self.options.cardinality, 1)),
        )


def _class_and_dimensions(meta: dict[str, Any]) -> tuple[str, Any]:
    """And the rate is looked at, which each event must have, although only the first one of a window sets it."""
    group = meta.get("class")
    if not isinstance(group, str):
        raise EventError(
            "the event's metadata have no `class` (a text), and the bucket has no rate of its own"
        )
    _whole_number(meta, "rate", None, 0)
    return group, meta.get("dimensions")


def _are_short_texts(fields: Sequence[Any]) -> bool:
    """Whether equal ones are surely the same (1 and true are equal), and none is long to remember."""
    return all(field is None or (type(field) is str and len(field) <= _SHORT) for field in fields)


def _field(value: ast.expr, path: FieldPath) -> ast.expr:
    """``value["user"]["name"]``"""
    for key in path:
        value = item(value, key)
    return value


def _whole_number(meta: dict[str, Any], key: str, default: int | None, least: int) -> int:
    number = meta.get(key, default)
    if type(number) is not int or number < least:
        raise EventError(
            f"the event's metadata need `{key}`, a whole number of at least {least}; it is {number!r:.100}"
        )
    return number
