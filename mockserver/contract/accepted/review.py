"""Applying a list of accepted findings to the report of a run."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from ..findings import Finding, Verdict
from ..report import Remark, RemarkKind, Report
from .entries import AcceptedList, Entry, is_acceptable, is_seen, why_unchecked

ENDING_DAYS = 14
"""An entry that expires within so many days gets a remark: time to look for a better remedy."""


def review(report: Report, accepted: AcceptedList, today: date) -> Report:
    """The report with each finding accepted that the list has, and with remarks on its entries."""
    outcomes = [
        replace(outcome, findings=[_accept(one, accepted, today) for one in outcome.findings])
        for outcome in report.outcomes
    ]
    remarks = [_remark(entry, accepted, report, today) for entry in accepted.entries]
    return replace(report, outcomes=outcomes, remarks=[one for one in remarks if one is not None])


def _accept(finding: Finding, accepted: AcceptedList, today: date) -> Finding:
    entry = accepted.find(finding) if is_acceptable(finding) else None
    if entry is None:
        return finding
    acceptance = accepted.acceptance(entry, today)
    verdict = finding.verdict if acceptance.is_expired else Verdict.ACCEPTED
    return replace(finding, verdict=verdict, acceptance=acceptance)


def _remark(entry: Entry, accepted: AcceptedList, report: Report, today: date) -> Remark | None:
    """What there is to say about an entry, or None. An expired one is told with its finding."""
    if is_seen(entry, report):
        days = None if entry.expires is None else (entry.expires - today).days
        if days is None or not 0 <= days <= ENDING_DAYS:
            return None
        kind, what = RemarkKind.ENDING, f"expires {_in_days(days)}, on {entry.expires}"
    elif why := why_unchecked(entry, report):
        kind, what = RemarkKind.UNCHECKED, f"accepted, but not seen, which proves nothing ({why})"
    elif entry.is_random:
        what = "accepted, but not seen this time, by random requests: remove it if that stays so"
        kind = RemarkKind.UNSEEN
    else:
        kind, what = RemarkKind.UNSEEN, "accepted, but no longer seen: remove it"
    return Remark(kind, entry.id, f"{what}: {entry.id}", str(accepted.path), entry.line)


def _in_days(days: int) -> str:
    return {0: "today", 1: "tomorrow"}.get(days, f"in {days} days")
