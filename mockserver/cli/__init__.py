"""The command line, `mockserver`: one file a command, or a group of them.

Comes in: arguments and environment variables. Goes out: calls of the folders below, text on
stdout and stderr, and an exit code: 0 success, 1 a problem was found, 2 wrong usage.

`app` holds the program, and each command is in a file of its own that is imported when the
command is used.
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
