"""Gather what `mockserver explain --of flows` tells, and the same of deployments."""

from __future__ import annotations

from datetime import UTC, datetime

from ...errors import UsageError
from ...insight.related_explanation import explain_related, related_page, related_value
from ...prefect import SPEC, find_dialect
from ..output import ReportOutput, print_note
from .explanation_report import ExplainOptions, load_runs, read_content

_MOST_ON_TERMINAL, _MOST_IN_HTML = 6, 50


def tell_related(options: ExplainOptions, kind: str, output: ReportOutput) -> bool:
    """Tell what a filter on flows or deployments deletes. Returns whether a problem was found.

    Raises UsageError for a filter that is refused or cannot be read; SeedError for seeds.
    """
    if [options.filter, *options.protect].count("-") > 1:
        raise UsageError("stdin (-) can be read once")
    content, name = read_content(options.filter, "FILTER")
    protect = [read_content(one, "--protect")[0] for one in options.protect]
    dialect = find_dialect(options.dialect, print_note) if options.dialect else SPEC
    now = options.now or datetime.now(UTC)
    store, where = load_runs(options.runs, now)
    found = explain_related(store, content, kind, dialect, now, protect=protect)
    facts = (
        ("request", f"POST /{kind}/bulk_delete, from {name}"),
        (kind, f"{found.total:,} with {len(store):,} flow runs, from {where}"),
    )
    output.tell(
        related_page(found, facts, _MOST_ON_TERMINAL),
        related_value(found),
        related_page(found, facts, _MOST_IN_HTML),
    )
    return found.found_problem
