"""Lazy exports: names of a package that are imported when they are first used (PEP 562)."""

from __future__ import annotations

import sys
from importlib import import_module

TYPE_CHECKING = (
    False  # for type checkers; importing it from typing takes longer than the rest of the module
)
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def lazy_exports(package: str, names: Mapping[str, tuple[str, ...]]) -> Callable[[str], object]:
    """Return a module `__getattr__` for `package` that imports a file once a name of it is used.

    `names` lists the names that each file of the package exports. For any other name the function
    raises AttributeError, as every module does.
    """
    file_of = {name: file for file, listed in names.items() for name in listed}

    def load(name: str) -> object:
        file = file_of.get(name)
        if file is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value: object = getattr(import_module(f".{file}", package), name)
        setattr(sys.modules[package], name, value)  # so that the next use does not call this
        return value

    return load
