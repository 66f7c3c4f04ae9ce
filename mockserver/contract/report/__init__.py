"""Reports of a run: on the terminal, as files, and for GitHub Actions.

Comes in: the outcomes of the commands. Goes out: lines on a console; HTML, JSON, JUnit XML and
markdown files; annotations and a summary on GitHub Actions.
Invariant: texts from a server are sanitized before anything shows them, and each renderer escapes
them for its own syntax.
"""

from .advice import SHARD_MISSING, advise
from .console import print_report
from .files import (
    HTML_REPORT,
    JSON_REPORT,
    JUNIT_REPORT,
    MARKDOWN_REPORT,
    RENDERERS,
    ensure_writable_folder,
    write_atomically,
    write_form,
    write_reports,
)
from .github import report_to_github, stop_workflow_commands
from .progress import ProgressDisplay
from .report import VERDICT_LABELS, Remark, RemarkKind, Report, RunInfo, build_report, was_run
from .sanitizing import sanitize_uncut_line, secrets_in_headers
