"""Diff: do a server's filters and deletes mean what a dialect means?

Comes in: a server and a mock that holds the same runs. Goes out: findings, each shrunk to the
smallest request that shows it, with who is wrong.
"""

from typing import TYPE_CHECKING

from ...lazy_exports import lazy_exports

if TYPE_CHECKING:
    from .runner import DiffSettings, diff

__getattr__ = lazy_exports(
    __name__,
    {
        "runner": (
            "DiffSettings",
            "diff",
        ),
    },
)
