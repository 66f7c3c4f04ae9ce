"""Names that a folder hands on and that are imported when they are first used (PEP 562)."""

from __future__ import annotations

import sys
from importlib import import_module

TYPE_CHECKING = False  # as typing says it; importing that takes longer than all else here
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def lazy_exports(package: str, names: Mapping[str, tuple[str, ...]]) -> Callable[[str], object]:
    """A module `__getattr__` for `package`, which imports a file once a name of it is used.

    `names` lists, for each file of the package, what it hands on. Raises AttributeError, as for
    any module, for a name that is not listed.
    """
    homes = {name: file for file, listed in names.items() for name in listed}

    def load(name: str) -> object:
        file = homes.get(name)
        if file is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value: object = getattr(import_module(f".{file}", package), name)
        setattr(sys.modules[package], name, value)  # the next use finds it without a call
        return value

    return load
