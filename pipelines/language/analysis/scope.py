"""`Scope`: what a module declares. Names are looked up in the module that they are written in, never outside of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pipelines.language.analysis.folding import Folding
from pipelines.language.analysis.hints import nearest
from pipelines.language.diagnostic import Problems
from pipelines.language.library.function import Function
from pipelines.language.limits import Limits
from pipelines.language.routine import Routine
from pipelines.language.source import Span
from pipelines.language.tree import Define, DefineOperator, DefineScript, DefineWindow
from pipelines.language.values import MISSING

__all__ = ["ConstantEntry", "Definition", "FunctionEntry", "Scope"]


@dataclass(slots=True)
class ConstantEntry:
    """``const name = value``. Its value is `MISSING` if it could not be worked out, which was told already."""

    name: str
    span: Span
    value: Any = MISSING
    used: bool = False


@dataclass(slots=True)
class FunctionEntry:
    """``fn name``, with its routine, or ``intrinsic fn name``, with the function of the library that it stands for.

    Both are ``None`` if the library has no such function, which was told already. ``calls``: how many calls of the
    script's own functions one call of it can bring, without recursion.
    """

    name: str
    span: Span
    routine: Routine | None = None
    library: Function | None = None
    calls: int = 0
    used: bool = False


class Definition(NamedTuple):
    """A ``define`` of a query, and the scope of the module that it stands in, where its own names are looked up."""

    node: Define
    scope: Scope


_Definitions = dict[str, Definition]


@dataclass(slots=True, eq=False)
class Scope:
    """One module, or the root. Declarations are added by `declarations.analyse_declarations`, in the order of the text.

    ``path`` are the names of the modules around it and its own. ``announced``: functions that a text that is being
    analysed will declare, for better words when one is called too early. ``folding`` is shared by all scopes of a text.
    """

    path: tuple[str, ...] = ()
    folding: Folding = field(default_factory=Folding)
    constants: dict[str, ConstantEntry] = field(default_factory=dict)
    functions: dict[str, FunctionEntry] = field(default_factory=dict)
    modules: dict[str, Scope] = field(default_factory=dict)
    windows: _Definitions = field(default_factory=dict)
    operators: _Definitions = field(default_factory=dict)
    scripts: _Definitions = field(default_factory=dict)
    announced: set[str] = field(default_factory=set)

    @classmethod
    def within(cls, limits: Limits | None = None) -> Scope:
        """A new root, whose constants keep to ``limits``."""
        return cls(folding=Folding(limits or Limits()))

    @property
    def limits(self) -> Limits:
        """What constants keep to."""
        return self.folding.limits

    def enter(self, name: str) -> Scope:
        """The module of that name; a new one if there is none yet."""
        if name not in self.modules:
            self.modules[name] = Scope((*self.path, name), self.folding)
        return self.modules[name]

    def inside(self, names: tuple[str, ...]) -> Scope | None:
        """The module at that path below this one, ``None`` if there is none."""
        scope: Scope | None = self
        for name in names:
            scope = scope.modules.get(name) if scope else None
        return scope

    def constant(self, names: tuple[str, ...]) -> ConstantEntry | None:
        """The constant at that path, as seen from here."""
        scope = self.inside(names[:-1])
        return scope.constants.get(names[-1]) if scope else None

    def function(self, names: tuple[str, ...]) -> FunctionEntry | None:
        """The function at that path, as seen from here."""
        scope = self.inside(names[:-1])
        return scope.functions.get(names[-1]) if scope else None

    def window(self, names: tuple[str, ...]) -> Definition | None:
        """The ``define … window`` at that path; its node is a `DefineWindow`."""
        scope = self.inside(names[:-1])
        return scope.windows.get(names[-1]) if scope else None

    def operator(self, names: tuple[str, ...]) -> Definition | None:
        """The ``define … operator`` at that path; its node is a `DefineOperator`."""
        scope = self.inside(names[:-1])
        return scope.operators.get(names[-1]) if scope else None

    def script(self, names: tuple[str, ...]) -> Definition | None:
        """The ``define script`` at that path; its node is a `DefineScript`."""
        scope = self.inside(names[:-1])
        return scope.scripts.get(names[-1]) if scope else None

    def definitions(self, kind: type[Define]) -> _Definitions:
        """The table of this module for definitions of that kind."""
        return {DefineWindow: self.windows, DefineOperator: self.operators, DefineScript: self.scripts}[kind]

    def did_you_mean(self, names: tuple[str, ...], table: str, problems: Problems | None = None) -> str:
        """A hint for a path that leads nowhere; "" if nothing is near, or if ``problems`` are many already.

        ``table``: ``constants functions modules windows operators scripts``.
        """
        for depth, name in enumerate(names[:-1]):
            scope = self.inside(names[:depth])
            if scope is not None and name not in scope.modules:
                near = nearest(name, scope.modules, problems)
                return f"did you mean the module `{'::'.join((*names[:depth], near))}`?" if near else ""
        scope = self.inside(names[:-1])
        near = nearest(names[-1], getattr(scope, table), problems) if scope else None
        return f"did you mean `{'::'.join((*names[:-1], near))}`?" if near else ""

    def all_below(self) -> Iterator[Scope]:
        """This scope, and those of all modules in it."""
        yield self
        for module in self.modules.values():
            yield from module.all_below()
