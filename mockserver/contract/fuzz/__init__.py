"""Fuzz: does a server do what the document says, for any request?

Comes in: a disposable server. Goes out: findings, one for each exchange that breaks an invariant;
schemathesis makes the requests.
"""

from typing import TYPE_CHECKING

from ...lazy_exports import lazy_exports

if TYPE_CHECKING:
    from .campaign import FuzzSettings
    from .checks import UNREADABLE
    from .copy_hooks import copy_hooks
    from .expected import Explainer, told
    from .gate import CHECK_NAMES, Gate, as_answer, as_schemathesis_check
    from .invariants import Watch
    from .oracles import StandIns
    from .run import fuzz
    from .test_runs import Crowd

__getattr__ = lazy_exports(
    __name__,
    {
        "campaign": ("FuzzSettings",),
        "checks": ("UNREADABLE",),
        "copy_hooks": ("copy_hooks",),
        "expected": (
            "Explainer",
            "told",
        ),
        "gate": (
            "CHECK_NAMES",
            "Gate",
            "as_answer",
            "as_schemathesis_check",
        ),
        "invariants": ("Watch",),
        "oracles": ("StandIns",),
        "run": ("fuzz",),
        "test_runs": ("Crowd",),
    },
)
