"""The view of a filter: the body and the form of a bulk_delete, and what it would take."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ...errors import UsageError, to_single_line
from ...http.exchange import in_thread, when_prepared
from ...insight.explanation import (
    Explanation,
    FilterRefused,
    count_filter,
    explain,
    explanation_page,
    explanation_value,
)
from ...prefect import StateType
from ...rendering import Page
from ..exchange import PageRequest, View, filter_text, share_address
from .copying import copies_of
from .filter_form import CANNOT_SAY, CRITERIA

EMPTY = filter_text({"flow_runs": {}})
MAX_FILTERS = 20
"""Most protected filters, and most runs, of one view; as many as the control API explains."""
_MAX_ROWS = 50
_TABLES = "what goes, by"  # a section of the page of an explanation: here it has bars


async def show_filter(request: PageRequest) -> View:
    """What a filter would take, and why; nothing is deleted.

    `part=count` shows how many alone, which is quick; `part=result` why. Without either, a page
    about many runs leaves the reasons to its script.
    """
    wanted = request.part if request.wants_html else "result"
    shown: dict[str, Any] = {"count": None, "found": None, "problems": ()}
    errors: dict[str, str | None] = {"error": None, "reasons_error": None}
    value: dict[str, Any] = {}
    try:
        if wanted != "result":
            shown["count"] = await _count(request)
        if wanted == "result" or not (wanted or request.world.store.is_large):
            found = await _explain(request)
            value = explanation_value(found)
            shown |= _explained(found)
    except UsageError as error:
        problems = error.problems if isinstance(error, FilterRefused) else ()
        errors["reasons_error" if shown["count"] else "error"] = str(error)
        shown["problems"] = problems
        value = {"detail": str(error), "problems": list(map(asdict, problems))}
    status = 422 if "detail" in value and not request.wants_html else 200
    return View("filter", value, {**_form(request), **shown, **errors}, status, ("count", "result"))


def _form(request: PageRequest) -> dict[str, Any]:
    filter_ = request.field("filter").strip() or EMPTY
    return {
        "filter": filter_,
        "protect": request.all_of("protect"),
        "runs": _listed(request, "run"),
        "criteria": CRITERIA,
        "cannot_say": CANNOT_SAY,
        "state_types": [one.value for one in StateType],
        "copies": copies_of(filter_, request.url),
        "share": share_address(request.url, "/page/filter", filter_),
        "is_large": request.world.store.is_large,
    }


async def _count(request: PageRequest) -> dict[str, Any]:
    world = request.world
    filter_ = request.field("filter").strip() or EMPTY
    found = await when_prepared(
        count_filter, world.store, filter_, world.settings.dialect, world.now()
    )
    return {
        "condition": to_single_line(found.sentence, 2_000),
        "warnings": [asdict(one) for one in found.warnings],
        "failure": found.failure,
        "flow_runs": found.total,
        "selected": found.matching,
        "limit": found.limit,
        "calls": found.calls,
    }


async def _explain(request: PageRequest) -> Explanation:
    """Explain the filter in a thread, on a copy of the world. Raises UsageError."""
    world = request.world
    protect, runs = request.all_of("protect"), _listed(request, "run")
    for name, given in (("protect", protect), ("run", runs)):
        if len(given) > MAX_FILTERS:
            raise UsageError(f"{name} has {len(given):,} values; expected up to {MAX_FILTERS}")
    store = await when_prepared(world.store.fork)
    return await in_thread(
        explain,
        store,
        request.field("filter").strip() or EMPTY,
        world.settings.dialect,
        world.now(),
        protect=protect,
        runs=runs,
    )


def _listed(request: PageRequest, name: str) -> list[str]:
    """The values of a field in which each line is a value."""
    lines = (line.strip() for value in request.all_of(name) for line in value.splitlines())
    return [line for line in lines if line]


def _explained(found: Explanation) -> dict[str, Any]:
    page: Page = explanation_page(found, most=_MAX_ROWS)
    sections = [one for one in page.sections if one.name != _TABLES]
    tables = found.tables if found.matching else ()
    return {"found": found, "page": page, "sections": sections, "tables": tables}
