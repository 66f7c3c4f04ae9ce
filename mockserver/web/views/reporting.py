"""The view of the report: what was deleted in this world, by which requests; also as a file."""

from __future__ import annotations

from ...http.exchange import in_thread, when_prepared
from ...insight.deletion_report import report_deletions, report_page, report_value
from ...rendering import render_markdown, render_page
from ..exchange import Download, PageRequest, View

_MAX_ROWS = 50


async def show_report(request: PageRequest) -> View | Download:
    """The report of this world; `save=html` or `save=md` is a file."""
    world = request.world
    after = await when_prepared(world.store.fork)
    before = after if world.before is None else await when_prepared(world.before.fork)
    totals, dialect, now = world.totals.copy(), world.settings.dialect, world.now()
    found = await in_thread(report_deletions, before, after, totals, dialect, now)
    page = report_page(found, most=_MAX_ROWS)
    if request.field("save") == "html":
        return Download(render_page(page), "text/html", "deletion-report.html")
    if request.field("save") == "md":
        return Download(render_markdown(page), "text/markdown", "deletion-report.md")
    history = request.history
    shown = {"page": page, "can_undo": len(history.done), "can_redo": len(history.undone)}
    return View("report", report_value(found), shown)
