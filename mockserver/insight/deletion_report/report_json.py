"""A deletion report as values that JSON can hold.

`version` grows when a key is removed or changes its meaning; new keys keep it.
"""

from __future__ import annotations

from typing import Any

from ..explanation import runs_value, table_value
from .report import DeletionReport, RequestLine
from .report_pages import report_sentence

VERSION = 1


def report_value(report: DeletionReport) -> dict[str, Any]:
    """All that a report holds."""
    return {
        "version": VERSION,
        "headline": report_sentence(report),
        "dialect": report.dialect.name,
        "now": report.now.isoformat(),
        "flow_runs_before": report.before,
        "flow_runs_left": report.left,
        "deleted": report.deleted,
        "deleted_flows": report.flows,
        "deleted_deployments": report.deployments,
        "deleted_in_tables": report.tabled,
        "tables": {table.title: table_value(table) for table in report.tables},
        "deleting": list(map(_line, report.deleting)),
        "refused": list(map(_line, report.refused)),
        "others": list(map(_line, report.others)),
        "requests_of_other_kinds": report.ungrouped,
        "protected": [
            {
                "condition": one.sentence,
                "flow_runs": one.matching,
                "deleted": runs_value(one.gone),
            }
            for one in report.protected
        ],
    }


def _line(line: RequestLine) -> dict[str, Any]:
    return {
        "method": line.method,
        "path": line.path,
        "status": line.status,
        "reason": line.reason or None,
        "condition": line.sentence or None,
        "limit": line.limit,
        "calls": line.calls,
        "deleted": line.deleted,
        "deleted_flows": line.flows,
        "deleted_deployments": line.deployments,
        "warnings": [
            {"id": one.id, "sentence": one.sentence, "note": one.is_note} for one in line.warnings
        ],
        "tables": {table.title: table_value(table) for table in line.tables},
    }
