"""The command line: `mockserver serve`, `seeds`, `verify`, `drift`, `fuzz`, `diff`.

Comes in: flags. Goes out: calls of the folders below, and exit codes: 0 fine, 1 something was
found, 2 wrong use.
"""

from typing import TYPE_CHECKING

from ..lazy_exports import lazy_exports

if TYPE_CHECKING:
    from .app import main

__getattr__ = lazy_exports(
    __name__,
    {
        "app": ("main",),
    },
)
