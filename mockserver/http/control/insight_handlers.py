"""The control API's handlers for insight: what a filter would delete, and what was deleted.

Each takes a `ControlRequest` and returns a status and a value. Its name is the operationId in
control.yaml. The work is done in a thread, on a copy of the world, while others are answered.
"""

from __future__ import annotations

from typing import Any

from ...errors import UsageError, to_single_line
from ...insight.deletion_report import report_deletions, report_page, report_value
from ...insight.explanation import explain as explain_filter
from ...insight.explanation import explanation_page, explanation_value
from ...insight.related_explanation import KINDS, explain_related, related_page, related_value
from ...rendering import Page, render_page
from ..exchange import HtmlText, in_thread
from .control_request import ControlRequest, require_text

MAX_FILTERS = 20
"""Most protected filters, and most flow runs, of one explanation; chosen."""
_MAX_ROWS = 50
_FLOW_RUNS = "flow_runs"


async def report(request: ControlRequest) -> tuple[int, Any]:
    """Return what requests deleted, by which filters, and what is left."""
    world = request.world
    after, totals, now = world.store.fork(), world.totals.copy(), world.now()
    before = after if world.before is None else world.before.fork()
    found = await in_thread(report_deletions, before, after, totals, world.settings.dialect, now)
    return 200, _in_form(request, report_page(found, most=_MAX_ROWS), report_value(found))


async def explain(request: ControlRequest) -> tuple[int, Any]:
    """Return what a bulk_delete would delete, and why; nothing is deleted. Raises UsageError."""
    fields = request.body_fields("filter", "of", "protect", "runs")
    if "filter" not in fields:
        raise UsageError("filter is missing; expected a filter, or the body of a bulk_delete")
    of = require_text("of", fields.get("of", _FLOW_RUNS))
    if of != _FLOW_RUNS:
        return await _explain_related(request, fields, of)
    world = request.world
    found = await in_thread(
        explain_filter,
        world.store.fork(),
        fields["filter"],
        world.settings.dialect,
        world.now(),
        protect=_short_list(fields, "protect", dict),
        runs=_short_list(fields, "runs", str),
    )
    page = explanation_page(found, most=_MAX_ROWS)
    return 200, _in_form(request, page, explanation_value(found))


async def _explain_related(
    request: ControlRequest, fields: dict[str, Any], kind: str
) -> tuple[int, Any]:
    """Return what a bulk delete of flows or deployments would delete. Raises UsageError."""
    if kind not in KINDS:
        expected = ", ".join((_FLOW_RUNS, *KINDS))
        raise UsageError(f"of is {to_single_line(kind, 50)!r}; expected one of {expected}")
    if "runs" in fields:
        raise UsageError(f"runs are explained one by one of flow_runs, not of {kind}")
    world = request.world
    found = await in_thread(
        explain_related,
        world.store.fork(),
        fields["filter"],
        kind,
        world.settings.dialect,
        world.now(),
        protect=_short_list(fields, "protect", dict),
    )
    return 200, _in_form(request, related_page(found, most=_MAX_ROWS), related_value(found))


def _short_list(fields: dict[str, Any], name: str, kind: type) -> list[Any]:
    value = fields.get(name, [])
    if not isinstance(value, list) or len(value) > MAX_FILTERS:
        raise UsageError(f"{name} is no list of up to {MAX_FILTERS}")
    for one in value:
        if not isinstance(one, kind):
            expected = "text" if kind is str else "object"
            raise UsageError(f"{name} has a {type(one).__name__}; expected each to be {expected}")
    return value


def _in_form(request: ControlRequest, page: Page, value: dict[str, Any]) -> Any:
    """The page for a browser, the JSON value for all others."""
    wants_page = "text/html" in request.http_request.headers.get("Accept", "")
    return HtmlText(render_page(page)) if wants_page else value
