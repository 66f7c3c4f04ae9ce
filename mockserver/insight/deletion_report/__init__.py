"""The report of what was deleted: by which requests, which flow runs, and what is left.

Comes in: the store as it was and as it is, and the totals of the requests in between. Goes out: a
`DeletionReport`, which is frozen values; as a `Page` to show, and as JSON. Invariant: nothing is
estimated; where a number is about a part only, the report says of how many.
"""

from typing import TYPE_CHECKING

from ...lazy_exports import lazy_exports
from .request_totals import RequestTotals, find_unfinished

if TYPE_CHECKING:
    from .report import DeletionReport, report_deletions
    from .report_json import report_value
    from .report_pages import report_lines, report_page, report_sentence

__getattr__ = lazy_exports(
    __name__,
    {
        "report": ("DeletionReport", "report_deletions"),
        "report_json": ("report_value",),
        "report_pages": ("report_lines", "report_page", "report_sentence"),
    },
)
