"""Rendering a report as JSON, as report.schema.json describes it.

`version` grows when a key is removed or changes its meaning; new keys keep it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..findings import Acceptance, Finding, Outcome
from .report import Remark, Report

VERSION = 1


def render_json(report: Report) -> str:
    """The report as indented JSON text with a line end."""
    return json.dumps(report_as_dict(report), indent=2, ensure_ascii=False) + "\n"


def report_as_dict(report: Report) -> Mapping[str, Any]:
    """The report as a value that JSON can hold."""
    run = report.run
    return {
        "version": VERSION,
        "headline": report.headline,
        "fails": report.fails,
        "run": {
            "url": run.url,
            "server": run.server,
            "dialect": run.dialect,
            # The name, not the value: values are sentences, whose wording may change.
            "ownership": run.ownership.name.lower(),
            "started": run.started.isoformat(),
            "seconds": round(run.seconds, 3),
            "seed": run.seed,
            "release": run.release,
            "database": run.database,
            "spawn": run.spawn,
            "flags": run.flags,
            "command": run.command,
            "shard": str(run.shard),
            "budget": dict(run.budget),
            "mockserver": run.mockserver,
        },
        "outcomes": [_outcome(outcome) for outcome in report.outcomes],
        "remarks": [_remark(remark) for remark in report.remarks],
    }


def _outcome(outcome: Outcome) -> Mapping[str, Any]:
    return {
        "verb": outcome.verb,
        "fails": outcome.fails,
        "seconds": round(outcome.seconds, 3),
        "counts": dict(outcome.counts),
        "holds": list(outcome.holds),
        "notes": list(outcome.notes),
        "findings": [_finding(finding) for finding in outcome.findings],
        "tables": [
            {
                "title": table.title,
                "columns": table.columns,
                "rows": table.rows,
                "reports_only": table.reports_only,
            }
            for table in outcome.tables
        ],
        "is_complete": outcome.is_complete,
        "cells": outcome.cells,
        "undecided": list(outcome.undecided),
        "coverage": {name: list(seen) for name, seen in outcome.coverage.items()},
    }


def _finding(finding: Finding) -> Mapping[str, Any]:
    return {
        "check": finding.check,
        "subject": finding.subject,
        "sentence": finding.sentence,
        "verdict": finding.verdict.value,
        "fails": finding.fails,
        "party": finding.party and finding.party.value,
        "deviation": finding.deviation,
        "evidence": finding.evidence,
        "curl": finding.curl,
        "times": finding.times,
        "id": finding.id,
        "acceptance": finding.acceptance and _acceptance(finding.acceptance),
    }


def _acceptance(acceptance: Acceptance) -> Mapping[str, Any]:
    return {
        "reason": acceptance.reason,
        "expires": acceptance.expires and acceptance.expires.isoformat(),
        "where": acceptance.where,
        "is_expired": acceptance.is_expired,
    }


def _remark(remark: Remark) -> Mapping[str, Any]:
    return {
        "kind": remark.kind.value,
        "id": remark.id,
        "sentence": remark.sentence,
        "path": remark.path,
        "line": remark.line,
    }
