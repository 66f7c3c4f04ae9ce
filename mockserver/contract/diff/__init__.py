"""Comparison: do a server's filters select, and its deletes delete, what those of a dialect do?

Comes in: a `Target`, the `Identity` that it was recognised as, and `DiffSettings`. Goes out: an
`Outcome`, with a finding for each difference, shrunk to the smallest request that shows it, and
with the party that is wrong.
What must be true of a single delete, whatever the dialect, is checked in `fuzz.invariants`.
Invariant: server and mock hold the same flow runs whenever the two are compared.
"""

from typing import TYPE_CHECKING

from ...lazy_exports import lazy_exports

if TYPE_CHECKING:
    from .coverage import Coverage
    from .delete_comparison import restrict_to_ids
    from .differences import FILTER_DEVIATIONS
    from .filter_comparison import MAX_DIFFERENCES
    from .runner import DiffSettings, ProgressCallback, diff, undecided_notes
    from .shrinking import shrink_filter
    from .twin import StoreTwin, refusal_status

__getattr__ = lazy_exports(
    __name__,
    {
        "coverage": ("Coverage",),
        "delete_comparison": ("restrict_to_ids",),
        "differences": ("FILTER_DEVIATIONS",),
        "filter_comparison": ("MAX_DIFFERENCES",),
        "runner": (
            "DiffSettings",
            "ProgressCallback",
            "diff",
            "undecided_notes",
        ),
        "shrinking": ("shrink_filter",),
        "twin": ("StoreTwin", "refusal_status"),
    },
)
