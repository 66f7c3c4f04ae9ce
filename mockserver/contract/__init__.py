"""The contract kit: does a server keep the contract that openapi.yaml and the dialects tell?

`drift` compares documents, `fuzz` sends any request, `diff` holds what filters mean against a
dialect; `verify` is the three. Needs the extra `verify`: pip install 'mockserver[verify]'.
"""

from typing import TYPE_CHECKING

from ..lazy_exports import lazy_exports

if TYPE_CHECKING:
    from .verify import CommandOptions, run_verb

__getattr__ = lazy_exports(
    __name__,
    {
        "verify": (
            "CommandOptions",
            "run_verb",
        ),
    },
)
