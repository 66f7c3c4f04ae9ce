"""The view of the workspace: how many flow runs there are of each kind, and the runs, in pages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...filters import Predicate
from ...http.exchange import in_thread, when_prepared
from ...insight.explanation import (
    Row,
    Table,
    filter_argument,
    filter_predicate,
    make_tables,
    table_value,
)
from ...operations import Context, flow_run_reply, sort_by
from ...prefect import FlowRun
from ...requests import FlowRunSort
from ...store import Store
from ...worlds import World
from ..exchange import MAX_ADDRESS, PageRequest, View, add_to_filter, view_address
from .choices import choose

PAGE_SIZE = 50
MAX_PAGE = 1_000_000
_FOUND_BY_SEARCH = 400
"""So many runs with the highest ids are found without an order; as `operations.queries` has it."""
_ROWS = 8  # bars of a table; the JSON has all that it has


@dataclass(frozen=True, slots=True)
class Bar:
    """A row of a table, and the address of its runs; None where no filter can say which."""

    row: Row
    address: str | None


async def show_workspace(request: PageRequest) -> View:
    """Counts by state, flow and so on, and a page of the runs, of those that a filter selects.

    `part=tables` shows the counts alone; a page about many runs leaves them to its script. Raises
    UsageError for a filter that is refused, and other fields that are wrong.
    """
    world, given = request.world, _filter(request)
    predicate = filter_predicate(given, world.settings.dialect, world.now(), "the filter")
    part = request.part if request.wants_html else ""
    store = await when_prepared(world.store.fork)
    value: dict[str, Any] = {"filter": given, "flow_runs": len(store)}
    shown: dict[str, Any] = {
        "filter": given,
        "total": len(store),
        "tables": None,
        "runs": None,
        "clear": view_address(request.root, "/", {}),
        "look": view_address(request.root, "/page/filter", given),
    }
    is_late = request.wants_html and store.is_large and not part
    if part == "tables" or not is_late:
        tables = await in_thread(make_tables, store, predicate, world.now())
        value["tables"] = {table.title: table_value(table) for table in tables}
        shown["tables"] = [(table, _bars(request, given, table)) for table in tables]
    if not part:
        listed = await _runs(request, store, predicate)
        shown |= listed
        runs = () if request.wants_html else listed["runs"]
        value |= {
            "selected": listed["selected"],
            "page": listed["page"],
            "runs": [flow_run_reply(run, store, world.now()) for run in runs],
        }
    return View("workspace", value, {**shown, "rows": _ROWS, **_sources(request)}, 200, ("tables",))


def _filter(request: PageRequest) -> Mapping[str, Any]:
    """The filter of the address, without the body around it. Raises UsageError."""
    argument = filter_argument(request.field("filter").strip() or "{}")
    body: Any = json.loads(argument.message.body)
    found: Mapping[str, Any] = body.get("flow_runs") or {}
    return found


def _bars(request: PageRequest, given: Mapping[str, Any], table: Table) -> list[Bar]:
    now = request.world.now()
    bars = []
    for row in table.rows[:_ROWS]:
        wider = add_to_filter(given, table.title, row, now)
        address = "" if wider is None else view_address(request.root, "/", wider)
        bars.append(Bar(row, address if 0 < len(address) <= MAX_ADDRESS else None))
    return bars


async def _runs(request: PageRequest, store: Store, predicate: Predicate) -> dict[str, Any]:
    """A page of the runs, and what is around it. Raises UsageError."""
    sort = choose("sort", request.field("sort") or FlowRunSort.ID_DESC, list(FlowRunSort))
    page = request.number("page", 0, MAX_PAGE)
    selected = await when_prepared(store.count, predicate)
    runs = await when_prepared(_page, request.world, store, predicate, sort, page)
    return {
        "runs": runs,
        "selected": selected,
        "sort": sort,
        "sorts": list(FlowRunSort),
        "page": page,
        "pages": -(-selected // PAGE_SIZE),
        "flows": {run.flow_id: store.flows.get(run.flow_id) for run in runs},
    }


def _page(world: World, store: Store, predicate: Predicate, sort: str, page: int) -> list[FlowRun]:
    start, stop = page * PAGE_SIZE, (page + 1) * PAGE_SIZE
    if sort == FlowRunSort.ID_DESC and stop <= _FOUND_BY_SEARCH:
        return store.select(predicate, stop)[start:]
    context = Context(store, world.settings.dialect, world.now(), world.new_id)
    return store.page(predicate, sort_by(context, sort), start, stop)


def _sources(request: PageRequest) -> dict[str, Any]:
    """The address of the tables alone, and of the pages beside this one without their numbers."""
    filter_ = request.field("filter")
    here = {"filter": filter_} if filter_ else {}
    sort = request.field("sort")
    return {
        "tables_source": request.address("/", **here, part="tables"),
        "sort_source": request.address("/", **here),
        "page_source": request.address("/", **here, **({"sort": sort} if sort else {})),
    }
