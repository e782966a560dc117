"""`bucket`: limits the rate of events, by class and by dimensions."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, NamedTuple

from pydantic import Field, model_validator

from pipelines.errors import EventError
from pipelines.field_path import MISSING, FieldPathOption
from pipelines.operator import Kind, Operator, operators
from pipelines.options import Duration, Options
from pipelines.sliding_window import SlidingWindow
from pipelines.values import key_of

__all__ = ["Bucket"]

_MAX_WINDOWS = 10_000


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
        description="Different dimensions remembered for each class; beyond it, the one unused for longest.",
    )
    max_classes: int = Field(
        default=1000, ge=1, description="Classes remembered; beyond it, the one unused for longest."
    )

    @model_validator(mode="after")
    def _rate_for_the_rest(self) -> BucketOptions:
        if self.rate is None and (self.class_ is not None or self.dimensions):
            raise ValueError("class and dimensions need a rate; without it, the metadata say what they are")
        return self


class _Limit(NamedTuple):
    group: str
    rate: int
    windows: int
    window_ns: int
    cardinality: int


@operators.register
class Bucket(Operator):
    """Events within the rate leave by ``out``, the others by ``overflow``; without a class or a rate, by ``err``.

    Each class and each combination of dimensions has a sliding window of its own. Time is that of the events' arrival.
    A window keeps the rate and length that its first event had, until it is forgotten. A dimension that is missing
    counts as null.
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
    outputs = ("out", "overflow")
    changes_values = False

    def __init__(self, options: BucketOptions | None = None) -> None:
        super().__init__(options)
        self._classes: OrderedDict[Any, OrderedDict[Any, SlidingWindow]] = OrderedDict()
        self._window_ns = round(self.options.window * 1e9)
        rate, windows, cardinality = self.options.rate, self.options.windows, self.options.cardinality
        self._limit = None if rate is None else _Limit("", rate, windows, self._window_ns, cardinality)

    def route(self, value: Any, meta: dict[str, Any] | None, ingest_ns: int) -> str:
        """Count the event in its window."""
        limit = self._limit
        if limit is None:
            limit = self._from_meta(meta or {})
            group, dimensions = key_of(limit.group), key_of((meta or {}).get("dimensions"))
        else:
            group, dimensions = self._keys(value)
        windows = self._classes.get(group)
        if windows is None:
            windows = self._classes[group] = OrderedDict()
            if len(self._classes) > self.options.max_classes:
                self._classes.popitem(last=False)
        else:
            self._classes.move_to_end(group)
        window = windows.get(dimensions)
        if window is None:
            slot_ns = max(1, limit.window_ns // limit.windows)
            window = windows[dimensions] = SlidingWindow(limit.rate, limit.windows, slot_ns, ingest_ns)
            if len(windows) > limit.cardinality:
                windows.popitem(last=False)
        else:
            windows.move_to_end(dimensions)
        return "out" if window.allow(ingest_ns) else "overflow"

    def _keys(self, value: Any) -> tuple[Any, Any]:
        group = None
        path = self.options.class_
        if path is not None:
            group = path.get(value)
            if group is MISSING:
                raise EventError(f"the event has no field {str(path)!r}, which is its class")
            group = key_of(group)
        paths = self.options.dimensions
        return group, tuple([key_of(path.get(value, None)) for path in paths]) if paths else None

    def _from_meta(self, meta: dict[str, Any]) -> _Limit:
        group = meta.get("class")
        if not isinstance(group, str):
            raise EventError(
                "the event's metadata have no `class` (a text), and the bucket has no rate of its own"
            )
        return _Limit(
            group,
            _whole_number(meta, "rate", None, 0),
            min(_MAX_WINDOWS, _whole_number(meta, "windows", self.options.windows, 1)),
            _whole_number(meta, "time_range", self._window_ns // 1_000_000, 1) * 1_000_000,
            # Metadata may come from outside: they can make a class smaller, but not larger than the options say.
            min(self.options.cardinality, _whole_number(meta, "cardinality", self.options.cardinality, 1)),
        )


def _whole_number(meta: dict[str, Any], key: str, default: int | None, least: int) -> int:
    number = meta.get(key, default)
    if type(number) is not int or number < least:
        raise EventError(
            f"the event's metadata need `{key}`, a whole number of at least {least}; it is {number!r:.100}"
        )
    return number
