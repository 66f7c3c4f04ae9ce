"""Random requests that list, count, page and sum the records of a workspace."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from mockserver.requests.query_bodies import FlowRunSort, NamedSort, TaskRunSort
from random_filters import CRITERIA, SIDE_CRITERIA, Json, Values, draw_filter, shift_time
from tests.support.list_cases import FINISHED_RUNS, Workspace

FormatReference = Callable[[str, int, str], str]
"""(collection, place in it, field) -> how a body refers to the value."""

ALL_FILTERS = ("flows", "flow_runs", "task_runs", "deployments", "work_pools", "work_pool_queues")
_TIMES = ("start_time", "end_time", "expected_start_time", "next_scheduled_start_time")


@dataclass(frozen=True)
class ListEndpoint:
    """An endpoint: its filters, its other parameters, and how often it is drawn (`weight`)."""

    path: str
    filters: Sequence[str]
    weight: int
    parameters: Callable[[Random, Values], dict[str, Json]] = lambda _, __: {}


def _page_parameters(sorts: Sequence[str]) -> Callable[[Random, Values], dict[str, Json]]:
    def draw(random: Random, _values: Values) -> dict[str, Json]:
        drawn: dict[str, Json] = {}
        if random.random() < 0.8:
            drawn["sort"] = random.choice(sorts)
        if random.random() < 0.4:
            drawn["limit"] = random.choice((0, 1, 2, 3, 7, 20, 200))
        if random.random() < 0.3:
            drawn["offset"] = random.choice((0, 1, 2, 5, 13, 1000))
        return drawn

    return draw


def _draw_paginate_parameters(random: Random, _values: Values) -> dict[str, Json]:
    drawn: dict[str, Json] = {"limit": random.choice((0, 1, 3, 7, 20, 200))}
    if random.random() < 0.7:
        drawn["sort"] = random.choice(list(FlowRunSort))
    if random.random() < 0.7:
        drawn["page"] = random.choice((1, 2, 3, 9))
    return drawn


def _draw_history_parameters(random: Random, values: Values) -> dict[str, Json]:
    """A history of years, or of a few seconds around the expected start of a run."""
    if random.random() < 0.5:
        years = random.choice((1, 30, 40))
        start = random.choice(("1999-12-31T00:00:00+00:00", "2024-02-29T13:00:00.5+01:00"))
        seconds = years * random.choice((31_557_600, 3_000_000, 63_000_000.5))
        end = datetime.fromisoformat(start) + timedelta(days=years * 365.25)
        return _history_parameters(start, end.isoformat(), seconds)
    moment = random.choice(values.times)
    seconds = random.choice((1, 1, 1.5, 2, 3600))
    apart = random.choice(
        (0, 1, -1, 400, -400, 600, -600)
    )  # microseconds from an edge of an interval
    before = int(seconds * 1_000_000) * random.choice((0, 1, 3)) + apart
    return _history_parameters(
        shift_time(moment, -before),
        shift_time(moment, random.choice((-before, -apart, 0, 400, 1_000_001, 9_000_000))),
        seconds,
    )


def _history_parameters(start: str, end: str, seconds: float) -> dict[str, Json]:
    return {
        "history_start": start,
        "history_end": end,
        "history_interval_seconds": seconds,
    }


_FLOW_LIST_FILTERS = ("flows", "flow_runs", "task_runs", "deployments", "work_pools")
_TASK_RUN_LIST_FILTERS = ("flows", "flow_runs", "task_runs", "deployments")
_HISTORY_FILTERS = (*_FLOW_LIST_FILTERS, "work_queues")
LIST_ENDPOINTS = (
    ListEndpoint("/flow_runs/filter", ALL_FILTERS, 12, _page_parameters(list(FlowRunSort))),
    ListEndpoint("/flow_runs/count", ALL_FILTERS, 3),
    ListEndpoint("/flow_runs/paginate", ALL_FILTERS, 3, _draw_paginate_parameters),
    ListEndpoint("/flow_runs/lateness", ALL_FILTERS, 2),
    ListEndpoint("/flow_runs/history", _HISTORY_FILTERS, 2, _draw_history_parameters),
    ListEndpoint("/flows/filter", _FLOW_LIST_FILTERS, 6, _page_parameters(list(NamedSort))),
    ListEndpoint("/flows/count", _FLOW_LIST_FILTERS, 2),
    ListEndpoint(
        "/task_runs/filter", _TASK_RUN_LIST_FILTERS, 6, _page_parameters(list(TaskRunSort))
    ),
    ListEndpoint("/task_runs/count", _TASK_RUN_LIST_FILTERS, 2),
    ListEndpoint("/deployments/filter", ALL_FILTERS, 6, _page_parameters(list(NamedSort))),
    ListEndpoint("/deployments/count", ALL_FILTERS, 2),
)
_COLLECTIONS = {"work_pool_queues": "work_queues"}
_CRITERIA = {"flow_runs": CRITERIA, **SIDE_CRITERIA}
_WEIGHTS = [listing.weight for listing in LIST_ENDPOINTS]


def draw_list_request(random: Random, values: Mapping[str, Values]) -> tuple[str, dict[str, Json]]:
    """Draw a path and a body; `values` are those of the workspace, by collection."""
    (listing,) = random.choices(LIST_ENDPOINTS, _WEIGHTS)
    own = listing.path.split("/")[1]
    body = listing.parameters(random, values[own])
    # Several random filters rarely match the same records, so most bodies have one or two.
    among = [*listing.filters, own, own]
    for name in random.choices(among, k=random.choice((0, 1, 1, 1, 1, 2, 2, 3))):
        collection = _COLLECTIONS.get(name, name)
        drawn = draw_filter(random, values[collection], _CRITERIA[collection])
        body[name] = None if random.random() < 0.03 else drawn
    if random.random() < 0.05:
        name = random.choice(("work_queues", "work_pool_queues", "work_pools", "flow_run"))
        body.setdefault(name, None if name in listing.filters else {"unknown": 1})
    if listing.path.endswith(("/lateness", "/history")) and random.random() < 0.6:
        body["flow_runs"] = FINISHED_RUNS
    return listing.path, body


def workspace_values(
    workspace: Workspace, refer: FormatReference | None = None
) -> dict[str, Values]:
    """The values of a workspace by collection, with ids and times as `refer` formats them.

    Without `refer` they are the values themselves, which are then drawn in all formats.
    """
    return {name: _collection_values(workspace, name, refer) for name in workspace}


def _collection_values(workspace: Workspace, name: str, refer: FormatReference | None) -> Values:
    def column(key: str) -> list[Any]:
        return [record[key] for record in workspace[name] if record.get(key) is not None]

    def ids(collection: str, key: str) -> list[str]:
        if refer is None:
            return [record[key] for record in workspace[collection] if record.get(key)]
        places = enumerate(workspace[collection])
        return [refer(collection, place, key) for place, record in places if record.get(key)]

    times = [time for key in _TIMES for time in ids(name, key)]
    names = column("name")
    if name == "deployments":  # flow_or_deployment_name.like_ matches these, too
        names += [flow["name"] for flow in workspace["flows"]]
    return Values(
        ids=ids(name, "id"),
        task_run_ids=ids(name, "parent_task_run_id"),
        deployment_ids=ids(name, "deployment_id"),
        creator_ids=[creator["id"] for creator in column("created_by")],
        names=names,
        tags=[tag for tags in column("tags") for tag in tags],
        queues=[queue["name"] for queue in workspace["work_queues"]],
        state_names=column("state_name"),
        versions=column("flow_version"),
        keys=column("idempotency_key"),
        times=times if refer else [datetime.fromisoformat(time) for time in times],
        flow_run_ids=ids("flow_runs", "id"),
        types=column("type"),
    )


def format_reference(collection: str, place: int, field: str) -> str:
    """A reference that is valid in every workspace (see list_cases.py)."""
    return f"{{{collection}.{place}.{field}}}"
