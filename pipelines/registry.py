"""Registries: families of parts (operators, onramps, codecs, …) by the name that a TOML file uses.

A family's own members live one a file in one package, and register themselves with the decorator::

    @operators.register
    class Filter(Operator):
        name = "filter"
        summary = "Keeps the events for which an expression is true."

Other distributions add members through an entry point in the family's group (``aftershock.operators``,
``aftershock.onramps``, …) that names the class; its ``name`` is what counts, not the entry point's.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from importlib.metadata import EntryPoint, entry_points
from typing import Any, ClassVar, Generic, TypeVar

from pipelines.errors import ConfigurationError, UnknownComponent
from pipelines.options import Options

__all__ = ["Component", "Registry"]


class Component:
    """What every part has that a TOML file can name: a name, one line about it, its options, an example."""

    name: ClassVar[str]
    """The name in a TOML file, in lower case with hyphens."""

    summary: ClassVar[str]
    """One sentence for ``supervisor list``: what it is for."""

    example: ClassVar[str] = ""
    """A TOML fragment that works, shown by ``supervisor explain`` and checked by a test."""

    Options: ClassVar[type[Options]] = Options
    """The declaration of its options."""

    def __init__(self, options: Any = None) -> None:
        self.options = self.Options() if options is None else options


ComponentType = TypeVar("ComponentType", bound=Component)


class Registry(Generic[ComponentType]):
    """The members of one family by name.

    ``family`` is the word for one member in messages ("onramp"); ``group`` the entry-point group; ``package`` the
    package whose modules hold our own members, each in a module of its name (``lines-null`` in ``lines_null``),
    which is imported when it is asked for: most deployments need few of them, and some need large libraries.
    """

    def __init__(self, family: str, group: str, package: str) -> None:
        self.family = family
        self.group = group
        self._package = package
        self._members: dict[str, type[ComponentType]] = {}
        self._loaded = False
        self._others: tuple[EntryPoint, ...] | None = None
        self.broken: dict[str, ConfigurationError] = {}
        """Members of other distributions that could not be loaded, by the names of their entry points."""

    def register(self, member: type[ComponentType]) -> type[ComponentType]:
        """Class decorator: add a member under its ``name``. Raises `ConfigurationError` if the name is taken."""
        taken = self._members.get(member.name)
        if taken is not None and taken is not member:
            raise ConfigurationError(
                f"two {self.family}s are called {member.name!r}: {taken.__module__}.{taken.__qualname__} and "
                f"{member.__module__}.{member.__qualname__}",
                hint="uninstall one of the two distributions, or rename its component",
            )
        self._members[member.name] = member
        return member

    def get(self, name: str) -> type[ComponentType]:
        """The member called ``name``. Raises `UnknownComponent` with suggestions, and `ConfigurationError` for one of
        another distribution that cannot be loaded.
        """
        if not self._loaded:
            own = self._own(name)
            if own is not None:
                return own
        self._load()
        try:
            return self._members[name]
        except KeyError:
            if name in self.broken:
                raise self.broken[name] from None
            known = self.names()
            raise UnknownComponent(
                self.family, name, difflib.get_close_matches(name, known, n=3), known
            ) from None

    def names(self) -> list[str]:
        """All names, sorted."""
        self._load()
        return sorted(self._members)

    def members(self) -> list[type[ComponentType]]:
        """All members, sorted by name."""
        return [self._members[name] for name in self.names()]

    def _own(self, name: str) -> type[ComponentType] | None:
        """Our own member of that name, without the others, where no other distribution can have one of the name."""
        if self._others is None:
            self._others = tuple(entry_points(group=self.group))
        if self._others:
            return None
        if name not in self._members and name.replace("-", "_") in self._modules():
            importlib.import_module(f"{self._package}.{name.replace('-', '_')}")
        return self._members.get(name)

    def _modules(self) -> list[str]:
        package = importlib.import_module(self._package)
        return [module.name for module in pkgutil.iter_modules(package.__path__)]

    def _load(self) -> None:
        if self._loaded:
            return
        self._loaded = True
        for module in self._modules():
            importlib.import_module(f"{self._package}.{module}")
        for entry_point in entry_points(group=self.group):
            # A part that nobody names must not keep the others from working.
            try:
                self.register(entry_point.load())
            except Exception as error:
                self.broken[entry_point.name] = ConfigurationError(
                    f"the {self.family} {entry_point.name!r} of another distribution cannot be loaded: {error}",
                    hint=f"mend or uninstall the distribution that declares {entry_point.value!r}",
                )
