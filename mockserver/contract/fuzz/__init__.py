"""Fuzzing: does a server answer every request as the document says?

Comes in: a `Target` that may be fuzzed and the dialect it is expected to speak. Goes out: an
`Outcome`, with a finding for each kind of exchange that violates a check and that no known
deviation explains. Schemathesis generates the requests, and the checks are those of `exchanges`.
Invariant: every flow run and flow that a run creates is deleted at its end.
"""

from typing import TYPE_CHECKING

from ...lazy_exports import lazy_exports

if TYPE_CHECKING:
    from .fuzz_settings import FuzzSettings
    from .hook_files import copy_hooks
    from .interceptor import (
        CHECK_ID_BY_NAME,
        RequestInterceptor,
        make_schemathesis_check,
        to_answer,
    )
    from .runner import fuzz

__getattr__ = lazy_exports(
    __name__,
    {
        "fuzz_settings": ("FuzzSettings",),
        "hook_files": ("copy_hooks",),
        "interceptor": (
            "CHECK_ID_BY_NAME",
            "RequestInterceptor",
            "make_schemathesis_check",
            "to_answer",
        ),
        "runner": ("fuzz",),
    },
)
