"""Reports of a run: on the terminal, as files, and for GitHub Actions.

Comes in: the outcomes of the commands. Goes out: lines on a console; HTML, JSON, JUnit XML and
markdown files; annotations and a summary on GitHub Actions.
Invariant: texts from a server are sanitized before anything shows them, and each renderer escapes
them for its own syntax.
"""

from .console import print_report
from .files import ensure_writable_folder, write_atomically, write_reports
from .github import report_to_github, stop_workflow_commands
from .progress import ProgressDisplay
from .report import Remark, RemarkKind, Report, RunInfo, build_report
from .sanitizing import secrets_in_headers
