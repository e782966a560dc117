"""Loads a user's Python modules from beside the deployment file, without touching ``sys.path``.

Each directory is a world of its own: its modules live in ``sys.modules`` below a name made from the directory's path,
and ``import helpers`` inside them finds ``helpers.py`` of the same directory first, also when it runs late, inside a
function. So two deployments may have modules of the same name, and the host program's imports see none of them.
"""

from __future__ import annotations

import builtins
import hashlib
import importlib
import sys
import traceback
from collections.abc import Mapping, Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

from pipelines.errors import ConfigurationError

__all__ = ["forget_changed_modules", "load_module", "loaded_files"]

_PREFIX = "aftershock_modules_"


def load_module(name: str, search_path: Path | None = None) -> ModuleType:
    """Import a module by its dotted name: from ``search_path`` if it is there, as usual if not.

    Runs the module's code, so it may do what that code does. Raises `ConfigurationError` if there is no such module,
    or with the user's file and line if its code raises.
    """
    directory = None if search_path is None else search_path.resolve()
    beside = directory is not None and _is_beside(directory, name.partition(".")[0])
    full_name = f"{_world(directory)}.{name}" if beside and directory is not None else name
    try:
        return importlib.import_module(full_name)
    except ModuleNotFoundError as error:
        if error.name is not None and (full_name == error.name or full_name.startswith(f"{error.name}.")):
            places = f"{directory} and the installed packages" if directory else "the installed packages"
            raise ConfigurationError(
                f"there is no module {name!r}",
                hint=f"looked in {places}; write the name of a file without its .py",
            ) from None
        raise _import_failed(name, error) from error
    except (Exception, SystemExit) as error:
        raise _import_failed(name, error) from error


def loaded_files(directory: Path) -> tuple[tuple[str, str], ...]:
    """The files of the modules that were loaded from this directory, and their digests."""
    world = f"{_world(directory.resolve())}."
    return tuple(sorted(known for module, known in _loaded.items() if module.startswith(world)))


def forget_changed_modules() -> None:
    """Have the modules of a directory read again by whoever loads one next, if one of their files says something else
    now than when it was loaded. Functions that somebody has go on as they are.
    """
    changed = {
        module.partition(".")[0]
        for module, (file, digest) in _loaded.items()
        if module in sys.modules and _digest(file) != digest
    }
    for module in [name for name in _loaded if name.partition(".")[0] in changed]:
        sys.modules.pop(module, None)
        del _loaded[module]
    for world in changed:
        for name in [name for name in sys.modules if name.startswith(f"{world}.")]:
            del sys.modules[name]
    importlib.invalidate_caches()


_loaded: dict[str, tuple[str, str]] = {}
"""By the full name of a module: its file, and what that had in it."""


def _digest(file: str) -> str:
    try:
        return hashlib.sha256(Path(file).read_bytes()).hexdigest()
    except OSError:
        return ""


def _import_failed(name: str, error: BaseException) -> ConfigurationError:
    if isinstance(error, SyntaxError):
        file, line = error.filename or "", error.lineno
        reason = f"SyntaxError: {error.msg}"
    else:
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if "importlib" not in frame.filename and frame.filename != __file__]
        file, line = (own[-1].filename, own[-1].lineno) if own else ("", None)
        reason = f"{type(error).__name__}: {str(error).replace(_PREFIX, '')[:500]}"
    where = f" ({file}, line {line})" if file else ""
    return ConfigurationError(
        f"the module {name!r} cannot be imported: {reason}{where}",
        hint=f"mend {Path(file).name}, or install what it needs" if file else "mend the module",
    )


def _is_beside(directory: Path, name: str) -> bool:
    # As with a script's own directory, a file must not stand in for a module that Python itself brings.
    if name in sys.stdlib_module_names or not name.isidentifier():
        return False
    return (directory / f"{name}.py").is_file() or (directory / name).is_dir()


def _world(directory: Path) -> str:
    """The package, in ``sys.modules`` only, whose submodules are the modules of a directory."""
    name = (
        _PREFIX
        + hashlib.blake2b(str(directory).encode("utf-8", "surrogateescape"), digest_size=6).hexdigest()
    )
    if name not in sys.modules:
        package = ModuleType(name, f"The modules of {directory}.")
        package.__path__ = [str(directory)]
        sys.modules[name] = package
        if not any(isinstance(finder, _WorldFinder) for finder in sys.meta_path):
            # The finder of Python itself would find them, too, but have them run without our import.
            sys.meta_path.insert(0, _WorldFinder())
    return name


class _WorldFinder:
    """Finds modules below our packages only, and has them run with an ``import`` that looks beside them first."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not name.startswith(_PREFIX):
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and type(spec.loader) is SourceFileLoader:
            spec.loader = _WorldLoader(spec.loader.name, spec.loader.path)
        return spec


class _WorldLoader(SourceFileLoader):
    def exec_module(self, module: ModuleType) -> None:
        world = module.__name__.partition(".")[0]
        directory = Path(sys.modules[world].__path__[0])

        def import_beside(
            name: str,
            globals: Mapping[str, Any] | None = None,
            locals: Mapping[str, Any] | None = None,
            fromlist: Sequence[str] | None = (),
            level: int = 0,
        ) -> ModuleType:
            top = name.partition(".")[0]
            if level or not _is_beside(directory, top):
                return __import__(name, globals, locals, fromlist or (), level)
            if fromlist:
                return __import__(f"{world}.{name}", globals, locals, fromlist, 0)
            importlib.import_module(f"{world}.{name}")
            return sys.modules[f"{world}.{top}"]

        _loaded[module.__name__] = (self.path, _digest(self.path))
        # A module's builtins are what the statement ``import`` in it looks ``__import__`` up in.
        vars(module)["__builtins__"] = {**vars(builtins), "__import__": import_beside}
        super().exec_module(module)
