"""Merging the reports of shards, releases and databases, and publishing the report of all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from .accepted import open_accepted
from .merging import merge_reports, read_reports
from .publishing import publish_report
from .report import RENDERERS, ensure_writable_folder, write_form


@dataclass(frozen=True, slots=True)
class MergeOptions:
    """Files of reports and folders that hold some, and where the merged report goes.

    `report` is a folder for all its forms, `files` has a file for some, `shown` is the one to be
    printed in place of the text; forms are named as in RENDERERS. `accept` and `write_accepted` are
    as in `CommandOptions`.
    """

    paths: Sequence[Path]
    report: Path | None = None
    files: Mapping[str, Path] = field(default_factory=dict)
    shown: str | None = None
    accept: Path | None = None
    write_accepted: Path | None = None


def run_merge(options: MergeOptions, environment: Mapping[str, str]) -> bool:
    """Publish the report of all reports together; return whether any finding fails.

    Raises UsageError for what is no report, and for a file that cannot be written.
    """
    accepted = open_accepted(options.accept, options.write_accepted)
    if options.report is not None:
        ensure_writable_folder(options.report)
    report = merge_reports(read_reports(options.paths))
    report = accepted.review(report, datetime.now(UTC).date())
    for form, path in options.files.items():
        write_form(path, form, report)
    render = None if options.shown is None else RENDERERS[options.shown]
    publish_report(report, options.report, accepted, environment, render)
    return report.fails
