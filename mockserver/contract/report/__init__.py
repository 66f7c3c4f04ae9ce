"""Report: findings, and every form in which they are told.

Comes in: the outcomes of the verbs. Goes out: lines on a console; JSON, JUnit and HTML files;
annotations and a summary for GitHub Actions. Texts of a server are made harmless first.
"""

from .console import print_report
from .files import make_folder, write_reports
from .github import no_commands, tell_github
from .progress import Live
from .report import Report, Run, report_of
from .sanitizing import secrets_of
