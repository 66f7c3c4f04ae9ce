"""What the commands that tell something gather, and tell: one file a report.

Comes in: what the user typed. Goes out: a report, in the form of a `ReportOutput`, and whether a
problem was found. The commands import it late: it needs pydantic, which `--help` does not.
"""

from typing import TYPE_CHECKING

from ...lazy_exports import lazy_exports

if TYPE_CHECKING:
    from .explanation_report import ExplainOptions, tell_explanation
    from .rehearsal_report import RehearseOptions, tell_rehearsal
    from .related_report import tell_related
    from .release_report import CompareOptions, compare, describe

__getattr__ = lazy_exports(
    __name__,
    {
        "explanation_report": ("ExplainOptions", "tell_explanation"),
        "related_report": ("tell_related",),
        "rehearsal_report": ("RehearseOptions", "tell_rehearsal"),
        "release_report": ("CompareOptions", "compare", "describe"),
    },
)
