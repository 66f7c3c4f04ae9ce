"""Gather what `mockserver explain --of flows` tells, and the same of deployments."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ...errors import UsageError
from ...insight.related_explanation import explain_related, related_page, related_value
from ...prefect import SPEC, Dialect, find_dialect
from ..output import ReportOutput, print_note
from .explanation_report import ExplainOptions, ask_server, load_runs, read_content

if TYPE_CHECKING:  # imports aiohttp
    from ...remote import ReadClient, RelatedServerExplanation

_MOST_ON_TERMINAL, _MOST_IN_HTML = 6, 50


def tell_related(options: ExplainOptions, kind: str, output: ReportOutput) -> bool:
    """Tell what a filter on flows or deployments deletes. Returns whether a problem was found.

    Raises UsageError for a filter that is refused or cannot be read, and for a server that does not
    answer; SeedError for seeds.
    """
    if [options.filter, *options.protect].count("-") > 1:
        raise UsageError("stdin (-) can be read once")
    content, name = read_content(options.filter, "FILTER")
    protect = [read_content(one, "--protect")[0] for one in options.protect]
    now = options.now or datetime.now(UTC)
    if options.server is None:
        dialect = find_dialect(options.dialect, print_note) if options.dialect else SPEC
        store, where = load_runs(options.runs, now)
        found = explain_related(store, content, kind, dialect, now, protect=protect)
        run_count = len(store)
    else:
        answered, where = _ask(options, content, kind, protect, now)
        found, run_count = answered.explanation, answered.run_count
    facts = (
        ("request", f"POST /{kind}/bulk_delete, from {name}"),
        (kind, f"{found.total:,} with {run_count:,} flow runs, from {where}"),
    )
    output.tell(
        related_page(found, facts, _MOST_ON_TERMINAL),
        related_value(found),
        related_page(found, facts, _MOST_IN_HTML),
    )
    return found.found_problem


def _ask(
    options: ExplainOptions,
    content: str | bytes,
    kind: str,
    protect: list[str | bytes],
    now: datetime,
) -> tuple[RelatedServerExplanation, str]:
    """The explanation of a filter on a server, and the server's URL."""
    from ...remote import explain_related_server  # imports aiohttp

    def ask(client: ReadClient, dialect: Dialect) -> Awaitable[RelatedServerExplanation]:
        return explain_related_server(
            client, content, kind, dialect, now, protect=protect, most=options.most
        )

    answered, url = ask_server(options, ask)
    for note in answered.notes:
        print_note(note)
    return answered, url
