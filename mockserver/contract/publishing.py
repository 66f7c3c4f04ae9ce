"""Publishing a report: on the terminal, as files, to GitHub, as a list of accepted findings."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from rich.console import Console

from .accepted import AcceptedFiles
from .report import Report, print_report, report_to_github, stop_workflow_commands, write_reports


def publish_report(
    report: Report,
    folder: Path | None,
    files: AcceptedFiles,
    environment: Mapping[str, str],
    render: Callable[[Report], str] | None = None,
) -> None:
    """Print the report, write the files into `folder` (None: no files), and report to GitHub.

    Also writes the list of accepted findings that the user wants to have. With `render` only what
    it makes of the report is on stdout. Raises UsageError for a folder that cannot be written to.
    """
    notes = sys.stdout if render is None else sys.stderr
    with stop_workflow_commands(sys.stdout, environment):
        try:
            if render is None:
                print_report(report, Console())
            else:
                print(render(report), end="")  # noqa: T201
        finally:  # the reader of what is printed may have left, and still wants the files
            if folder is not None:
                for path in write_reports(folder, report):
                    print(f"wrote {path}", file=notes)
            for line in files.write_list(report):
                print(line, file=notes)
    # Outside of the block: its annotations are meant as workflow commands.
    report_to_github(report, environment, notes)
