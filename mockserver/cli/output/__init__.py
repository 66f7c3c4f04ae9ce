"""What a command writes, and how: notes, progress bars, seeds, whole files, reports.

Comes in: what a command has to tell. Goes out: text on stderr, a bar where that is a terminal,
files that appear when they are complete, and reports in the form that the user asked for. What goes
to stdout ends with its reader.
"""

from typing import TYPE_CHECKING

from ...lazy_exports import lazy_exports
from .notes import print_note
from .standard_output import ReaderLeftError, flush_standard_output, watch_standard_output

if TYPE_CHECKING:
    from .copy_progress import copy_progress
    from .progress import load_with_progress, progress_bar
    from .report_output import ReportOutput
    from .seed_writing import write_packed, write_population

__getattr__ = lazy_exports(
    __name__,
    {
        "copy_progress": ("copy_progress",),
        "progress": ("load_with_progress", "progress_bar"),
        "report_output": ("ReportOutput",),
        "seed_writing": ("write_packed", "write_population"),
    },
)
