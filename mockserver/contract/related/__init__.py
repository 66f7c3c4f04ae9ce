"""Comparison of the bulk deletes of flows and deployments with those of a dialect.

Comes in: a `Target`, the `Identity` that it was recognised as, and the settings of `diff`. Goes
out: an `Outcome`, with a finding for each difference, made small.
Invariant: only what a reply to this run named is ever deleted, and a flow only while nothing of
somebody else is in it.
"""

from typing import TYPE_CHECKING

from ...lazy_exports import lazy_exports

if TYPE_CHECKING:
    from .differences import RELATED_CHECKS
    from .runner import diff_related

__getattr__ = lazy_exports(
    __name__, {"differences": ("RELATED_CHECKS",), "runner": ("diff_related",)}
)
