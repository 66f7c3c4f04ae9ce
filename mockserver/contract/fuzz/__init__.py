"""Fuzz: does a server do what the document says, for any request?

Comes in: a disposable server. Goes out: findings, one for each exchange that breaks an invariant;
schemathesis makes the requests.
"""

from typing import TYPE_CHECKING

from ...lazy_exports import lazy_exports

if TYPE_CHECKING:
    from .campaign import FuzzSettings
    from .checks import UNREADABLE
    from .explainer import Explainer, told
    from .hook_files import copy_hooks
    from .interceptor import CHECK_NAMES, Gate, as_answer, as_schemathesis_check
    from .mock_pool import StandIns
    from .observer import Watch
    from .run_pool import Crowd
    from .runner import fuzz

__getattr__ = lazy_exports(
    __name__,
    {
        "campaign": ("FuzzSettings",),
        "checks": ("UNREADABLE",),
        "explainer": (
            "Explainer",
            "told",
        ),
        "hook_files": ("copy_hooks",),
        "interceptor": (
            "CHECK_NAMES",
            "Gate",
            "as_answer",
            "as_schemathesis_check",
        ),
        "mock_pool": ("StandIns",),
        "observer": ("Watch",),
        "run_pool": ("Crowd",),
        "runner": ("fuzz",),
    },
)
