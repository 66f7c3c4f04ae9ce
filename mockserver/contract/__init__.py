"""The contract kit: tests whether a server keeps the contract of openapi.yaml and its dialect.

Comes in: a command (`drift` compares documents, `fuzz` sends requests of all kinds, `diff` compares
filters and deletes with a mock, `verify` does all three) and its `CommandOptions`. Goes out: a
report, and whether it has findings. Needs the extra `verify`: pip install 'mockserver[verify]'.

`server` is the server under test; `fuzz` holds what must be true of every exchange, such as that
a delete took only what matched; `report` writes what was found.
"""

from typing import TYPE_CHECKING

from ..lazy_exports import lazy_exports

if TYPE_CHECKING:
    from .merge import MergeOptions, run_merge
    from .verify import CommandOptions, run_verb

__getattr__ = lazy_exports(
    __name__,
    {
        "merge": (
            "MergeOptions",
            "run_merge",
        ),
        "verify": (
            "CommandOptions",
            "run_verb",
        ),
    },
)
