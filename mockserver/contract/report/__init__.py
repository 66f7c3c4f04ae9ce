"""Report: findings, and every form in which they are told.

Comes in: the outcomes of the verbs. Goes out: lines on a console; JSON, JUnit and HTML files;
annotations and a summary for GitHub Actions. Texts of a server are made harmless first.
"""

from .console import print_report
from .files import ensure_writable_folder, write_reports
from .github import report_to_github, stop_workflow_commands
from .progress import ProgressDisplay
from .report import Report, RunInfo, build_report
from .sanitizing import secrets_in_headers
