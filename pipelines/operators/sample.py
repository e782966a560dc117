"""`sample`: keeps a part of the events."""

from __future__ import annotations

import ast
import itertools
import random

from pydantic import Field, model_validator

from pipelines.operator import Inline, Kind, Operator, Scope, operators
from pipelines.options import Options
from pipelines.syntax import call, constant

__all__ = ["Sample"]


class SampleOptions(Options):
    """Which part: exactly one of ``rate`` and ``every``."""

    rate: float | None = Field(
        None, ge=0, le=1, description="The probability of each event to be kept, 0 to 1."
    )
    seed: int | None = Field(
        None, description="With rate: the same seed keeps the same events; random if not given."
    )
    every: int | None = Field(None, ge=1, description="Keep the first of every so many events.")

    @model_validator(mode="after")
    def _one_of_them(self) -> SampleOptions:
        if (self.rate is None) == (self.every is None):
            raise ValueError("give either rate (such as 0.1) or every (such as 10)")
        if self.seed is not None and self.rate is None:
            raise ValueError("seed goes with rate; every keeps the same events each time anyway")
        return self


@operators.register
class Sample(Operator):
    """Inlined; the rest are dropped and counted as ``sampled out``."""

    name = "sample"
    summary = "Keeps a part of the events: each with a probability, or every n-th."
    example = """
[pipelines.tenth]
operators = [{ type = "sample", rate = 0.1, seed = 42 }]
"""

    options: SampleOptions
    Options = SampleOptions
    kind = Kind.INLINE
    changes_values = False
    may_fail = False
    drop_reason = "sampled out"

    def __init__(self, options: SampleOptions | None = None) -> None:
        super().__init__(options)
        self._random = random.Random(self.options.seed).random
        self._next = itertools.count().__next__

    def inline(self, scope: Scope) -> Inline:
        """One comparison."""
        if self.options.rate is not None:
            number = call(scope.bind("random", self._random))
            return Inline(keep=ast.Compare(number, [ast.Lt()], [constant(self.options.rate)]))
        remainder = ast.BinOp(call(scope.bind("next", self._next)), ast.Mod(), constant(self.options.every))
        return Inline(keep=ast.Compare(remainder, [ast.Eq()], [constant(0)]))
